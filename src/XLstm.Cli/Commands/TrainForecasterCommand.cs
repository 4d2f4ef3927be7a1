using System.CommandLine;
using XLstm.Cli.Runs;
using XLstm.Forecasting;

namespace XLstm.Cli.Commands;

/// <summary>xlstm train-forecaster: the forecaster of the package, from nothing but a seed.</summary>
internal sealed class TrainForecasterCommand : DocumentedCommand
{
    private static readonly ForecasterRunOptions s_normal = new();

    private readonly Option<string> _out = new("--out") { HelpName = "DIR", Description = "Where the run and the forecaster go.", DefaultValueFactory = _ => "forecaster" };
    private readonly Option<bool> _resume = Commands.Options.Flag("--resume", "Go on with the run in DIR, exactly where it was stored.");
    private readonly Option<long> _steps = Commands.Options.Number("--steps", "N", "Updates to make.", s_normal.Steps, 1L);
    private readonly Option<ulong> _seed = new("--seed") { HelpName = "N", Description = "Decides the weights at the start and every series.", DefaultValueFactory = _ => s_normal.Seed };
    private readonly Option<string> _pattern = new("--pattern") { HelpName = "A:B", Description = "mLSTM to sLSTM blocks.", DefaultValueFactory = _ => s_normal.Pattern };
    private readonly Option<int> _blocks = Commands.Options.Number("--blocks", "N", "Blocks.", s_normal.NumBlocks, 1);
    private readonly Option<int> _dim = Commands.Options.Number("--dim", "N", "Width of the blocks.", s_normal.EmbeddingDim, 1);
    private readonly Option<double> _rate = Commands.Options.Number("--learning-rate", "R", "Largest rate.", s_normal.LearningRate, double.Epsilon, 1.0);
    private readonly Option<int> _threads = Commands.Options.Threads(0);

    public TrainForecasterCommand(Streams streams, CancellationToken cancellation)
        : base("train-forecaster", "Train a forecaster on generated series, as the one in the package was.", streams, cancellation)
    {
        foreach (Option option in new Option[] { _out, _resume, _steps, _seed, _pattern, _blocks, _dim, _rate, _threads })
            Add(option);
    }

    public override string Examples =>
        """
          xlstm train-forecaster --steps 16000                  as the forecaster of the package was made
          xlstm train-forecaster --resume                       go on after Ctrl-C, a crash or a power cut
          xlstm train-forecaster --steps 2000 --out quick       a quick one
          xlstm forecast sales.csv --model forecaster/forecaster.safetensors
        """;

    protected override int Execute(ParseResult parse)
    {
        string directory = parse.GetRequiredValue(_out);
        int threads = parse.GetValue(_threads);
        if (parse.GetValue(_resume) && new Option[] { _steps, _seed, _pattern, _blocks, _dim, _rate }.FirstOrDefault(o => parse.GetResult(o) is { Implicit: false }) is { } stranger)
            throw new UsageMistake($"{stranger.Name}: a run goes on with its own options. Leave it out, or start another run with --out.");
        if (!parse.GetValue(_resume) && File.Exists(Path.Combine(directory, "run.json")))
            throw new CommandError($"{directory}: there is a run already. Go on with --resume, or choose another --out.");
        using ForecasterRun run = parse.GetValue(_resume) ? ForecasterRun.Resume(directory, threads) : Create(parse, directory, threads);
        if (ShownTraining.Run(Streams, run.ParameterCount, run.StepCount, run.Options.Steps, stepped => run.Train(stepped, Cancellation)) is null)
        {
            Note($"stopped after step {run.StepCount}; everything is stored. Go on: xlstm train-forecaster --resume --out {directory}");
            return ExitCode.Interrupted;
        }
        Streams.Out.WriteLine($"{Path.Combine(directory, ForecasterRun.WeightsFile)} has the forecaster.");
        return ExitCode.Success;
    }

    private ForecasterRun Create(ParseResult parse, string directory, int threads)
    {
        try
        {
            return ForecasterRun.Create(
                directory,
                s_normal with
                {
                    Steps = parse.GetValue(_steps), Seed = parse.GetValue(_seed), Pattern = parse.GetRequiredValue(_pattern), NumBlocks = parse.GetValue(_blocks),
                    EmbeddingDim = parse.GetValue(_dim), LearningRate = parse.GetValue(_rate),
                },
                threads: threads);
        }
        catch (ArgumentException e)
        {
            // All of it is what options say.
            throw new UsageMistake(Failure.Describe(e));
        }
    }
}
