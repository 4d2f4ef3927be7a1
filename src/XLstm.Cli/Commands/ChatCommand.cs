using System.CommandLine;
using System.Text;
using XLstm.Cli.Runs;

namespace XLstm.Cli.Commands;

/// <summary>xlstm chat: a conversation with a model.</summary>
internal sealed class ChatCommand : DocumentedCommand
{
    private const string Help = "/save FILE stores the conversation, /load FILE goes back to one; /fork tries a branch, /back leaves it; /reset begins anew; /history shows it; /quit ends.";

    private readonly Option<string?> _model = Commands.Options.Text("--model", "DIR", $"{Commands.Options.ModelDescription} [default: {ModelDirectory.Default}, or where there is none the sample model that comes with xlstm]");
    private readonly Option<string?> _system = Commands.Options.Text("--system", "TEXT", "Stands before the conversation: who the model is to be.");
    private readonly Option<string?> _user = Commands.Options.Text("--user", "NAME", "What stands before your lines. [default: User]");
    private readonly Option<string?> _assistant = Commands.Options.Text("--assistant", "NAME", "What stands before the model's lines. [default: Assistant]");
    private readonly Option<string?> _session = Commands.Options.Text("--session", "FILE", "Go on with the conversation in FILE, where it exists, and store it there at the end.");
    private readonly GenerationArguments _generation = new(maxTokens: 200);
    private readonly Option<string?> _tokenizer = Commands.Options.Text("--tokenizer", "bytes|FILE", "Instead of the model's own tokenizer.json.");
    private readonly Option<int> _threads = Commands.Options.Threads(1);

    public ChatCommand(Streams streams, CancellationToken cancellation)
        : base("chat", "Talk with a model, line by line.", streams, cancellation)
    {
        Option[] options = [_model, _system, _user, _assistant, _session, .. _generation.All, _tokenizer, _threads];
        foreach (Option option in options)
            Add(option);
    }

    public override string Examples =>
        """
          xlstm chat                                     with ./xlstm-out, or with the sample model
          xlstm chat --model my-model --system "A talk between two friends." --user Anna --assistant Ben
          xlstm chat --session talk.state                go on where the last one ended
        """;

    public override string Notes =>
        """
          /save FILE     store the conversation                /history   show it
          /load FILE     go back to a stored one               /reset     begin anew
          /fork          try a branch; /back leaves it         /quit      end; so does the end of the input
          The model reads every line once: its state has a constant size, however long the talk, and a branch is
          a copy of it. Models that only continue texts see "User: ..." and "Assistant: ..." below each other; an
          answer ends with its text, at --stop, or where the next "User:" would come. Ctrl-C ends the talk.
        """;

    protected override int Execute(ParseResult parse)
    {
        string directory = parse.GetValue(_model) ?? ModelDirectory.DefaultOrSample(Note);
        string user = parse.GetValue(_user) ?? "User", assistant = parse.GetValue(_assistant) ?? "Assistant";
        var template = new ChatTemplate(UserStart: user + ": ", AssistantStart: assistant + ":");
        GenerationOptions options = _generation.Read(parse);
        TextModel model = ModelDirectory.LoadText(directory, parse.GetValue(_tokenizer), Note);
        string? file = parse.GetValue(_session);
        OutputFile.Check(_session.Name, file);
        using var talk = new Conversation(model, template, parse.GetValue(_system), parse.GetValue(_threads));
        if (File.Exists(file))
        {
            talk.Load(file);
            if (parse.GetValue(_system) is not null)
                Note($"--system stands before a new conversation only: this one goes on from {file}.");
        }
        if (Streams.InIsTerminal)
            Note(Help);
        Talk(talk, options with { Stop = [.. template.Stop, .. options.Stop] }, user, assistant);
        if (file is not null)
        {
            if (talk.Branches > 0)
                Note($"{file} has the branch that the talk ended on; /back would have left it.");
            talk.Save(file);
        }
        return Cancellation.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Success;
    }

    private void Talk(Conversation talk, GenerationOptions options, string user, string assistant)
    {
        ulong turn = 0;
        while (!Cancellation.IsCancellationRequested)
        {
            if (Streams.InIsTerminal)
                Streams.Out.Write(new string('>', talk.Branches) + user + ": ");
            if (ReadLine() is not { } line)
            {
                if (Streams.InIsTerminal)
                    Streams.Out.WriteLine();
                break;
            }
            if (line.StartsWith('/'))
            {
                if (!Command(talk, line, user, assistant))
                    break;
                continue;
            }
            if (line.Length > 0)
                Answer(talk, line, options with { Seed = options.Seed + turn++ }, assistant);
        }
    }

    // A read that waits for the keyboard cannot be cancelled: it is left behind.
    private string? ReadLine()
    {
        try
        {
            Task<string?> reading = Task.Run(Streams.In.ReadLine, Cancellation);
            reading.Wait(Cancellation);
            return reading.Result;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private void Answer(Conversation talk, string line, GenerationOptions options, string assistant)
    {
        if (Streams.InIsTerminal)
            Streams.Out.Write(assistant + ":");
        using var reading = new PromptDisplay(Streams);
        var output = new TextOutput(Streams);
        bool begun = Streams.InIsTerminal;
        foreach (string text in talk.Ask(line, options with { Progress = reading }, Cancellation))
        {
            string shown = begun ? text : text.TrimStart();
            begun |= shown.Length > 0;
            output.Write(shown);
        }
        Streams.Out.WriteLine();
    }

    private bool Command(Conversation talk, string line, string user, string assistant)
    {
        string[] words = line.Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        try
        {
            switch (words)
            {
                case ["/quit" or "/exit"]:
                    return false;
                case ["/save", var file]:
                    OutputFile.Check("/save", file);
                    talk.Save(file);
                    Note($"the conversation is in {file}.");
                    break;
                case ["/load", var file]:
                    talk.Load(file);
                    Note($"{file}: the conversation goes on after {talk.Tokens} tokens.");
                    break;
                case ["/fork"]:
                    talk.Fork();
                    Note("this is a branch; /back goes back to here.");
                    break;
                case ["/back"]:
                    Note(talk.Back() ? "back where the branch began." : "there is no branch to leave.");
                    break;
                case ["/reset"]:
                    talk.Reset();
                    Note("a new conversation.");
                    break;
                case ["/history"]:
                    foreach ((bool isUser, string text) in talk.History)
                        Streams.Out.WriteLine($"{(isUser ? user : assistant)}: {TextSample.Printable(text)}");
                    break;
                default:
                    Note(Help);
                    break;
            }
        }
        catch (Exception e) when (e is CommandError or IOException or UnauthorizedAccessException)
        {
            Note(Failure.Describe(e));
        }
        return true;
    }
}
