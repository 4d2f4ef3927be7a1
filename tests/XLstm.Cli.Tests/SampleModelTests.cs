using System.Diagnostics;
using System.Runtime.InteropServices;

namespace XLstm.Cli.Tests;

public sealed class SampleModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_speaks_where_no_model_has_been_trained()
    {
        (string text, string notes) = RunHere("generate", "--prompt", "Up, and to the off", "--temperature", "0", "--max-tokens", "3");
        Assert.Equal("ice", text);
        Assert.Contains("sample model", notes, StringComparison.Ordinal);
    }

    [Fact]
    public void It_gives_way_to_a_model_of_the_user()
    {
        TinyModel.Create(_folder[ModelDirectory.Default]);
        (_, string notes) = RunHere("generate", "--max-tokens", "1");
        Assert.Equal("", notes);
    }

    [Fact]
    public void It_knows_its_texts()
    {
        XLstmLanguageModel model = XLstmLanguageModel.Load(ModelDirectory.Sample);
        int[] tokens = TextTokenizer.Load(ModelDirectory.Sample).Encode("\nUp, and to the office, where we sat all the morning, and at noon home to dinner with my wife.");
        using var pass = new Pass();
        Tensor logits = model.Forward(tokens[..^1], 1, null, pass).Logits;
        float loss = Ops.CrossEntropy(pass, logits, tokens[1..]).Span[0];
        Assert.InRange(loss, 0.01f, 1f); // a text of the model's own kind; without learning it is ln 256 = 5.5
    }

    // Which model is the default depends on the folder, and a process has only one.
    private (string Output, string Notes) RunHere(params string[] args)
    {
        string host = Path.GetFullPath(Path.Combine(
            RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        var start = new ProcessStartInfo(host, [Path.Combine(AppContext.BaseDirectory, "XLstm.Cli.dll"), .. args])
        {
            WorkingDirectory = _folder.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> notes = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, notes.Result);
        return (output, notes.Result);
    }
}
