using System.CommandLine;
using System.Globalization;
using XLstm.Forecasting;

namespace XLstm.Cli.Commands;

/// <summary>xlstm evaluate-forecaster: a forecaster on sets of series, beside baselines and published results.</summary>
internal sealed class EvaluateForecasterCommand : DocumentedCommand
{
    private static readonly string[] s_chronos =
        ["m1_yearly", "m1_quarterly", "m1_monthly", "tourism_yearly", "tourism_quarterly", "tourism_monthly"];

    private static readonly string[] s_published = ["AutoETS", "AutoTheta", "Chronos-Bolt-base", "TiRex", "Theta", "M4 winner (118 ES-RNN)"];

    private readonly Argument<string[]> _sets = new("DATASET")
    {
        Arity = ArgumentArity.ZeroOrMore,
        Description = $"Names of benchmark sets. Without any: all whose files are in the folder. Known: {string.Join(", ", ForecastBenchmark.All.Select(b => b.Name))}.",
    };

    private readonly Option<string> _data = new("--data") { HelpName = "DIR", Description = "The folder with the .tsf files of the Monash archive.", DefaultValueFactory = _ => "." };
    private readonly Option<string?> _model = Commands.Options.Text("--model", "PATH", "A forecaster of this library, or TiRex. [default: the model in the package]");
    private readonly Option<bool> _baselines = Commands.Options.Flag("--baselines", "Compute Theta and exponential smoothing here, too; that takes minutes.");
    private readonly Option<int> _threads = Commands.Options.Threads(0);

    public EvaluateForecasterCommand(Streams streams, CancellationToken cancellation)
        : base("evaluate-forecaster", "Measure a forecaster on benchmark sets, beside published results.", streams, cancellation)
    {
        Add(_sets);
        foreach (Option option in new Option[] { _data, _model, _baselines, _threads })
            Add(option);
    }

    public override string Examples =>
        """
          xlstm evaluate-forecaster --data monash                  every known set whose file is in ./monash
          xlstm evaluate-forecaster m1_yearly --data monash        one set
          xlstm evaluate-forecaster --data monash --model my.safetensors --baselines
        """;

    public override string Notes =>
        """
          The files: Monash Time Series Forecasting Archive, https://forecastingdata.org (m1_yearly_dataset.tsf, ...).
          One window, the last values of each series, as in the Chronos benchmark and the M4 competition; US births in 20
          windows, as in GIFT-Eval. The model is told the season where the set has one, and looks for it otherwise.
          WQL, relative: divided by that of the seasonal naive point forecast, as the Chronos benchmark does.
        """;

    protected override int Execute(ParseResult parse)
    {
        string folder = parse.GetRequiredValue(_data);
        if (!Directory.Exists(folder))
            throw new CommandError($"{folder}: there is no such folder. Name the one with the .tsf files: --data DIR");
        IReadOnlyList<ForecastBenchmark> benchmarks = Chosen(parse.GetValue(_sets) ?? [], folder);
        Forecaster forecaster = parse.GetValue(_model) is { } path ? Forecaster.Load(path) : Forecaster.Default;
        int threads = parse.GetValue(_threads);
        bool baselines = parse.GetValue(_baselines);

        var relative = new Dictionary<string, List<(string Set, double Mase, double Wql)>>(StringComparer.Ordinal);
        var coverage = new List<double>();
        foreach (ForecastBenchmark benchmark in benchmarks)
        {
            EvaluationSet set = benchmark.Load(folder);
            int m = benchmark.Season;
            Streams.Out.WriteLine($"{set.Name}: {Report.Count(set.Series.Count)} series, {set.Horizon} steps ahead, season {m}");
            Streams.Out.WriteLine($"  {"",-26}{"MASE",9}{"WQL",9}{"sMAPE",9}{"OWA",8}{"80% holds",11}");
            EvaluationResult naive2 = Measure(Baselines.Naive2(m), set), seasonal = Measure(Baselines.SeasonalNaive(m), set);
            EvaluationResult ours = Measure(forecaster.With(new ForecastOptions(m > 1 ? m : null, Threads: threads)), set);
            coverage.Add(ours.Coverage80);
            List<EvaluationResult> results = [ours, seasonal];
            if (baselines)
                results.AddRange([Measure(Baselines.Theta(m), set), Measure(Baselines.OptimizedTheta(m), set), Measure(Baselines.ExponentialSmoothing(m), set)]);
            foreach (EvaluationResult result in results)
            {
                Write(result.Forecaster, result.Mase, result.Wql, result.Smape, result.Owa(naive2), result.Coverage80);
                (double mase, double wql) = result.RelativeTo(seasonal);
                if (!relative.TryGetValue(result.Forecaster, out List<(string, double, double)>? of))
                    relative.Add(result.Forecaster, of = []);
                of.Add((set.Name, mase, wql));
            }
            foreach (PublishedScore score in PublishedScore.All.Where(s => s.Set == set.Name && s_published.Contains(s.Method, StringComparer.Ordinal)))
                Write($"{score.Method}, {score.Source}", score.Mase, score.Wql, score.Smape, score.Owa, null);
            Streams.Out.WriteLine();
        }
        Summarize(relative, benchmarks, coverage);
        return ExitCode.Success;
    }

    private static List<ForecastBenchmark> Chosen(string[] names, string folder)
    {
        List<ForecastBenchmark> chosen = [.. names.Select(name => ForecastBenchmark.All.FirstOrDefault(b => string.Equals(b.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? throw new UsageMistake($"{name} is no benchmark set; there are {string.Join(", ", ForecastBenchmark.All.Select(b => b.Name))}."))];
        if (chosen.Count == 0)
            chosen = [.. ForecastBenchmark.All.Where(b => Directory.EnumerateFiles(folder, b.File, SearchOption.AllDirectories).Any())];
        return chosen.Count > 0 ? chosen : throw new CommandError($"{folder}: no file of a benchmark set is in there, such as {ForecastBenchmark.All[0].File}. Get them from https://forecastingdata.org, and name the folder: --data DIR");
    }

    private EvaluationResult Measure(IForecaster forecaster, EvaluationSet set) => ForecastEvaluator.Evaluate(forecaster, set, batch: 256, cancellation: Cancellation);

    private void Write(string name, double? mase, double? wql, double? smape, double? owa, double? coverage) => Streams.Out.WriteLine(
        $"  {name,-26}{Cell(mase, "F3"),9}{Cell(wql, "F4"),9}{Cell(smape, "F3"),9}{Cell(owa, "F3"),8}{Cell(coverage * 100, "F1"),10}{(coverage is null ? "" : "%")}");

    private void Summarize(Dictionary<string, List<(string Set, double Mase, double Wql)>> relative, IReadOnlyList<ForecastBenchmark> benchmarks, List<double> coverage)
    {
        string[] six = [.. s_chronos.Where(name => benchmarks.Any(b => b.Name == name))];
        if (six.Length > 0)
        {
            Streams.Out.WriteLine($"Relative to the seasonal naive forecast, geometric means over {string.Join(", ", six)}:");
            Streams.Out.WriteLine($"  {"",-26}{"MASE",9}{"WQL",9}");
            foreach ((string name, List<(string Set, double Mase, double Wql)> of) in relative)
            {
                (string Set, double Mase, double Wql)[] counted = [.. of.Where(r => six.Contains(r.Set, StringComparer.Ordinal))];
                Write(name, ForecastMetrics.GeometricMean(counted.Select(r => r.Mase)), ForecastMetrics.GeometricMean(counted.Select(r => r.Wql)), null, null, null);
            }
            foreach (string method in s_published[..4])
            {
                (double mase, double wql) = PublishedScore.Relative("chronos", method, six);
                Write($"{method}, published", mase, wql, null, null, null);
            }
        }
        if (six.Length > 0)
            Streams.Out.WriteLine("WQL is divided by that of the seasonal naive point forecast, as in the Chronos benchmark; with intervals of its own it has less than 1.");
        Streams.Out.WriteLine($"The model's 80% intervals hold {(coverage.Average() * 100).ToString("F1", CultureInfo.InvariantCulture)}% of the values, the mean over {coverage.Count} {(coverage.Count == 1 ? "set" : "sets")}.");
    }

    private static string Cell(double? value, string format) => value is { } number ? number.ToString(format, CultureInfo.InvariantCulture) : "";
}
