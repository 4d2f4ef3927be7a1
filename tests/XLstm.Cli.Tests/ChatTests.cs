namespace XLstm.Cli.Tests;

public sealed class ChatTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public ChatTests() => _model = TinyModel.Create(_folder["model"]);

    public void Dispose() => _folder.Dispose();

    // Greedy answers of a few letters, so that lines can be told apart.
    private Cli.Outcome Chat(string input, params string[] args) =>
        Cli.RunWith(input, CancellationToken.None, ["chat", "--model", _model, "--max-tokens", "12", "--seed", "1", .. args]);

    private string Answers(string input, params string[] args) => Chat(input, args).Succeeds();

    [Fact]
    public void Answers_are_what_a_session_generates_after_the_template()
    {
        using TextSession session = TextModel.Load(_model).CreateSession();
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        session.Append("Two friends.\n\n", cancellation: cancellation);
        var template = new ChatTemplate(UserStart: "Ann: ", AssistantStart: "Ben:");
        string expected = "";
        ulong seed = 1;
        foreach (string line in (string[])["Hi", "And?"])
        {
            string asked = template.User(line) + template.AssistantStart;
            using TextSession answering = session.Fork();
            string answer = string.Concat(answering.Generate(asked, new() { Temperature = 0.8f, MaxTokens = 12, Seed = seed++, Stop = template.Stop }, cancellation).Select(t => t.Text));
            session.Append(asked + template.Answer(answer), cancellation: cancellation);
            expected += answer.TrimStart() + Environment.NewLine;
        }
        Assert.Equal(expected, Answers("Hi\nAnd?\n", "--system", "Two friends.", "--user", "Ann", "--assistant", "Ben"));
    }

    [Fact]
    public void Branches_are_left_as_if_they_had_not_been()
    {
        string straight = Answers("Hi\n/history\n");
        string branched = Answers("Hi\n/fork\nSomething else\n/back\n/history\n");
        string[] first = straight.Split('\n'), second = branched.Split('\n');
        Assert.Equal(first[^3..], second[^3..]);
        Assert.Contains("no branch", Chat("/back\n").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stored_conversation_goes_on()
    {
        string state = _folder["talk.state"];
        Assert.Contains(state, Chat($"Hi\n/save {state}\nDrop this\n").Error, StringComparison.Ordinal);
        using TextSession stored = TextSession.Load(TextModel.Load(_model), state);
        string there = Answers($"/load {state}\nAnd?\n", "--temperature", "0"), again = Answers("And?\n", "--temperature", "0", "--session", state);
        Assert.Equal(there, again);
        using TextSession later = TextSession.Load(TextModel.Load(_model), state);
        Assert.True(later.Tokens.Position > stored.Tokens.Position);
        Assert.Contains("expects a file", Chat("", "--session", _folder.Root).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stored_conversation_has_its_lines()
    {
        string state = _folder["talk.state"];
        string first = Answers("Hi \"there\"\n/history\n", "--session", state);
        Assert.Equal(first[first.IndexOf("User: ", StringComparison.Ordinal)..], Answers("/history\n", "--session", state));
        Cli.Outcome branched = Chat("/fork\nOn a branch\n", "--session", state);
        Assert.Contains($"{state} has the branch that the talk ended on", branched.Error, StringComparison.Ordinal);
        Assert.Equal(4, Answers("/history\n", "--session", state).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void A_session_that_no_chat_wrote_has_no_lines()
    {
        string state = _folder["text.state"];
        using (TextSession session = TextModel.Load(_model).CreateSession())
        {
            session.Append("Once", cancellation: TestContext.Current.CancellationToken);
            session.Tokens.Notes["chat"] = "no JSON";
            session.Save(state);
        }
        Assert.Equal("", Answers("/history\n", "--session", state));
    }

    [Fact]
    public void Nothing_but_a_conversation_is_written_over()
    {
        string text = _folder["notes.txt"], state = _folder["talk.state"];
        File.WriteAllText(text, "mine");
        Assert.Contains("no conversation with this model", Chat($"Hi\n/save {text}\n").Error, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(text));
        Chat($"Hi\n/save {state}\nAnd?\n/save {state}\n");
        Assert.Contains("--system stands before a new conversation only", Chat("", "--session", state, "--system", "s").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Reset_begins_anew()
    {
        string once = Answers("Hi\n", "--temperature", "0", "--system", "s");
        Assert.Equal(once + once, Answers("Hi\n/reset\nHi\n", "--temperature", "0", "--system", "s"));
        Assert.Equal(once, Answers("Hi\n/quit\nHi\n", "--temperature", "0", "--system", "s"));
    }

    [Fact]
    public void Mistakes_in_commands_are_said_and_the_talk_goes_on()
    {
        Cli.Outcome outcome = Chat($"/load {_folder["none"]}\n/nonsense\n/history\nHi\n");
        Assert.Equal(0, outcome.Code);
        Assert.Contains(_folder["none"], outcome.Error, StringComparison.Ordinal);
        Assert.Contains("/save FILE", outcome.Error, StringComparison.Ordinal);
        Assert.NotEqual("", outcome.Output.Trim());
    }

    [Fact]
    public void A_terminal_shows_whose_turn_it_is()
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        using var input = new StringReader("Hi\n/fork\n/quit\n");
        Assert.Equal(0, Program.Run(["chat", "--model", _model, "--max-tokens", "5"], new Streams(input, InIsTerminal: true, output, OutIsTerminal: true, error), TestContext.Current.CancellationToken));
        Assert.StartsWith("User: Assistant:", output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("User: >User: ", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("/fork tries a branch", error.ToString(), StringComparison.Ordinal);
    }
}
