using System.CommandLine;
using System.Diagnostics;
using XLstm.Cli.Runs;

namespace XLstm.Cli.Commands;

/// <summary>xlstm generate: continues a text.</summary>
internal sealed class GenerateCommand : DocumentedCommand
{
    private readonly Option<string?> _model = Commands.Options.Text("--model", "DIR", $"{Commands.Options.ModelDescription} [default: {ModelDirectory.Default}, or where there is none the sample model that comes with xlstm]");
    private readonly Option<string?> _prompt = Commands.Options.Text("--prompt", "TEXT", "The text to continue. Without it: what is piped in, but for its last line break; without that, a new text.");
    private readonly Option<int> _maxTokens = Commands.Options.Number("--max-tokens", "N", "How many tokens to write; 0 only reads the prompt, which is of use with --session.", 200, 0);
    private readonly Option<float> _temperature = Commands.Options.Number("--temperature", "X", "0 always takes the most likely token; higher values are bolder.", 0.8f, 0f, 1000f);
    private readonly Option<int> _topK = Commands.Options.Number("--top-k", "N", "Draw only from the N most likely tokens; 0 for all.", 0, 0);
    private readonly Option<float> _topP = Commands.Options.Number("--top-p", "X", "Draw only from the most likely tokens that make up this share of the probability.", 1f, float.Epsilon, 1f);
    private readonly Option<ulong?> _seed = Commands.Options.OptionalNumber("--seed", "N", "The same seed gives the same text. Without it every run differs.", 0ul);
    private readonly Option<string?> _session = Commands.Options.Text("--session", "FILE", "Continue the state in FILE, where it exists, and store the state after this run there: a conversation in constant memory, however long.");
    private readonly Option<string?> _tokenizer = Commands.Options.Text("--tokenizer", "bytes|FILE", "Instead of the model's own tokenizer.json.");
    private readonly Option<int> _threads = Commands.Options.Threads(1);

    public GenerateCommand(Streams streams, CancellationToken cancellation)
        : base("generate", "Let a model continue a text; it is written as it comes.", streams, cancellation)
    {
        Option[] options = [_model, _prompt, _maxTokens, _temperature, _topK, _topP, _seed, _session, _tokenizer, _threads];
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
        """;

    public override string Notes =>
        """
          Only the continuation goes to standard output, so that it can be piped; notes go to standard error.
          Without a prompt and without a session, the text starts after a line break (after the end-of-text
          token, where the tokenizer has one). Ctrl-C stops after a whole token and still stores the session.
        """;

    protected override int Execute(ParseResult parse)
    {
        string directory = parse.GetValue(_model) ?? ModelDirectory.DefaultOrSample(Note);
        var sampler = new Sampler(new SamplingOptions(
            parse.GetValue(_temperature), parse.GetValue(_topK), parse.GetValue(_topP), parse.GetValue(_seed) ?? (ulong)Random.Shared.NextInt64()));
        XLstmLanguageModel model = ModelDirectory.Load(directory);
        TextTokenizer tokenizer = ModelDirectory.LoadTokenizer(directory, parse.GetValue(_tokenizer), model.VocabSize, Note);
        string? file = parse.GetValue(_session);
        using Session session = Open(model, file, parse.GetValue(_threads));
        int[] prompt = tokenizer.Encode(Prompt(parse));
        if (prompt.Length == 0 && session.Position == 0)
            prompt = [TextSample.StartOf(tokenizer)];
        session.Append(prompt, Cancellation);
        long started = Stopwatch.GetTimestamp();
        int written = Write(session, tokenizer, sampler, parse.GetValue(_maxTokens), directory);
        if (file is not null)
            session.Save(file);
        if (parse.GetValue<bool>("--verbose"))
            Note($"{prompt.Length} tokens read, {written} written, {written / Stopwatch.GetElapsedTime(started).TotalSeconds:F0} per second; the session is {session.Position} tokens long and takes {session.StateBytes:N0} bytes.");
        if (!Cancellation.IsCancellationRequested)
            return ExitCode.Success;
        Note(file is null ? "stopped." : $"stopped; the session is in {file}.");
        return ExitCode.Interrupted;
    }

    private static Session Open(XLstmLanguageModel model, string? file, int threads)
    {
        if (Directory.Exists(file))
            throw new CommandError($"{file}: --session expects a file, found a directory.");
        return File.Exists(file) ? Session.Load(model, file, threads) : model.CreateSession(threads);
    }

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

    private int Write(Session session, TextTokenizer tokenizer, Sampler sampler, int count, string directory)
    {
        IncrementalDecoder decoder = tokenizer.CreateDecoder();
        bool lineIsOpen = false;
        int written = 0;
        for (; written < count && !Cancellation.IsCancellationRequested; written++)
        {
            int token = Next(session, sampler, tokenizer.VocabularySize, directory);
            if (token == tokenizer.EndOfText)
                break;
            Show(decoder.Append(token));
            session.Step(token);
        }
        Show(decoder.Flush());
        if (lineIsOpen && Streams.OutIsTerminal)
            Streams.Out.WriteLine();
        return written;

        void Show(ReadOnlySpan<char> text)
        {
            if (text.IsEmpty)
                return;
            if (Streams.OutIsTerminal)
                foreach (char c in text)
                    Streams.Out.Write(TextSample.Printable(c));
            else
                Streams.Out.Write(text);
            Streams.Out.Flush();
            lineIsOpen = text[^1] != '\n';
        }
    }

    private static int Next(Session session, Sampler sampler, int vocabulary, string directory)
    {
        try
        {
            return sampler.Next(session.Logits[..vocabulary]);
        }
        catch (InvalidOperationException e)
        {
            throw new CommandError($"{directory}: {e.Message} \"xlstm inspect\" shows which weights are not finite.", e);
        }
    }
}
