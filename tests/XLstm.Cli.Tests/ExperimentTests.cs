namespace XLstm.Cli.Tests;

public class ExperimentTests
{
    [Fact]
    public void Without_a_name_all_are_listed_by_class()
    {
        string list = Cli.Run("experiment").Succeeds();
        Assert.All(new[] { "regular:", "  parity ", "deterministic context-free:", "context-sensitive:", "other tasks:", "  mqar-64-4 " }, part => Assert.Contains(part, list, StringComparison.Ordinal));
        Assert.Equal(list, Cli.Run("experiment", "--list").Succeeds());
    }

    [Fact]
    public void A_repeated_command_keeps_what_is_there_and_refuses_other_settings()
    {
        using var folder = new TemporaryFolder();
        string[] command = ["experiment", "s3", "--model", "1:0", "--steps", "1", "--seeds", "5", "--out", folder.Root];
        string first = Cli.Run(command).Succeeds(), again = Cli.Run(command).Succeeds();

        Assert.Contains("1:0, seed 5:", first, StringComparison.Ordinal);
        Assert.DoesNotContain("1:0, seed 5:", again, StringComparison.Ordinal);
        Assert.Equal(Table(first), Table(again));
        string results = File.ReadAllText(Path.Combine(folder.Root, "s3", "results.json"));
        Assert.All(["\"experiment\": \"s3\"", "\"data\": \"s3 ", $"\"version\": \"{Cli.Run("--version").Succeeds().Split(' ', ',')[1]}"], part => Assert.Contains(part, results, StringComparison.Ordinal));
        Assert.Contains("xLSTM[1:0]", File.ReadAllText(Path.Combine(folder.Root, "s3", "accuracy.svg")), StringComparison.Ordinal);
        Assert.Contains("minutes", File.ReadAllText(Path.Combine(folder.Root, "s3", "curve.svg")), StringComparison.Ordinal);
        Cli.Run([.. command, "--learning-rate", "0.5"]).Fails("1_0-5", "LearningRate = 0.5", "LearningRate = 0.003", "choose another directory");

        static string Table(string output) => output[output.IndexOf("Scaled accuracy", StringComparison.Ordinal)..];
    }

    [Fact]
    public void A_text_is_read_from_where_it_is_said_to_be()
    {
        using var folder = new TemporaryFolder();
        string text = Path.Combine(folder.Root, "text.txt");
        File.WriteAllText(text, string.Concat(Enumerable.Repeat("To be, or not to be. ", 200)));
        string[] command = ["experiment", "tinyshakespeare", "--model", "1:0", "--steps", "1", "--out", folder.Root];

        Assert.Contains("Loss (cross-entropy, nats)", Cli.Run([.. command, "--data", text]).Succeeds(), StringComparison.Ordinal);
        File.WriteAllText(text, string.Concat(Enumerable.Repeat("That is the question. ", 200)));
        Cli.Run([.. command, "--data", text]).Fails("1_0-1", "choose another directory");
        File.WriteAllText(text, "Too short to be learned from.");
        Cli.Run([.. command, "--data", text]).Fails("text.txt", "a window of 256");
        Cli.Run("experiment", "length-cost", "--steps", "3", "--out", folder.Root).FailsAsUsage("--steps", "xlstm experiment --help");
        Cli.Run("experiment", "wikitext-2", "--setting", "published", "--data", text, "--out", folder.Root).FailsAsUsage("wikitext-2", "xlstm experiment --help");
        Cli.Run([.. command]).FailsAsUsage("tinyshakespeare needs data", "input.txt");
        Cli.Run("experiment", "wikitext-2", "--data", folder.Root, "--out", folder.Root).Fails("\"train\"");
        Cli.Run("experiment", "parity", "--data", text, "--out", folder.Root).FailsAsUsage("parity generates its data");
    }

    [Fact]
    public void What_is_not_there_is_named()
    {
        using var folder = new TemporaryFolder();
        Cli.Run("experiment", "party", "--out", folder.Root).FailsAsUsage("party", "xlstm experiment --help");
        Cli.Run("experiment", "parity", "--model", "gru", "--out", folder.Root).FailsAsUsage("gru", "xlstm experiment --help");
        foreach (string model in new[] { "all", "0:0", "1:x", "70000:1", "1:1:1" })
            Cli.Run("experiment", "parity", "--model", model, "--out", folder.Root).FailsAsUsage($"\"{model}\" is no model: expected lstm, ");
        Cli.Run("experiment", "parity", "--model", "7:1", "--out", folder.Root).FailsAsUsage("7:1 is a pattern of 8 blocks", "xlstm experiment --help");
        Cli.Run("experiment", "parity", "--out", "").FailsAsUsage("--out expects a folder");
        Cli.Run("experiment", "parity", "--seeds", "1,x", "--out", folder.Root).FailsAsUsage("--seeds is 1,x", "xlstm experiment --help");
        Cli.Run("experiment", "parity", "--setting", "mine", "--out", folder.Root).FailsAsUsage("--setting is mine", "xlstm experiment --help");
        Cli.Run("experiment", "parity", "--minutes", "1", "--steps", "1", "--out", folder.Root).FailsAsUsage("--minutes and --steps", "xlstm experiment --help");
    }
}
