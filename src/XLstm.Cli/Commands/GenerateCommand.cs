using System.CommandLine;
using System.Diagnostics;
using XLstm.Cli.Runs;

namespace XLstm.Cli.Commands;

/// <summary>xlstm generate: continues a text.</summary>
internal sealed class GenerateCommand : DocumentedCommand
{
    private readonly Option<string?> _model = Commands.Options.Text("--model", "DIR", $"{Commands.Options.ModelDescription} [default: {ModelDirectory.Default}, or where there is none the sample model that comes with xlstm]");
    private readonly Option<string?> _prompt = Commands.Options.Text("--prompt", "TEXT", "The text to continue. Without it: what is piped in, but for its last line break; without that, a new text.");
    private readonly GenerationArguments _generation = new(maxTokens: 200);
    private readonly Option<int> _samples = Commands.Options.Number("-n", "N", "This many texts, in one batch; each as with a seed one higher. A line of --- stands between them.", 1, 1, 1024);
    private readonly Option<int?> _logProbabilities = Commands.Options.OptionalNumber("--logprobs", "N", "Instead of the text, a line for each token: how likely it was to the model (ln p), and the N most likely ones.", 0, 1000);
    private readonly Option<string?> _session = Commands.Options.Text("--session", "FILE", "Continue the state in FILE, where it exists, and store the state after this run there: a conversation in constant memory, however long.");
    private readonly Option<string?> _tokenizer = Commands.Options.Text("--tokenizer", "bytes|FILE", "Instead of the model's own tokenizer.json.");
    private readonly Option<int> _threads = Commands.Options.Threads(1);

    public GenerateCommand(Streams streams, CancellationToken cancellation)
        : base("generate", "Let a model continue a text; it is written as it comes.", streams, cancellation)
    {
        Option[] options = [_model, _prompt, .. _generation.All, _samples, _logProbabilities, _session, _tokenizer, _threads];
        foreach (Option option in options)
            Add(option);
    }

    public override string Examples =>
        """
          xlstm generate                                       a new text by ./xlstm-out, or by the sample model
          xlstm generate --prompt "Up betimes, and" --seed 1   continue a prompt, the same way every time
          xlstm generate --model my-model < question.txt       continue a file
          xlstm generate --session talk.state --prompt "Hi"    remember everything up to here in talk.state
          xlstm generate --session talk.state --prompt "And?"  go on from there
          xlstm generate --prompt "Q:" -n 4 --stop "\n" --logprobs 3
        """;

    public override string Notes =>
        """
          Only the continuation goes to standard output, so that it can be piped; notes go to standard error.
          Without a prompt and without a session, the text starts after a line break (after the end-of-text
          token, where the tokenizer has one). Ctrl-C stops after a whole token and still stores the session.
          --max-tokens 0 only reads the prompt, which is of use with --session.
        """;

    protected override int Execute(ParseResult parse)
    {
        string directory = parse.GetValue(_model) ?? ModelDirectory.DefaultOrSample(Note);
        int threads = parse.GetValue(_threads), samples = parse.GetValue(_samples);
        string? file = parse.GetValue(_session);
        if (samples > 1 && file is not null)
            throw new UsageMistake($"--session stores one text, and -n {samples} makes several. Leave out one of them.");
        OutputFile.Check(_session.Name, file);
        GenerationOptions options = _generation.Read(parse) with { LogProbabilities = parse.GetValue(_logProbabilities) };
        TextModel model = ModelDirectory.LoadText(directory, parse.GetValue(_tokenizer), Note);
        try
        {
            return samples > 1
                ? WriteSeveral(model, Enumerable.Repeat(Prompt(parse), samples).ToArray(), options, threads)
                : WriteOne(model, Prompt(parse), options, file, threads, parse.GetValue<bool>("--verbose"));
        }
        catch (InvalidOperationException e)
        {
            throw new CommandError($"{directory}: {e.Message} \"xlstm inspect\" shows which weights are not finite.", e);
        }
    }

    private int WriteOne(TextModel model, string prompt, GenerationOptions options, string? file, int threads, bool verbose)
    {
        using TextSession session = Open(model, file, threads);
        using var reading = new PromptDisplay(Streams);
        var output = new TextOutput(Streams);
        long before = session.Tokens.Position, started = Stopwatch.GetTimestamp();
        int written = 0;
        try
        {
            foreach (GeneratedToken token in session.Generate(prompt, options with { Progress = reading }, Cancellation))
            {
                if (written++ == 0)
                    started = Stopwatch.GetTimestamp();
                Write(output, model, token, options);
            }
        }
        catch (OperationCanceledException) when (reading.IsRead)
        {
            // What was written up to here is in the session.
        }
        output.EndLine();
        if (file is not null)
            session.Save(file);
        if (verbose)
            Note($"{session.Tokens.Position - before - written} tokens read, {written} written, {Math.Max(0, written - 1) / Stopwatch.GetElapsedTime(started).TotalSeconds:F0} per second; the session is {session.Tokens.Position} tokens long and takes {session.Tokens.StateBytes:N0} bytes.");
        if (!Cancellation.IsCancellationRequested)
            return ExitCode.Success;
        Note(file is null ? "stopped." : $"stopped; the session is in {file}.");
        return ExitCode.Interrupted;
    }

    private int WriteSeveral(TextModel model, string[] prompts, GenerationOptions options, int threads)
    {
        IReadOnlyList<GeneratedText> texts = model.Generate(prompts, options, threads, Cancellation);
        for (int i = 0; i < texts.Count; i++)
        {
            if (i > 0)
                Streams.Out.WriteLine("---");
            var output = new TextOutput(Streams);
            foreach (GeneratedToken token in texts[i].Tokens)
                Write(output, model, token, options);
            if (options.LogProbabilities is null)
                Streams.Out.WriteLine();
        }
        return ExitCode.Success;
    }

    private void Write(TextOutput output, TextModel model, GeneratedToken token, GenerationOptions options)
    {
        if (options.LogProbabilities is null)
            output.Write(token.Text);
        else
            Streams.Out.WriteLine(string.Join("  ", token.MostLikely.Select(m => Show(m.Token, m.LogProbability)).Prepend(Show(token.Token, token.LogProbability).PadRight(20))).TrimEnd());

        string Show(int id, float ln) => FormattableString.Invariant($"{ln,7:F3} {TextOutput.Quoted(model.Tokenizer.Decode([id]))}");
    }

    private static TextSession Open(TextModel model, string? file, int threads) => File.Exists(file) ? TextSession.Load(model, file, threads) : model.CreateSession(threads);

    private string Prompt(ParseResult parse)
    {
        if (parse.GetValue(_prompt) is { } prompt)
            return prompt;
        if (Streams.InIsTerminal)
            return "";
        // A read that waits for another program cannot be cancelled: it is left behind.
        Task<string> reading = Task.Run(Streams.In.ReadToEnd, Cancellation);
        reading.Wait(Cancellation);
        string text = reading.Result;
        return text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
    }
}
