using System.CommandLine;
using System.Globalization;
using XLstm.Classification;
using XLstm.Cli.Classification;
using XLstm.Cli.Runs;

namespace XLstm.Cli.Commands;

/// <summary>xlstm classify train: a classifier, or regressor, from a file of series.</summary>
internal sealed class ClassifyTrainCommand : DocumentedCommand
{
    private static readonly SequenceOptions s_normal = new();

    private readonly Argument<string?> _file = new("FILE") { Arity = ArgumentArity.ZeroOrOne, Description = "Series with labels: .ts, .tsv or .csv; see below." };
    private readonly Option<string> _out = new("--out") { HelpName = "DIR", Description = "Where the run and the classifier go.", DefaultValueFactory = _ => "classifier" };
    private readonly Option<bool> _resume = Commands.Options.Flag("--resume", "Go on with the run in DIR, exactly where it was stored.");
    private readonly Option<string?> _test = Commands.Options.Text("--test", "FILE", "Series that are not learned from, to measure on at the end.");
    private readonly Option<long?> _steps = Commands.Options.OptionalNumber("--steps", "N", "Updates to make. [default: 150 times through the series, 600 to 6,000]", 1L);
    private readonly Option<ulong> _seed = new("--seed") { HelpName = "N", Description = "Decides the weights at the start and the order of series.", DefaultValueFactory = _ => s_normal.Seed };
    private readonly Option<string> _pattern = new("--pattern") { HelpName = "A:B", Description = "mLSTM to sLSTM blocks.", DefaultValueFactory = _ => s_normal.Pattern };
    private readonly Option<int> _blocks = Commands.Options.Number("--blocks", "N", "Blocks of each direction.", s_normal.NumBlocks, 1, 256);
    private readonly Option<int> _dim = Commands.Options.Number("--dim", "N", "Width of the blocks.", s_normal.EmbeddingDim, 1, 4096);
    private readonly Option<int> _networks = Commands.Options.Number("--networks", "N", "Networks that are trained side by side and answer together; time grows with them.", s_normal.Networks, 1, 64);
    private readonly Option<bool> _balanced = Commands.Options.Flag("--balanced", "All classes count the same, however many series they have.");
    private readonly Option<Dictionary<string, double>?> _weights = ClassWeights();
    private readonly Option<SequencePooling?> _pooling = Commands.Options.Choice<SequencePooling>("--pooling", "How the outputs of all steps become one vector. [default: meanandmax]");
    private readonly Option<double> _validation = Commands.Options.Number("--validation", "X", "Share of the series that is held out: the weights are those that are best on it. 0 for none.", s_normal.Validation, 0.0, 0.9);
    private readonly Option<int> _patience = Commands.Options.Number("--patience", "N", $"Validations without improvement, one every {s_normal.ValidateEvery} steps, after which it ends; 0 for never.", s_normal.Patience, 0);
    private readonly Option<int> _threads = Commands.Options.Threads(0);
    private readonly SequenceFileOptions _reading = new();
    private readonly Option[] _own;

    public ClassifyTrainCommand(Streams streams, CancellationToken cancellation)
        : base("train", "Learn to tell the class of series, or a number.", streams, cancellation)
    {
        Add(_file);
        _own = [_steps, _seed, _pattern, _blocks, _dim, _networks, _balanced, _weights, _pooling, _validation, _patience];
        foreach (Option option in new Option[] { _out, _resume, _test }.Concat(_own).Append(_threads).Concat(_reading.All))
            Add(option);
    }

    public override string Examples =>
        """
          xlstm classify train GunPoint_TRAIN.ts --test GunPoint_TEST.ts
          xlstm classify train gestures.csv --label gesture --id recording
          xlstm classify train beats.csv --balanced --class-weight fault=5
          xlstm classify train wear.csv --label hours --regression
          xlstm classify train day1.csv --label activity --window 100 --every 25 --test day2.csv
          xlstm classify train --resume                           go on after Ctrl-C, a crash or a power cut
        """;

    public override string Notes =>
        """
          .ts: as the UEA archive has them. .tsv: as the UCR archive has them, the class first, then values.
          .csv: a header; either a column for each step, or a row for each step with columns for the
          channels and one that tells series apart (--id). Values may be missing: empty, NaN, NA or ?.
        """;

    protected override int Execute(ParseResult parse)
    {
        string directory = parse.GetRequiredValue(_out);
        bool resume = parse.GetValue(_resume);
        string? file = parse.GetValue(_file);
        if (resume && file is not null)
            throw new UsageMistake($"{file}: a run goes on with the series that it has. Leave the file out, or start another run with --out.");
        if (resume && _own.FirstOrDefault(o => parse.GetResult(o) is { Implicit: false }) is { } stranger)
            throw new UsageMistake($"{stranger.Name}: a run goes on with its own options. Leave it out, or start another run with --out.");
        if (!resume && file is null)
            throw new UsageMistake("there is no file to learn from: xlstm classify train FILE");
        if (!resume && File.Exists(Path.Combine(directory, "run.json")))
            throw new CommandError($"{directory}: there is a run already. Go on with --resume, or choose another --out.");
        SequenceData? learned = resume ? null : _reading.Read(parse, file!, false, Note), test = null;
        if (learned is not null)
            test = Test(parse, learned.Targets is null, learned.Series[0].ChannelCount, learned.Table);
        using SequenceRun run = learned is null ? SequenceRun.Resume(directory, parse.GetValue(_threads)) : Create(parse, learned, file!, directory);
        test ??= Test(parse, run.IsClassifier, run.ChannelCount, run.Table);
        if (ShownTraining.Run(Streams, run.ParameterCount, run.StepCount, run.TotalSteps, stepped => run.Train(stepped, Cancellation)) is null)
        {
            Note($"stopped after step {run.StepCount}; everything is stored. Go on: xlstm classify train --resume --out {directory}");
            return ExitCode.Interrupted;
        }
        if (test is not null)
            ClassifyPredictCommand.Predict(directory, test, parse.GetValue(_threads), Streams, Cancellation);
        Streams.Out.WriteLine($"{directory} has the {(run.IsClassifier ? "classifier" : "regressor")}:  xlstm classify predict FILE --model {directory}");
        return ExitCode.Success;
    }

    // Read before anything is trained or written: what cannot be measured on is told at once.
    private SequenceData? Test(ParseResult parse, bool classifier, int channels, SequenceTableOptions? table)
    {
        if (parse.GetValue(_test) is not { } path)
            return null;
        SequenceData test = _reading.Read(parse, path, !classifier, Note, table);
        if (test.Series[0].ChannelCount != channels)
            throw new CommandError($"{path}: the series have {test.Series[0].ChannelCount} channels, expected {channels} as in the training.");
        return ClassifyPredictCommand.CanMeasure(test, classifier)
            ? test : throw new CommandError($"{path}: there is nothing to measure on: expected series with {(classifier ? "classes" : "numbers")}.");
    }

    private static Option<Dictionary<string, double>?> ClassWeights() => new("--class-weight")
    {
        HelpName = "CLASS=W",
        Description = "What a series of a class counts; 1 for classes that are not named.",
        AllowMultipleArgumentsPerToken = true,
        CustomParser = text =>
        {
            var weights = new Dictionary<string, double>(StringComparer.Ordinal);
            foreach (string given in text.Tokens.Select(t => t.Value))
            {
                // A name may have the sign in it.
                int sign = given.LastIndexOf('=');
                if (sign > 0 && double.TryParse(given.AsSpan(sign + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out double weight) && weights.TryAdd(given[..sign], weight))
                    continue;
                text.AddError($"--class-weight is {given}; expected a class, once, and a number, such as fault=5.");
                return null;
            }
            return weights;
        },
    };

    private SequenceRun Create(ParseResult parse, SequenceData data, string file, string directory)
    {
        try
        {
            return SequenceRun.Create(
                directory, data,
                s_normal with
                {
                    Steps = parse.GetValue(_steps), Seed = parse.GetValue(_seed), Pattern = parse.GetRequiredValue(_pattern), NumBlocks = parse.GetValue(_blocks),
                    EmbeddingDim = parse.GetValue(_dim), Networks = parse.GetValue(_networks), Weighting = parse.GetValue(_balanced) ? ClassWeighting.Balanced : ClassWeighting.None,
                    Weights = parse.GetValue(_weights), Pooling = parse.GetValue(_pooling) ?? s_normal.Pooling, Validation = parse.GetValue(_validation), Patience = parse.GetValue(_patience),
                },
                parse.GetValue(_threads));
        }
        catch (ArgumentException e)
        {
            throw new CommandError($"{file}: {Failure.Describe(e)}");
        }
    }
}
