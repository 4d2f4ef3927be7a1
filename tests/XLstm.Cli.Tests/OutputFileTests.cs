namespace XLstm.Cli.Tests;

public sealed class OutputFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Refused before anything is read: the inputs are not there either.</summary>
    [Theory]
    [InlineData("logits", "--tokens", "x", "--output", "FILE")]
    [InlineData("outputs", "x", "--inputs", "x", "--output", "FILE")]
    [InlineData("generate", "--session", "FILE")]
    [InlineData("train", "--log", "FILE")]
    [InlineData("forecast", "--output", "FILE.csv")]
    [InlineData("forecast", "--plot", "FILE.svg")]
    [InlineData("bench", "--json", "FILE")]
    public void A_folder_that_is_not_there_is_not_made(params string[] args)
    {
        string missing = _folder["missing"];
        Cli.Run([.. args.Select(a => a.Replace("FILE", Path.Combine(missing, "file"), StringComparison.Ordinal)), .. args[0] is "train" ? ["--out", _folder["run"]] : (string[])[]]).Fails("there is no such directory", missing);
        Assert.False(Directory.Exists(missing));
    }

    [Fact]
    public void A_talk_goes_on_where_there_is_no_folder_to_save_it_in()
    {
        string missing = _folder["missing"];
        Cli.Outcome outcome = Cli.RunWith($"/save {Path.Combine(missing, "talk")}\n/history\n", CancellationToken.None, "chat", "--model", TinyModel.Create(_folder["model"]));
        outcome.Succeeds();
        Assert.Contains("there is no such directory", outcome.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(missing));
    }

    [Theory]
    [InlineData("logits", "--tokens", "x", "--output")]
    [InlineData("generate", "--session")]
    [InlineData("forecast", "--output")]
    public void A_name_has_to_be_given(params string[] args) => Cli.Run([.. args, ""]).FailsAsUsage("expects a file name");
}
