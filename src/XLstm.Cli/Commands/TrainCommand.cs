using System.CommandLine;
using XLstm.Cli.Plotting;
using XLstm.Cli.Runs;
using XLstm.Training;

namespace XLstm.Cli.Commands;

/// <summary>xlstm train: a model from a text.</summary>
internal sealed class TrainCommand : DocumentedCommand
{
    private const double DefaultMinutes = 2;
    private static readonly string[] FilesOfRuns = ["run.json", "state.safetensors", "model.safetensors", "config.json", "tokenizer.json"];

    private readonly Argument<string?> _text = new("TEXT") { Arity = ArgumentArity.ZeroOrOne, Description = "A text file (UTF-8). Without it: the documentation of the .NET SDK on this machine." };
    private readonly Option<string> _out = new("--out") { HelpName = "DIR", Description = "Where the model goes.", DefaultValueFactory = _ => ModelDirectory.Default };
    private readonly Option<bool> _resume = Commands.Options.Flag("--resume", "Go on with the run in DIR, exactly where it was stored; start it where there is none.");
    private readonly Option<bool> _force = Commands.Options.Flag("--force", "Replace the run or model in DIR.");
    private readonly Option<long?> _steps = Commands.Options.OptionalNumber("--steps", "N", "Updates to make, in all.", 1L);
    private readonly Option<double?> _minutes = Commands.Options.OptionalNumber("--minutes", "M", $"Time to train for, in all. [default: {DefaultMinutes}]", double.Epsilon, 1e6);
    private readonly RateOptions _rates = new();
    private readonly ModelOptions _model = new();
    private readonly Option<int> _threads = Commands.Options.Threads(0);
    private readonly Option<bool> _recompute = Commands.Options.Flag("--recompute", "Keep only the input of each block and run it again for the gradients: less than half the memory, a third more time, the same numbers.");
    private readonly Option<string?> _log = Commands.Options.Text("--log", "FILE.jsonl", "One JSON object per step, with step and loss (before its update). [default: log.jsonl in DIR]");
    private readonly Option<string?> _batchFile = Commands.Options.Text("--batch-file", "FILE", "Instead of TEXT: a safetensors file with tokens and labels, I64 [B, T], label -1 ignored. Every step trains on this batch; rates are then constant, without clipping, unless said otherwise.");

    public TrainCommand(Streams streams, CancellationToken cancellation)
        : base("train", "Train a language model on a text.", streams, cancellation)
    {
        Add(_text);
        Option[] options = [_out, _resume, _force, _steps, _minutes, .. _model.All, .. _rates.All, _threads, _recompute, _log, _batchFile];
        foreach (Option option in options)
            Add(option);
        Excludes(_steps, _minutes);
        Excludes(_resume, _force);
        Excludes(_model.Preset, _model.Config);
        Excludes(_model.Preset, _model.Init);
        Excludes(_model.Config, _model.Init);
        Validators.Add(result =>
        {
            if (result.GetResult(_text) is { Tokens: [{ Value: ['-', ..] stranger }] })
                result.AddError(UsageError.Unknown(stranger, this));
            if (result.GetResult(_text) is { Tokens.Count: > 0 } && result.GetResult(_batchFile) is { Implicit: false })
                result.AddError("A text and --batch-file exclude each other.");
        });
    }

    public override string Examples =>
        """
          xlstm train                           two minutes on the .NET documentation, into ./xlstm-out
          xlstm train book.txt --minutes 10     ten minutes on a text of yours
          xlstm train book.txt --out my-model --steps 5000 --preset paper
          xlstm train --resume                  go on after Ctrl-C, a crash or a power cut
          xlstm train --resume --minutes 20     go on until it has trained for 20 minutes in all
        """;

    public override string Notes =>
        $"""
          The last tenth of the text is never trained on: the validation loss is measured there, now and then,
          and model.safetensors holds the weights that were best at it. Losses are in nats per token.
          DIR also gets loss.svg, loss.png, log.jsonl, and state.safetensors, from which --resume goes on.

          Presets:
        {string.Join(Environment.NewLine, Preset.All.Select(p => $"    {p.Name,-8}{p.Description}{Environment.NewLine}            batches of {p.Batch} x {p.Context}, rate {p.LearningRate}"))}
        """;

    protected override int Execute(ParseResult parse)
    {
        string directory = parse.GetRequiredValue(_out);
        OutputFile.Check(_log.Name, parse.GetValue(_log));
        bool resumes = parse.GetValue(_resume);
        if (resumes && !FilesOfRuns[..2].All(f => File.Exists(Path.Combine(directory, f))))
        {
            if (File.Exists(Path.Combine(directory, "model.safetensors")))
                throw new CommandError($"{directory}: there is a model, but no run to go on with. Start from its weights: --init {directory} --out ANOTHER");
            Note($"{directory}: there is no run to go on with; this starts one.");
            resumes = false;
        }
        using LanguageModelRun run = resumes ? Resume(parse, directory) : Create(parse, directory);
        return Train(run);
    }

    private LanguageModelRun Create(ParseResult parse, string directory)
    {
        if (File.Exists(directory))
            throw new CommandError($"{directory}: --out expects a directory, found a file.");
        string? existing = parse.GetValue(_force) || parse.GetValue(_resume) ? null : FilesOfRuns.FirstOrDefault(f => File.Exists(Path.Combine(directory, f)));
        if (existing is not null)
            throw new CommandError($"{directory}: there is a model already ({existing}). Go on with --resume, replace it with --force, or choose another --out.");
        string? batchFile = Full(parse.GetValue(_batchFile));
        (string? text, string description) = batchFile is not null ? (null, batchFile)
            : parse.GetValue(_text) is { } file ? TrainingText.Of(file)
            : TrainingText.Of(ApiDocumentation.Find(), directory);
        (XLstmLanguageModel model, TextTokenizer? tokenizer) = _model.Create(parse, text, _rates.Seed(parse));
        Preset preset = _model.PresetOf(parse);
        RunOptions options = _rates.Apply(parse, preset, model.Config, batchFile is not null) with
        {
            Text = text,
            BatchFile = batchFile,
            Steps = parse.GetValue(_steps),
            Minutes = parse.GetValue(_minutes) ?? (parse.GetValue(_steps) is null ? DefaultMinutes : null),
            Log = Full(parse.GetValue(_log)),
            Recompute = parse.GetValue(_recompute),
        };
        Possible(options);
        LanguageModelRun run = LanguageModelRun.Create(directory, options, model, tokenizer, parse.GetValue(_threads));
        Introduce(run, description);
        return run;
    }

    private LanguageModelRun Resume(ParseResult parse, string directory)
    {
        LanguageModelRun run = LanguageModelRun.Resume(directory, parse.GetValue(_threads), parse.GetValue(_steps), parse.GetValue(_minutes));
        try
        {
            RunOptions wanted = _rates.Override(parse, run.Options) with
            {
                Text = Full(parse.GetValue(_text)) ?? run.Options.Text,
                BatchFile = Full(parse.GetValue(_batchFile)) ?? run.Options.BatchFile,
                Log = Full(parse.GetValue(_log)) ?? run.Options.Log,
            };
            if (wanted != run.Options || _model.Contradicts(parse, run.Model.Config))
                throw new CommandError($"{directory}: the run there was started with other options (see run.json and config.json), and a run goes on with its own. Leave them out, or start another run with --out or --force.");
            Introduce(run, run.Options.Text ?? run.Options.BatchFile!);
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    // Nothing but what options say is in there.
    private static void Possible(RunOptions options)
    {
        try
        {
            options.Validate();
        }
        catch (ArgumentException e)
        {
            throw new UsageMistake(Failure.Describe(e));
        }
    }

    private void Introduce(LanguageModelRun run, string text)
    {
        ILanguageModelConfig config = run.Model.Config;
        var report = new Report(Streams.Out);
        string tokens = run.Tokenizer is { } tokenizer ? ModelText.Describe(tokenizer) : $"{Report.Count(config.VocabSize)} tokens";
        string length = run.Options.Minutes is { } minutes ? $"{minutes} minutes" : $"{Report.Count(run.Options.Steps!.Value)} steps";
        string batches = run.Options.BatchFile is null ? $"batches of {run.Options.Batch} x {run.Options.Context} tokens" : "the same batch in every step";
        report.Line("text", text);
        report.Line("model", $"{config.NumBlocks} blocks ({ModelText.Map(config)}), width {config.EmbeddingDim}, {Report.Count(run.Model.Parameters.ElementCount)} parameters; {tokens}");
        report.Line("training", $"{length}, {batches}{(run.StepCount > 0 ? $", from step {Report.Count(run.StepCount)} on" : "")}; Ctrl-C stops, --resume goes on");
        report.Line("output", Path.GetFullPath(run.Directory));
    }

    private int Train(LanguageModelRun run)
    {
        string log = run.Options.Log ?? Path.Combine(run.Directory, "log.jsonl");
        string title = run.Options.Text is { } text ? $"xLSTM on {Path.GetFileName(text)}" : "xLSTM on one batch";
        var reporter = new RunReporter(run, LossCurve.Read(log, run.StepCount), title, Streams, Cancellation);
        long from = run.StepCount;
        try
        {
            RunProgress? end = null;
            reporter.Show(() => end = run.Train(reporter, Cancellation));
            reporter.SavePlots();
            reporter.Summarize(end!, from);
        }
        catch (OperationCanceledException)
        {
            reporter.SavePlots();
            Note($"stopped after step {run.StepCount}; everything is stored. Go on: xlstm train --resume{DirectoryOption("--out", run)}");
            return ExitCode.Interrupted;
        }
        Streams.Out.WriteLine($"{Shown(run)} has the model, loss.svg, loss.png and log.jsonl.");
        Streams.Out.WriteLine($"Let it write:  xlstm generate{DirectoryOption("--model", run)}");
        Streams.Out.WriteLine($"Train longer:  xlstm train --resume{DirectoryOption("--out", run)} {(run.Options.Minutes is { } minutes ? $"--minutes {minutes * 2}" : $"--steps {run.Options.Steps * 2}")}");
        return ExitCode.Success;
    }

    // What a person would type here: nothing for the default, and no longer path than needed.
    private static string DirectoryOption(string option, LanguageModelRun run)
    {
        string path = Shown(run);
        return path == ModelDirectory.Default ? "" : path.Contains(' ', StringComparison.Ordinal) ? $" {option} \"{path}\"" : $" {option} {path}";
    }

    private static string Shown(LanguageModelRun run)
    {
        string full = Path.GetFullPath(run.Directory), relative = Path.GetRelativePath(Directory.GetCurrentDirectory(), full);
        return relative.StartsWith("..", StringComparison.Ordinal) ? full : relative;
    }

    private static string? Full(string? path) => path is null ? null : Path.GetFullPath(path);
}
