using System.CommandLine;
using System.Globalization;
using XLstm.Cli.Plotting;
using XLstm.Cli.Runs;
using XLstm.Experiments;
using XLstm.Training;

namespace XLstm.Cli.Commands;

/// <summary>xlstm experiment: the claims of the paper, checked on this machine.</summary>
internal sealed class ExperimentCommand : DocumentedCommand
{
    private readonly Argument<string?> _name = new("NAME") { Arity = ArgumentArity.ZeroOrOne, Description = "The experiment; without one, all there are are listed." };
    private readonly Option<bool> _list = Commands.Options.Flag("--list", "List the experiments.");
    private readonly Option<string[]> _models = new("--model")
    {
        HelpName = "NAME",
        Description = "Models to compare: a pattern of mLSTM to sLSTM blocks (0:1, 1:0, 1:1), lstm, lstm-residual, lstm-up or transformer. [default: those of the experiment]",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string> _seeds = new("--seeds") { HelpName = "N,N,...", Description = "A run for each, of weights and of data.", DefaultValueFactory = _ => "1" };
    private readonly Option<string> _out = new("--out") { HelpName = "DIR", Description = "Where runs and results go; what is there is gone on with.", DefaultValueFactory = _ => "experiments" };
    private readonly Option<string?> _data = new("--data") { HelpName = "PATH", Description = "The text of experiments that learn from one." };
    private readonly Option<string> _setting = new("--setting") { HelpName = "laptop|published", Description = "Sizes and rates.", DefaultValueFactory = _ => "laptop" };
    private readonly Option<long?> _steps = Commands.Options.OptionalNumber("--steps", "N", "Updates of a run. [default: those of the setting]", 1L);
    private readonly Option<double?> _minutes = Commands.Options.OptionalNumber("--minutes", "M", "Train each for so long, whatever its steps: what is reached in the same time.", double.Epsilon, 1e6);
    private readonly Option<double?> _rate = Commands.Options.OptionalNumber("--learning-rate", "R", "Largest rate. [default: that of the setting]", double.Epsilon, 1.0);
    private readonly Option<int> _threads = Commands.Options.Threads(0);

    public ExperimentCommand(Streams streams, CancellationToken cancellation)
        : base("experiment", "Check a claim of the xLSTM paper on this machine: train models on a task and compare them.", streams, cancellation)
    {
        Add(_name);
        foreach (Option option in new Option[] { _list, _models, _seeds, _data, _out, _setting, _steps, _minutes, _rate, _threads })
            Add(option);
    }

    public override string Examples =>
        """
          xlstm experiment --list                               what there is
          xlstm experiment parity                               sLSTM solves it at every length, mLSTM does not
          xlstm experiment s3 --model 0:1 --seeds 1,2,3         one model, three runs
          xlstm experiment mqar-64-4 --model 1:0 lstm           recall, beside a plain LSTM
        """;

    public override string Notes =>
        """
          DIR/NAME/results.json has the results; pictures: accuracy.svg (or loss.svg) by length, curve.svg over time.
          They are those of the models and seeds of the last command. It can be stopped at any time and repeated:
          finished runs are kept, others go on from where they were, to the same results; what --minutes reaches
          depends on the machine.
          lstm and transformer have as many parameters as xLSTM[1:1]; docs/experiments.md has what is known of each.
        """;

    protected override int Execute(ParseResult parse)
    {
        if (parse.GetValue(_name) is not { } name || parse.GetValue(_list))
        {
            ExperimentTable.List(Streams.Out);
            return ExitCode.Success;
        }
        if (string.Equals(name, LengthCostText.Name, StringComparison.OrdinalIgnoreCase))
            return MeasureCost(parse);
        Experiment experiment = Usage(() => Experiment.Find(name));
        ExperimentSetting setting = Setting(parse, experiment);
        string[] models = Models(parse, experiment.Models, setting);
        ulong[] seeds = Seeds(parse.GetRequiredValue(_seeds));
        string directory = Folder(parse, experiment.Name);
        Streams.Out.WriteLine($"{experiment.Name}: {experiment.Shows}");
        Streams.Out.WriteLine($"{setting.Name} setting: {(setting.Goal > 0 ? "at most " : "")}{(setting.Minutes is { } minutes ? $"{Text(minutes)} {(minutes == 1 ? "minute" : "minutes")}, batches" : $"{Report.Count(setting.Steps)} {(setting.Steps == 1 ? "step" : "steps")}")} of {setting.Batch} sequences, width {setting.Width}, {setting.Blocks} blocks");
        (string Folder, string Model, ulong Seed)[] runs = [.. models.SelectMany(model => seeds.Select(seed => (Path.Combine(directory, ExperimentRun.Folder(model, seed)), model, seed)))];
        foreach ((string folder, string model, ulong seed) in runs)
            Usage(() => ExperimentRun.Check(folder, experiment, model, seed, setting, parse.GetValue(_data)));
        if (runs.All(run => ExperimentRun.Result(run.Folder, experiment, run.Model, run.Seed, setting, parse.GetValue(_data)) is not null))
            Note($"{(runs.Length == 1 ? "the run has" : "all runs have")} ended before: nothing is trained.");
        var results = new List<ExperimentResult>();
        foreach ((string folder, string model, ulong seed) in runs)
        {
            if (Complete(folder, experiment, model, seed, setting, parse.GetValue(_data), parse.GetValue(_threads)) is not { } result)
            {
                Note("stopped; everything is stored. The same command goes on.");
                return ExitCode.Interrupted;
            }
            results.Add(result);
        }
        ExperimentReport report = ExperimentReport.Of(experiment, setting, results, parse.GetValue(_data));
        string file = Path.Combine(directory, "results.json");
        report.Save(file);
        Streams.Out.WriteLine();
        new ExperimentTable(Streams.Out).Write(report);
        Streams.Out.WriteLine();
        Streams.Out.WriteLine($"{file} has the results.");
        SavePlot(() => ExperimentPlot.Save(report, directory));
        return ExitCode.Success;
    }

    private ExperimentResult? Complete(string directory, Experiment experiment, string model, ulong seed, ExperimentSetting setting, string? data, int threads)
    {
        if (ExperimentRun.Result(directory, experiment, model, seed, setting, data) is { } there)
            return there;
        using ExperimentRun run = ExperimentRun.Open(directory, experiment, model, seed, setting, data, threads);
        Streams.Out.WriteLine($"{model}, seed {seed}: {Report.Count(run.ParameterCount)} parameters{ShownTraining.From(run.StepCount)}");
        ExperimentResult? result = null;
        if (ShownTraining.Run(Streams, stepped => result = run.Complete(stepped, Cancellation)))
            Streams.Out.WriteLine("  " + ExperimentTable.Line(result!));
        return result;
    }

    private int MeasureCost(ParseResult parse)
    {
        string directory = Folder(parse, LengthCostText.Name);
        ExperimentSetting setting = LengthCost.Laptop;
        string[] models = Models(parse, LengthCost.Models, setting);
        if (new Option[] { _seeds, _data, _setting, _steps, _minutes, _rate }.FirstOrDefault(o => parse.GetResult(o) is { Implicit: false }) is { } stranger)
            throw new UsageMistake($"{stranger.Name}: {LengthCostText.Name} trains nothing. Leave it out.");
        Directory.CreateDirectory(directory);
        Streams.Out.WriteLine($"{LengthCostText.Name}: {LengthCostText.Shows}");
        Streams.Out.WriteLine($"{setting.Name} setting: width {setting.Width}, {setting.Blocks} blocks");
        LengthCostReport report = LengthCost.Measure(
            models, setting, threads: parse.GetValue(_threads),
            measured: (model, point) => Streams.Out.WriteLine($"  {model,-13}{LengthCostText.Line(point)}"), cancellation: Cancellation);
        string file = Path.Combine(directory, "results.json");
        report.Save(file);
        Streams.Out.WriteLine();
        LengthCostText.Write(report, Streams.Out);
        Streams.Out.WriteLine();
        Streams.Out.WriteLine($"{file} has the results.");
        SavePlot(() => LengthCostPlot.Save(report, directory));
        return ExitCode.Success;
    }

    private ExperimentSetting Setting(ParseResult parse, Experiment experiment)
    {
        ExperimentSetting setting = parse.GetRequiredValue(_setting) switch
        {
            "laptop" => experiment.Laptop,
            "published" => experiment.Published ?? throw new UsageMistake($"{experiment.Name} was published with models that are none for a laptop; expected --setting laptop."),
            var other => throw new UsageMistake($"--setting is {other}; expected laptop or published."),
        };
        if (parse.GetValue(_minutes) is not null && parse.GetValue(_steps) is not null)
            throw new UsageMistake("--minutes and --steps are both given; expected one of them.");
        return setting with { Minutes = parse.GetValue(_minutes), Steps = parse.GetValue(_steps) ?? setting.Steps, LearningRate = parse.GetValue(_rate) ?? setting.LearningRate };
    }

    // All of them are looked at before the first is trained.
    private string[] Models(ParseResult parse, IReadOnlyList<string> usual, ExperimentSetting setting)
    {
        string[] models = [.. (parse.GetValue(_models) is { Length: > 0 } given ? given : usual).Distinct(StringComparer.Ordinal)];
        foreach (string model in models)
            Usage(() => Experiment.CheckModel(model, setting));
        return models;
    }

    private string Folder(ParseResult parse, string experiment) => parse.GetRequiredValue(_out) is { Length: > 0 } folder
        ? Path.Combine(folder, experiment) : throw new UsageMistake($"{_out.Name} expects a folder.");

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);

    private static void Usage(Action check) => Usage(() =>
    {
        check();
        return true;
    });

    private static T Usage<T>(Func<T> value)
    {
        try
        {
            return value();
        }
        catch (ArgumentException e)
        {
            throw new UsageMistake(Failure.Describe(e));
        }
    }

    private static ulong[] Seeds(string list) =>
        [.. list.Split(',', StringSplitOptions.TrimEntries).Select(s => ulong.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed) ? seed : throw new UsageMistake($"--seeds is {list}; expected whole numbers such as 1,2,3.")).Distinct()];

    private void SavePlot(Action save)
    {
        try
        {
            save();
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            Note($"no picture of the results on this machine ({e.GetBaseException().Message.Split(". ")[0]}).");
        }
    }
}
