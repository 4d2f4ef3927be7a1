using System.Text.Json;
using XLstm.Kernels;

namespace XLstm.Cli.Tests;

/// <summary>What the command shows, not how fast the machine is.</summary>
public sealed class BenchTests : IDisposable
{
    private static readonly string[] s_names = ["product", "read", "slstm", "mlstm", "training", "prompt", "generation"];
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void One_screen_and_a_file()
    {
        string file = _folder["speed.json"];
        string[] lines = Cli.Run("bench", "--quick", "--json", file).Succeeds().TrimEnd().ReplaceLineEndings("\n").Split('\n');
        Assert.Equal(2 + s_names.Length, lines.Length);
        Assert.Contains(Simd.Description, lines[0], StringComparison.Ordinal);
        Assert.Contains("1 thread", lines[1], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.InRange(line.Length, 1, 120));
        Check(File.ReadAllText(file));
    }

    [Fact]
    public void Json_alone_on_standard_output()
    {
        Cli.Outcome outcome = Cli.Run("bench", "--quick", "--json", "-");
        Check(outcome.Succeeds());
        Assert.Contains("training, 0.83 M parameters", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Ctrl_C_ends_it()
    {
        Cli.Outcome outcome = Cli.RunWith("", new CancellationToken(canceled: true), "bench");
        Assert.Equal((130, "xlstm: stopped."), (outcome.Code, outcome.Error.Trim()));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_named_before_anything_is_measured()
    {
        Cli.Run("bench", "--json", _folder.Root).Fails(_folder.Root, "found a directory");
        Cli.Run("bench", "--json", "").FailsAsUsage("file name");
        Cli.Run("bench", "--json", Path.Combine(_folder["none"], "speed.json")).Fails(_folder["none"], "there is no such directory");
        Cli.Run("bench", "--slow").FailsAsUsage("\"--slow\" is not known here.");
    }

    private static void Check(string text)
    {
        JsonElement json = JsonDocument.Parse(text).RootElement;
        Assert.Equal(Environment.ProcessorCount, json.GetProperty("cores").GetInt32());
        Assert.Equal(Simd.Description, json.GetProperty("simd").GetString());
        JsonElement[] results = [.. json.GetProperty("results").EnumerateArray()];
        int[] threads = Environment.ProcessorCount > 1 ? [1, Environment.ProcessorCount] : [1];
        Assert.Equal(
            s_names.SelectMany(name => threads.Select(count => (name, count))),
            results.Select(r => (r.GetProperty("name").GetString()!, r.GetProperty("threads").GetInt32())));
        Assert.All(results, r => Assert.True(r.GetProperty("value").GetDouble() > 0 && r.GetProperty("unit").GetString()!.EndsWith("/s", StringComparison.Ordinal), r.ToString()));
    }
}
