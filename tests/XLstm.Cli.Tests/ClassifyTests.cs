using System.Globalization;

namespace XLstm.Cli.Tests;

public sealed class ClassifyTests
{
    [Fact]
    public void A_classifier_is_trained_measured_and_used()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["waves.csv"], Waves("label", "slow", "fast"));
        string trained = Train(folder, "--test", folder["waves.csv"]).Succeeds();
        Assert.Contains("balanced accuracy", trained, StringComparison.Ordinal);
        Assert.Contains("has the classifier", trained, StringComparison.Ordinal);
        Cli.Run("classify", "predict", folder["waves.csv"], "--model", folder["out"], "--output", folder["told.csv"]).Succeeds();
        string[] lines = File.ReadAllLines(folder["told.csv"]);
        Assert.Equal(7, lines.Length);
        Assert.Equal("series,label,fast,slow", lines[0]);
        Cli.Run("classify", "predict", folder["waves.csv"], "--model", folder["out"], "--output", folder["told.json"]).Succeeds();
        Assert.Contains("\"probabilities\"", File.ReadAllText(folder["told.json"]), StringComparison.Ordinal);
    }

    /// <summary>A record of a sensor: learned from in windows, and told by the steps of windows.</summary>
    [Fact]
    public void Records_are_cut_into_windows()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["waves.csv"], "x,label\n" + string.Concat(Enumerable.Range(0, 120).Select(t => $"{Math.Sin((t / 30 % 2 == 0 ? 0.3 : 1.3) * t).ToString(CultureInfo.InvariantCulture)},{(t / 30 % 2 == 0 ? "slow" : "fast")}\n")));
        Cli.Outcome trained = Train(folder, "--window", "15", "--every", "5");
        trained.Succeeds();
        Assert.Contains("22 windows of 15 steps, one every 5", trained.Error, StringComparison.Ordinal);
        // The classifier knows how it was trained, and nothing has to be said again.
        Assert.Contains("accuracy", Cli.Run("classify", "predict", folder["waves.csv"], "--model", folder["out"], "--output", folder["told.csv"]).Succeeds(), StringComparison.Ordinal);
        string[] lines = File.ReadAllLines(folder["told.csv"]);
        Assert.Equal(23, lines.Length);
        Assert.StartsWith("106-120,", lines[^1], StringComparison.Ordinal);
        File.WriteAllText(folder["new.csv"], "device,x\n" + string.Concat(Enumerable.Range(0, 32).Select(t => $"phone,{t % 7}\n")));
        Cli.Outcome told = Cli.Run("classify", "predict", folder["new.csv"], "--every", "15", "--model", folder["out"]);
        Assert.Matches("^1-15,(slow|fast)\n16-30,(slow|fast)\n$", told.Succeeds().ReplaceLineEndings("\n"));
        Assert.Contains("left out: device", told.Error, StringComparison.Ordinal);
        Assert.Contains("windows of 10 steps, where the training had 15", Cli.Run("classify", "predict", folder["new.csv"], "--window", "10", "--model", folder["out"]).Error, StringComparison.Ordinal);
        Cli.Run("classify", "train", folder["waves.csv"], "--every", "5", "--out", folder["other"]).FailsAsUsage("expected --window, too");
        Cli.Run("classify", "predict", folder["waves.csv"], "--window", "121", "--model", folder["out"]).Fails("the longest record has 120");
    }

    /// <summary>What is said of the weights and the pooling is what the run has.</summary>
    [Fact]
    public void Options_reach_the_run()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["waves.csv"], Waves("label", "a=b", "fast"));
        Train(folder, "--class-weight", "a=b=2.5", "fast=1e-1", "--pooling", "last").Succeeds();
        string run = File.ReadAllText(Path.Combine(folder["out"], "run.json"));
        Assert.Matches("\"a=b\": 2.5,\\s+\"fast\": 0.1", run);
        Assert.Contains("\"Last\"", run, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Numbers_are_told_in_the_same_way()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["waves.csv"], Waves("hours", "1.5", "7"));
        Train(folder, "--label", "hours", "--regression").Succeeds();
        File.WriteAllText(folder["plain.csv"], "a,b\n1,2\n");
        Assert.Matches(@"^-?[0-9.]+\s*$", Cli.Run("classify", "predict", folder["plain.csv"], "--model", folder["out"]).Succeeds());
        Assert.Contains("RMSE", Cli.Run("classify", "predict", folder["waves.csv"], "--model", folder["out"], "--label", "hours").Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void Sets_are_measured_beside_published_results()
    {
        using var folder = new TemporaryFolder();
        string set = "@timeStamps false\n@classLabel true 1 2\n@data\n1,2,3,2:1\n3,1,3,1:2\n1,2,3,1:1\n3,1,2,1:2\n";
        File.WriteAllText(folder["GunPoint_TRAIN.ts"], set);
        File.WriteAllText(folder["GunPoint_TEST.ts"], set);
        string table = Cli.Run("classify", "evaluate", folder.Root, "--steps", "2").Succeeds();
        Assert.Contains("GunPoint", table, StringComparison.Ordinal);
        Assert.Contains("0.991", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Mistakes_are_told()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["waves.csv"], Waves("label", "slow", "fast"));
        File.WriteAllText(folder["bad.csv"], "label,a\nu,1\nv,x\n");
        Cli.Run("classify").FailsAsUsage("train, predict or evaluate");
        Cli.Run("classify", "train").FailsAsUsage("no file to learn from");
        Cli.Run("classify", "train", folder["none.csv"]).Fails("no such file");
        Cli.Run("classify", "train", folder["bad.csv"], "--out", folder["out"]).Fails("line 3", "column \"a\"");
        Cli.Run("classify", "predict", folder["waves.csv"], "--model", folder["none"]).Fails("none");
        File.WriteAllText(folder["two.csv"], "id,a,b,label\nr,1,2,slow\nr,2,3,slow\n");
        File.WriteAllText(folder["plain.csv"], "a,b\n1,2\n");
        foreach ((string option, string value, string said) in new[]
        {
            ("--test", folder["two.csv"], "two.csv: the series have 2 channels, expected 1"), ("--test", folder["plain.csv"], "plain.csv: there is nothing to measure on"), ("--pattern", ":", "\":\" is no pattern"),
            ("--class-weight", "none=2", "none"), ("--class-weight", "slow=0", "The weight of class slow is 0"),
        })
        {
            Cli.Outcome refused = Train(folder, option, value);
            Assert.Equal(1, refused.Code);
            Assert.Contains(said, refused.Error, StringComparison.Ordinal);
        }
        Assert.False(Directory.Exists(folder["out"]));
        Cli.Run("classify", "evaluate", folder.Root).Fails("there is no set");
        Cli.Run("classify", "train", folder["waves.csv"], "--class-weight", "slow").FailsAsUsage("--class-weight is slow");
        Cli.Run("classify", "train", folder["waves.csv"], "--class-weight", "slow=1", "slow=2").FailsAsUsage("--class-weight is slow=2");
        Cli.Run("classify", "train", folder["waves.csv"], "--steps", "0").FailsAsUsage("--steps", "xlstm classify train --help");
    }

    [Fact]
    public void Help_has_the_whole_name_of_the_command() =>
        Assert.Contains("xlstm classify train [FILE] [options]", Cli.Run("classify", "train", "--help").Succeeds(), StringComparison.Ordinal);

    private static Cli.Outcome Train(TemporaryFolder folder, params string[] more) =>
        Cli.Run(["classify", "train", folder["waves.csv"], "--out", folder["out"], "--steps", "2", "--dim", "16", "--threads", "1", .. more]);

    private static string Waves(string label, string even, string odd) => string.Join('\n',
    [
        $"{label},{string.Join(',', Enumerable.Range(1, 20).Select(t => $"t{t}"))}",
        .. Enumerable.Range(0, 6).Select(i => $"{(i % 2 == 0 ? even : odd)},{string.Join(',', Enumerable.Range(0, 20).Select(t => Math.Sin(((i % 2) + 0.3) * t).ToString(CultureInfo.InvariantCulture)))}"),
    ]);
}
