using System.CommandLine;
using System.Globalization;
using XLstm.Cli.Runs;
using XLstm.Forecasting;
using XLstm.Training;

namespace XLstm.Cli.Commands;

/// <summary>xlstm finetune-forecaster: a forecaster learns the series of a CSV file.</summary>
internal sealed class FineTuneForecasterCommand : DocumentedCommand
{
    private static readonly ForecasterRunOptions s_normal = ForecasterRunOptions.FineTuning;

    private readonly Argument<string?> _file = TableOptions.FileArgument("A CSV file, read as by \"forecast\"");
    private readonly Option<string> _out = new("--out") { HelpName = "DIR", Description = "Where the run and the forecaster go.", DefaultValueFactory = _ => "finetuned" };
    private readonly Option<bool> _resume = Commands.Options.Flag("--resume", "Go on with the run in DIR, exactly where it was stored.");
    private readonly HorizonOption _horizon = new();
    private readonly Option<long> _steps = Commands.Options.Number("--steps", "N", "Updates to make at most.", s_normal.Steps, 1L);
    private readonly Option<int> _patience = Commands.Options.Number("--patience", "N", $"Validations without improvement, one every {s_normal.ValidateEvery} steps, after which it ends; 0 for never.", s_normal.Patience, 0);
    private readonly Option<double> _rate = Commands.Options.Number("--learning-rate", "R", "Largest rate.", s_normal.LearningRate, double.Epsilon, 1.0);
    private readonly Option<ulong> _seed = new("--seed") { HelpName = "N", Description = "Decides which windows of the series are learned from, and when.", DefaultValueFactory = _ => s_normal.Seed };
    private readonly TableOptions _table = new();
    private readonly ForecasterOptions _forecaster = new();
    private readonly Option[] _own;

    public FineTuneForecasterCommand(Streams streams, CancellationToken cancellation)
        : base("finetune-forecaster", "Let a forecaster learn the series of a CSV file.", streams, cancellation)
    {
        Add(_file);
        _own = [_horizon.Option, _steps, _patience, _rate, _seed];
        foreach (Option option in new Option[] { _out, _resume }.Concat(_own).Concat(_table.All).Concat(_forecaster.All))
            Add(option);
    }

    public override string Examples =>
        """
          xlstm finetune-forecaster stores.csv --horizon 28      learn all series of the file, for 28 steps ahead
          xlstm forecast stores.csv --model finetuned            forecast with what was learned
          xlstm finetune-forecaster --resume                     go on after Ctrl-C, a crash or a power cut
        """;

    public override string Notes =>
        """
          The last eighth of each series, at least the horizon and at most a third, is not learned from: on it every
          state of the model is judged, the one at the start included, and the best is kept. One short series
          rarely teaches more than the model knows; many of a kind do.
        """;

    protected override int Execute(ParseResult parse)
    {
        string directory = parse.GetRequiredValue(_out);
        bool resume = parse.GetValue(_resume);
        if (resume && parse.GetValue(_file) is { } strange)
            throw new UsageMistake($"{strange}: a run goes on with the series that it has. Leave the file out, or start another run with --out.");
        Option[] decided = [.. _own, .. _table.All, .. _forecaster.All.Where(o => o.Name != "--threads")];
        if (resume && decided.FirstOrDefault(o => parse.GetResult(o) is { Implicit: false }) is { } stranger)
            throw new UsageMistake($"{stranger.Name}: a run goes on with its own options. Leave it out, or start another run with --out.");
        if (!resume && File.Exists(Path.Combine(directory, "run.json")))
            throw new CommandError($"{directory}: there is a run already. Go on with --resume, or choose another --out.");
        using ForecasterRun run = resume ? ForecasterRun.Resume(directory, _forecaster.Threads(parse)) : Create(parse, directory);
        if (ShownTraining.Run(Streams, run.ParameterCount, run.StepCount, run.Options.Steps, stepped => run.Train(stepped, Cancellation)) is not { } end)
        {
            Note($"stopped after step {run.StepCount}; everything is stored. Go on: xlstm finetune-forecaster --resume --out {directory}");
            return ExitCode.Interrupted;
        }
        Summarize(run, end);
        Streams.Out.WriteLine($"{directory} has the forecaster:  xlstm forecast {parse.GetValue(_file) ?? "FILE"} --model {directory}");
        return ExitCode.Success;
    }

    private ForecasterRun Create(ParseResult parse, string directory)
    {
        string? file = parse.GetValue(_file);
        SeriesTable table = _table.Read(parse, file, Streams);
        int? season = _forecaster.Season(parse, table);
        int horizon = _horizon.Of(parse, table, season);
        Forecaster start = _forecaster.Open(parse, season);
        try
        {
            ForecasterRun run = ForecasterRun.Create(
                directory,
                s_normal with
                {
                    Steps = parse.GetValue(_steps), Patience = parse.GetValue(_patience), LearningRate = parse.GetValue(_rate), Seed = parse.GetValue(_seed),
                    Horizon = horizon, Season = season,
                },
                [.. table.Series.Select(s => s.Values)], start, _forecaster.Threads(parse));
            _table.Tell(parse, file, table, Note);
            _forecaster.Tell(parse, table, season, Note);
            _horizon.Tell(parse, season, horizon, Note);
            return run;
        }
        catch (ArgumentException e)
        {
            throw new CommandError($"{file ?? "the sample"}: {e.Message}");
        }
        catch (NotSupportedException e)
        {
            throw new CommandError(e.Message);
        }
    }

    private void Summarize(ForecasterRun run, RunProgress end)
    {
        double before = run.FirstValidationLoss!.Value, after = end.BestValidationLoss!.Value;
        string share = ((before - after) / before).ToString("P1", CultureInfo.InvariantCulture);
        Streams.Out.WriteLine(after < before
            ? $"On what it did not learn from, its loss was {ProgressText.Number(before)} and is {ProgressText.Number(after)} now: {share} less."
            : $"Nothing that it learned is better on the rest of the series than what it knew (loss {ProgressText.Number(before)}): it forecasts as before.");
    }
}
