using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using XLstm.Classification;
using XLstm.Cli.Runs;
using XLstm.Training;

namespace XLstm.Cli.Commands;

/// <summary>xlstm classify evaluate: one configuration on sets of the UCR and UEA archives, beside published results.</summary>
internal sealed class ClassifyEvaluateCommand : DocumentedCommand
{
    private static readonly string[] s_published = ["FCN", "ResNet", "MLP", "InceptionTime", "HC2"];

    private readonly Argument<string> _folder = new("DIR") { Description = "A folder with NAME_TRAIN and NAME_TEST files, .ts or .tsv, in it or in folders below." };
    private readonly Option<string[]> _sets = new("--sets") { HelpName = "NAME", Description = "Only these sets.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<int> _seeds = Commands.Options.Number("--seeds", "N", "Trainings of each set, with the seeds 1 to N.", 1, 1, 1000);
    private readonly Option<long?> _steps = Commands.Options.OptionalNumber("--steps", "N", "Updates of each training. [default: as \"classify train\"]", 1L);
    private readonly Option<int> _threads = Commands.Options.Threads(0);

    public ClassifyEvaluateCommand(Streams streams, CancellationToken cancellation)
        : base("evaluate", "Train on sets of the UCR archive with one configuration, beside published results.", streams, cancellation)
    {
        Add(_folder);
        foreach (Option option in new Option[] { _sets, _seeds, _steps, _threads })
            Add(option);
    }

    public override string Examples =>
        """
          xlstm classify evaluate UCR --seeds 3
          xlstm classify evaluate UCR --sets GunPoint ArrowHead
        """;

    public override string Notes =>
        """
          The archives: https://www.timeseriesclassification.com. Accuracy on the test part, which takes no part in the
          training; FCN, ResNet and MLP as Ismail Fawaz and others (2019) report them, means over their runs.
        """;

    protected override int Execute(ParseResult parse)
    {
        string folder = parse.GetRequiredValue(_folder);
        if (!Directory.Exists(folder))
            throw new CommandError($"{folder}: there is no such folder.");
        (string Name, string Train, string Test)[] sets = Sets(folder, parse.GetValue(_sets) ?? []);
        // A set that cannot be read is told before hours have gone into those before it.
        foreach ((_, string train, string test) in sets)
            Read(train, test);
        int seeds = parse.GetValue(_seeds), threads = parse.GetValue(_threads);
        Streams.Out.WriteLine($"{"",-24}{"ours",7}{"+-",7}{"minutes",9}{string.Concat(s_published.Select(m => m.PadLeft(Math.Max(8, m.Length + 2))))}");
        var means = new List<double>();
        foreach ((string name, string train, string test) in sets)
        {
            (SequenceData learned, SequenceData measured) = Read(train, test);
            var scores = new List<double>();
            var watch = Stopwatch.StartNew();
            for (int seed = 1; seed <= seeds; seed++)
            {
                using var progress = new WorkProgress(Streams, $"{name}, seed {seed}");
                SequenceClassifier classifier = SequenceClassifier.Fit(
                    learned, new SequenceOptions(Steps: parse.GetValue(_steps), Seed: (ulong)seed), Report, threads, Cancellation);
                scores.Add(ClassificationScore.Of(measured.Labels!, [.. classifier.Predict(measured.Series, threads, Cancellation).Select(p => p.Label)]).Accuracy);

                void Report(RunProgress step) => progress.Report((double)step.Step / Math.Max(1, step.TotalSteps));
            }
            means.Add(scores.Average());
            double deviation = seeds < 2 ? double.NaN : Math.Sqrt(scores.Sum(s => (s - means[^1]) * (s - means[^1])) / (seeds - 1));
            Streams.Out.WriteLine(
                $"{name,-24}{Cell(means[^1]),7}{Cell(deviation),7}{(watch.Elapsed.TotalMinutes / seeds).ToString("F1", CultureInfo.InvariantCulture),9}"
                + string.Concat(s_published.Select(m => Cell(PublishedAccuracy.Find(name, m) ?? double.NaN).PadLeft(Math.Max(8, m.Length + 2)))));
        }
        string[] common = [.. sets.Select(s => s.Name)];
        double?[] published = [.. s_published.Select(m => common.All(s => PublishedAccuracy.Find(s, m) is not null) ? common.Average(s => PublishedAccuracy.Find(s, m)) : null)];
        Streams.Out.WriteLine($"{"mean",-24}{Cell(means.Average()),7}{"",16}" + string.Concat(s_published.Select((m, i) => Cell(published[i] ?? double.NaN).PadLeft(Math.Max(8, m.Length + 2)))));
        return ExitCode.Success;
    }

    private static (SequenceData Learned, SequenceData Measured) Read(string train, string test)
    {
        SequenceData learned = SequenceReader.Read(train), measured = SequenceReader.Read(test);
        if (learned.Labels is null || measured.Labels is null)
            throw new CommandError($"{(learned.Labels is null ? train : test)}: the set has no classes.");
        return learned.Series[0].ChannelCount == measured.Series[0].ChannelCount
            ? (learned, measured)
            : throw new CommandError($"{test}: the series have {measured.Series[0].ChannelCount} channels, expected {learned.Series[0].ChannelCount} as in {train}.");
    }

    private static (string Name, string Train, string Test)[] Sets(string folder, string[] wanted)
    {
        var sets = new List<(string, string, string)>();
        foreach (string train in Directory.EnumerateFiles(folder, "*_TRAIN.ts*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileNameWithoutExtension(train)[..^"_TRAIN".Length], test = train.Replace("_TRAIN.ts", "_TEST.ts", StringComparison.Ordinal);
            if (File.Exists(test) && (wanted.Length == 0 || wanted.Contains(name, StringComparer.OrdinalIgnoreCase)))
                sets.Add((name, train, test));
        }
        if (sets.Count > 0 && wanted.FirstOrDefault(w => !sets.Exists(s => string.Equals(s.Item1, w, StringComparison.OrdinalIgnoreCase))) is { } missing)
            throw new CommandError($"{folder}: there is no set called {missing}.");
        return sets.Count > 0 ? [.. sets] : throw new CommandError($"{folder}: there is no set, such as GunPoint_TRAIN.ts with GunPoint_TEST.ts{(wanted.Length > 0 ? $", called {string.Join(" or ", wanted)}" : "")}.");
    }

    private static string Cell(double value) => double.IsNaN(value) ? "-" : value.ToString("F3", CultureInfo.InvariantCulture);
}
