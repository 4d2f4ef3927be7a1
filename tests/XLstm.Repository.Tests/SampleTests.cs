using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace XLstm.Repository.Tests;

/// <summary>Runs every sample as a user would.</summary>
public sealed partial class SampleTests
{
    [Fact]
    public async Task LstmReplacement_learns_its_task()
    {
        string[] output = await Run("LstmReplacement");
        Assert.InRange(Numbers(output[1])[0], 30, 70);
        Assert.InRange(Numbers(output[2])[0], 90, 100);
    }

    [Fact]
    public async Task CustomModel_learns_its_task()
    {
        string[] output = await Run("CustomModel");
        double[] before = Numbers(output[1]), after = Numbers(output[2]);
        Assert.True(after[0] < before[0] - 0.5, $"The loss goes from {before[0]} to {after[0]}.");
        (double calm, double rough) = (after[^2], after[^1]);
        Assert.True(calm < rough / 2, $"The deviation is {calm} when calm and {rough} when rough.");
    }

    [Fact]
    public async Task Streaming_keeps_its_size()
    {
        string[] output = await Run("Streaming");
        double[] first = Numbers(output[0]), last = Numbers(output[2]);
        Assert.Equal((100, 10_000), (first[0], last[0]));
        Assert.Equal(first[1], last[1]);
    }

    [Fact]
    public async Task Forecasting_beats_the_year_before()
    {
        double[] scores = Numbers((await Run("Forecasting"))[12]);
        Assert.True(scores[0] < 0.7 * scores[1], $"MASE {scores[0]}, that of the year before {scores[1]}.");
    }

    [Fact]
    public async Task TrainedInPython_has_the_published_scores()
    {
        double[] scores = Numbers((await Run("TrainedInPython"))[1])[^6..];
        Assert.InRange(scores[2], 0, 1e-5);
        Assert.InRange(scores[5], 0, 1e-5);
    }

    [Fact]
    public async Task MLNet_loads_what_it_saved() => Assert.EndsWith("the same forecast", (await Run("MLNet"))[^1], StringComparison.Ordinal);

    [Fact]
    public async Task Classification_tells_gestures_apart()
    {
        string[] output = await Run("Classification");
        Assert.InRange(Numbers(output[1])[0], 90, 100);
        Assert.Equal("loaded: True", output[2]);
        Assert.InRange(Numbers(output[3])[^1], 0.5, 1);
    }

    [Fact]
    public async Task OwnExperiment_tells_the_models_apart()
    {
        double[][] shares = [.. (await Run("OwnExperiment")).Select(line => Numbers(line[5..]))];
        Assert.InRange(shares[0][0], 0.99, 1);
        Assert.InRange(shares[1][0], -0.1, 0.9);
    }

    [Fact]
    public async Task ChatClient_answers_and_remembers()
    {
        string[] output = await Run("ChatClient");
        Assert.True(Numbers(output[1])[1] > 0, "The second question reads only what is new.");
    }

    [Fact]
    public void Every_sample_has_a_test()
    {
        IEnumerable<string> samples = RepositoryFiles.Below("samples/", ".csproj").Select(p => Path.GetFileNameWithoutExtension(p)!);
        IEnumerable<string> tested = typeof(SampleTests).GetMethods().Select(m => m.Name.Split('_')[0]);
        Assert.Empty(samples.Except(tested, StringComparer.Ordinal));
    }

    /// <summary>The lines that a sample prints: those of samples/README.md, but for numbers and for what follows "...".</summary>
    private static async Task<string[]> Run(string sample)
    {
        string output = await Execute(sample);
        string expected = Assert.Single(new Markdown("samples/README.md").Fences, f => f.Heading == sample && f.Language == "text").Text;
        Assert.Equal(Shape(expected), Shape(output));
        return output.TrimEnd().Split('\n');
    }

    private static async Task<string> Execute(string sample)
    {
        // bin/Release/net10.0 of this test is also the sample's.
        string build = Path.GetRelativePath(Path.Combine(RepositoryFiles.Root, "tests", "XLstm.Repository.Tests"), AppContext.BaseDirectory);
        string dotnet = Path.GetFullPath(Path.Combine(
            RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        var start = new ProcessStartInfo(dotnet, [Path.Combine(RepositoryFiles.Root, "samples", sample, build, sample + ".dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            CancellationToken cancellation = TestContext.Current.CancellationToken;
            Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation), error = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            Assert.True(process.ExitCode == 0, $"{sample} ended with {process.ExitCode}: {await error}");
            return (await output).ReplaceLineEndings("\n");
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }

    private static string Shape(string text) => string.Join('\n', text.TrimEnd().Split('\n').Select(l => Spaces().Replace(Number().Replace(l.Split("...")[0], "#"), " ")));

    private static double[] Numbers(string line) => [.. Number().Matches(line).Select(m => double.Parse(m.Value, CultureInfo.InvariantCulture))];

    [GeneratedRegex(@"-?\d+(\.\d+)?")]
    private static partial Regex Number();

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();
}
