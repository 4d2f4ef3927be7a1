using System.Globalization;
using System.Text;
using System.Text.Json;

namespace XLstm.Cli.Tests;

public sealed class AnomaliesTests : IDisposable
{
    private const int Spike = 150;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_spike_is_marked_in_the_chart_and_listed()
    {
        Cli.Outcome outcome = Cli.Run("anomalies", Load(), "--column", "load");
        string[] lines = outcome.Succeeds().ReplaceLineEndings("\n").Split('\n');
        Assert.Contains("\"load\": 200 values, one per hour", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("season: 24 (--season)", outcome.Error, StringComparison.Ordinal);
        Assert.All(lines, line => Assert.True(line.Length <= 110 && line.All(char.IsAscii), line));
        // The spike is the highest value of the chart.
        Assert.Contains(" o", lines[0], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.Contains("of 184 values are not as expected.", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.EndsWith("value   expected   80% from         to      score", StringComparison.Ordinal));
        string found = Assert.Single(lines, line => line.StartsWith("  2024-01-07T06:00", StringComparison.Ordinal));
        Assert.Contains(" 30.0", found, StringComparison.Ordinal);
        Assert.Contains(" +", found, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_have_every_judged_value()
    {
        string file = Load();
        Cli.Run("anomalies", file, "--last", "60", "--output", _folder["out.csv"]).Succeeds();
        string[][] rows = [.. File.ReadAllLines(_folder["out.csv"]).Select(line => line.Split(','))];
        Assert.Equal(["series", "time", "value", "expected", "lower", "upper", "score", "p", "anomaly"], rows[0]);
        Assert.Equal(1 + (2 * 60), rows.Length);
        string[] spike = Assert.Single(rows, row => row[0] == "load" && row[1] == "2024-01-07T06:00");
        Assert.Equal("1", spike[8]);
        Assert.True(Number(spike[2]) > Number(spike[5]) && Number(spike[6]) > 3 && Number(spike[7]) <= 0.01);
        // The second column is missing there.
        Assert.Equal(["", "", "", "0"], Assert.Single(rows, row => row[0] == "other" && row[1] == "2024-01-07T06:00").Where((_, i) => i is 2 or 6 or 7 or 8));

        Cli.Run("anomalies", file, "--last", "60", "--output", _folder["out.json"]).Succeeds();
        JsonElement[] series = [.. JsonDocument.Parse(File.ReadAllText(_folder["out.json"])).RootElement.GetProperty("series").EnumerateArray()];
        Assert.Equal(["load", "other"], series.Select(s => s.GetProperty("name").GetString()));
        Assert.All(new[] { "time", "value", "expected", "lower", "upper", "score", "p" }, name => Assert.Equal(60, series[0].GetProperty(name).GetArrayLength()));
        Assert.Equal(rows.Where(row => row is ["load", .., "1"]).Select(row => row[1]), series[0].GetProperty("anomalies").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal(JsonValueKind.Null, series[1].GetProperty("score")[10].ValueKind);
    }

    [Theory]
    [InlineData("out.svg")]
    [InlineData("out.png")]
    public void A_picture_has_the_values_what_was_expected_and_what_is_not_as_expected(string name)
    {
        Cli.Outcome outcome = Cli.Run("anomalies", Load(), "--last", "60", "--plot", _folder[name]);
        outcome.Succeeds();
        Assert.Contains($"{name} has \"load\", one of 2 series", outcome.Error, StringComparison.Ordinal);
        byte[] bytes = File.ReadAllBytes(_folder[name]);
        if (name.EndsWith(".png", StringComparison.Ordinal))
            Assert.Equal([0x89, 0x50, 0x4E, 0x47], bytes[..4]);
        else
            Assert.All(new[] { "expected, 80%", "not as expected", "2024-01-" }, label => Assert.Contains(label, Encoding.UTF8.GetString(bytes), StringComparison.Ordinal));
        Cli.Run("anomalies", "--plot", "x.jpg").FailsAsUsage("--plot", ".svg or .png");
    }

    [Fact]
    public void Nothing_found_is_told()
    {
        string file = Csv("a\n" + string.Concat(Enumerable.Repeat("5\n", 30)));
        string output = Cli.Run("anomalies", file).Succeeds();
        Assert.Contains("0 of 14 values are not as expected.", output, StringComparison.Ordinal);
        Assert.Contains("0 of 10 values", Cli.Run("anomalies", file, "--ahead", "5").Succeeds(), StringComparison.Ordinal);
        Assert.Contains("+inf", Cli.Run("anomalies", Csv(File.ReadAllText(file) + "6\n")).Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void Mistakes_are_named()
    {
        Cli.Run("anomalies", _folder["none.csv"]).Fails("none.csv: there is no such file");
        Cli.Run("anomalies", Csv("a\n1\n2\n3\n")).Fails("needs a series of 17 values");
        Cli.Run("anomalies", "--output", "x.xlsx").FailsAsUsage("--output", ".csv or .json");
        Cli.Run("anomalies", "--model", _folder["none.safetensors"]).Fails("none.safetensors");
        Cli.Run("anomalies", "--rate", "0").FailsAsUsage("--rate is 0", "above 0, 0.5 at most");
        Cli.Run("anomalies", "--last", "0").FailsAsUsage("--last is 0");
        Assert.Equal(130, Cli.RunWith("", new CancellationToken(canceled: true), "anomalies").Code);
    }

    // Hourly, with a day of 24 steps, little noise and one value far above.
    private string Load()
    {
        var random = new Random(1);
        return Csv("time,load,other\n" + string.Concat(Enumerable.Range(0, 200).Select(t =>
        {
            double value = t == Spike ? 30 : 10 + (5 * Math.Sin(2 * Math.PI * t / 24)) + (0.2 * random.NextDouble());
            return string.Create(CultureInfo.InvariantCulture, $"{new DateTime(2024, 1, 1).AddHours(t):yyyy-MM-dd HH:mm},{value:F3},{(t == Spike ? "" : value.ToString("F2", CultureInfo.InvariantCulture))}\n");
        })));
    }

    private string Csv(string text)
    {
        string file = _folder["data.csv"];
        File.WriteAllText(file, text);
        return file;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
