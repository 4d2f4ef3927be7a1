using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using XLstm.Cli.Commands;
using XLstm.Forecasting;

namespace XLstm.Cli.Tests;

/// <summary>A forecaster of a few steps of training: what it says is poor, but a forecast.</summary>
public sealed class SmallForecaster : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SmallForecaster()
    {
        using ForecasterRun run = ForecasterRun.Create(_folder["run"], new ForecasterRunOptions(Steps: 3, BatchTokens: 32, EmbeddingDim: 16, NumBlocks: 1, Pattern: "1:0", HiddenDim: 16));
        run.Train();
        Path = System.IO.Path.Combine(_folder["run"], ForecasterRun.WeightsFile);
    }

    public string Path { get; }

    public void Dispose() => _folder.Dispose();
}

public sealed partial class ForecastTests(SmallForecaster model) : IClassFixture<SmallForecaster>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_sample_is_forecast_for_two_years_with_chart_and_table()
    {
        Cli.Outcome outcome = Run();
        string output = outcome.Succeeds();
        Assert.Contains("the sample", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("\"passengers\": 144 values, one per month, 1949-01 to 1960-12", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("season: 12 (--season)", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("horizon: 24, two seasons (--horizon)", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("times are in \"month\", as 2024-01 (--time)", outcome.Error, StringComparison.Ordinal);
        string[] lines = output.ReplaceLineEndings("\n").Split('\n');
        Assert.All(lines, line => Assert.True(line.Length <= 110 && line.All(char.IsAscii), line));
        Assert.Contains(lines, line => line.Contains('|', StringComparison.Ordinal) && line.Contains('o', StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("  month", StringComparison.Ordinal) && line.EndsWith("10%     median        90%", StringComparison.Ordinal));
        Assert.Single(lines, line => line.StartsWith("  1961-01 ", StringComparison.Ordinal));
        Assert.Single(lines, line => line.StartsWith("  1962-12 ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("forecast")]
    [InlineData("anomalies")]
    public void The_file_that_is_read_is_never_replaced(string command)
    {
        string file = Csv("sold\n1\n2\n3\n4\n5\n6\n"), before = File.ReadAllText(file);
        string other = Path.Combine(Path.GetDirectoryName(file)!, ".", Path.GetFileName(file));
        Cli.Run(command, file, "--output", other).Fails("would replace the file that is read");
        Assert.Equal(before, File.ReadAllText(file));
    }

    [Fact]
    public void A_forecaster_learns_a_file_and_forecasts_it()
    {
        string file = Csv("day,sold\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"2024-{1 + (i / 28):D2}-{1 + (i % 28):D2},{i % 7}\n"))), directory = _folder["fitted"];
        string[] quick = ["--horizon", "7", "--steps", "2", "--out", directory];
        Assert.Contains("loss", Cli.Run(["finetune-forecaster", file, "--model", model.Path, .. quick]).Succeeds(), StringComparison.Ordinal);
        Cli.Run("forecast", file, "--model", directory).Succeeds();
        Cli.Run(["finetune-forecaster", file, .. quick]).Fails("--resume");
        Cli.Run("finetune-forecaster", "--resume", "--out", directory, "--season", "7").FailsAsUsage("--season");
        Cli.Run("finetune-forecaster", file, "--resume", "--out", directory).FailsAsUsage("goes on with the series that it has");
        Cli.Run("finetune-forecaster", "--resume", "--out", directory).Succeeds();
        Cli.Run("finetune-forecaster", Csv("sold\n1\n2\n3\n"), "--out", _folder["few"]).Fails("nothing to learn from");
    }

    [Fact]
    public void A_run_of_a_forecaster_is_not_replaced_and_keeps_its_options()
    {
        string run = Path.GetDirectoryName(model.Path)!;
        Cli.Run("train-forecaster", "--out", run, "--steps", "3").Fails("--resume");
        Cli.Run("train-forecaster", "--out", run, "--resume", "--dim", "64").FailsAsUsage("--dim");
        Cli.Run("train-forecaster", "--out", run, "--resume").Succeeds();
    }

    [Fact]
    public void Json_has_every_series_with_its_own_times()
    {
        string file = Csv("shop,day,sold\nA,2024-01-30,1\nA,2024-01-31,\nA,2024-02-01,3\n\"B, old\",2024-02-05,8\n\"B, old\",2024-02-06,9\nC,2024-02-06,\n");
        Run(file, "--horizon", "2", "--quantiles", "0.95,0.05", "--output", _folder["out.json"]).Succeeds();
        JsonElement[] series = [.. JsonDocument.Parse(File.ReadAllText(_folder["out.json"])).RootElement.GetProperty("series").EnumerateArray()];
        Assert.Equal(["A", "B, old", "C"], series.Select(s => s.GetProperty("name").GetString()));
        Assert.Equal(["2024-02-02", "2024-02-05"], series[0].GetProperty("time").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal(["2024-02-07", "2024-02-08"], series[1].GetProperty("time").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal(["0.05", "0.95"], series[0].GetProperty("quantiles").EnumerateObject().Select(q => q.Name));
        double[] low = Numbers(series[1].GetProperty("quantiles").GetProperty("0.05")), median = Numbers(series[1].GetProperty("median")), high = Numbers(series[1].GetProperty("quantiles").GetProperty("0.95"));
        Assert.All(Enumerable.Range(0, 2), t => Assert.True(low[t] <= median[t] && median[t] <= high[t]));
        Assert.All(series[2].GetProperty("median").EnumerateArray(), value => Assert.Equal(JsonValueKind.Null, value.ValueKind));
    }

    [Fact]
    public void Csv_has_the_numbers_of_the_library()
    {
        string file = Csv("a;b;text\n1,5;10;x\n2,5;20;y\n1,5;10;x\n2,5;21;y\n1,0;10;x\n");
        Run(file, "--horizon", "3", "--season", "2", "--output", _folder["out.csv"]).Succeeds();
        string[][] rows = [.. File.ReadAllLines(_folder["out.csv"]).Select(line => line.Split(','))];
        Assert.Equal(["series", "time", "median", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"], rows[0]);
        Assert.Equal(["a", "a", "a", "b", "b", "b"], rows[1..].Select(r => r[0]));
        Assert.Equal(["6", "7", "8"], rows[1..4].Select(r => r[1]));
        Forecast expected = Forecaster.Load(model.Path).Forecast([10, 20, 10, 21, 10], 3, season: 2, TestContext.Current.CancellationToken);
        Assert.Equal(expected.Median.ToArray(), rows[4..].Select(r => double.Parse(r[2], CultureInfo.InvariantCulture)));
        Assert.Equal(expected[8].ToArray(), rows[4..].Select(r => double.Parse(r[^1], CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("out.svg")]
    [InlineData("out.png")]
    public void A_picture_has_the_series_its_times_and_a_legend(string name)
    {
        string file = Csv("month,sold\n" + string.Concat(Enumerable.Range(0, 30).Select(i => $"20{20 + (i / 12)}-{(i % 12) + 1:D2},{(i == 7 ? "" : 50 + (i % 12))}\n")));
        Run(file, "--plot", _folder[name]).Succeeds();
        byte[] bytes = File.ReadAllBytes(_folder[name]);
        if (name.EndsWith(".png", StringComparison.Ordinal))
        {
            Assert.Equal([0x89, 0x50, 0x4E, 0x47], bytes[..4]);
            return;
        }
        string svg = File.ReadAllText(_folder[name]);
        string[] labels = [.. Label().Matches(svg).Select(m => m.Groups[1].Value.Trim())];
        Assert.All(new[] { "sold", "forecast, median", "10% to 90%", "2020-01" }, label => Assert.Contains(label, labels));
        Assert.Contains("XLstm Labels, DejaVu Sans", svg, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantiles_are_calibrated_on_the_past_of_the_series()
    {
        Cli.Outcome outcome = Run("--horizon", "6", "--calibrate", "--output", _folder["out.csv"]);
        outcome.Succeeds();
        Assert.Contains("calibrated on 20 windows of the past of the series (--calibrate)", outcome.Error, StringComparison.Ordinal);
        double[] series = SeriesTable.Read(TableOptions.Sample).Series[0].Values;
        Forecaster forecaster = Forecaster.Load(model.Path).With(new ForecastOptions(12));
        Forecast expected = CalibratedForecaster.Calibrate(forecaster, [series], 6, cancellation: TestContext.Current.CancellationToken).Forecast([series], 6, TestContext.Current.CancellationToken)[0];
        Assert.Equal(expected[0].ToArray(), File.ReadAllLines(_folder["out.csv"])[1..].Select(line => double.Parse(line.Split(',')[3], CultureInfo.InvariantCulture)));
        Assert.Contains("0.1, 0.9 are not calibrated: that takes 9 windows, and there are 5", Run(Csv("a\n1\n2\n3\n1\n2\n5\n1\n2\n3\n4\n"), "--horizon", "1", "--calibrate").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_options_say_goes_before_what_is_found()
    {
        string file = Csv("a,when,b\n1,01/02/2024,7\n2,02/02/2024,8\n3,03/02/2024,9\n");
        Cli.Outcome outcome = Run("--horizon", "1", "--dates", "monthfirst", "--column", "b", file);
        Assert.Contains("2024-04-02", outcome.Succeeds(), StringComparison.Ordinal);
        Assert.DoesNotContain("--column", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("2024-02-04", Run(file, "--horizon", "1", "--dates", "dayfirst").Succeeds(), StringComparison.Ordinal);
        Assert.Contains("\"m\": 2 values", Run(Csv("k;l|m\nx;1|3\ny;2|4\n"), "--separator", "|").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_season_is_told_where_it_is_found_and_where_it_cannot_have_been_seen()
    {
        string week = "a\n" + string.Concat(Enumerable.Range(0, 100).Select(t => $"{(t % 7 == 2 ? 9 : t % 7)}\n"));
        Assert.Contains("season: 7 steps, found in the values (--season)", Run(Csv(week)).Error, StringComparison.Ordinal);
        Assert.Contains("season: none, found in the values", Run(Csv("a\n1\n2\n4\n")).Error, StringComparison.Ordinal);
        Assert.Contains("season: looked for in each series; in \"a\" it is none", Run(Csv("a,b\n1,1\n2,2\n4,3\n")).Error, StringComparison.Ordinal);
        Assert.Contains("season: 60 is more than half of the 100 values: no season has been seen twice", Run(Csv(week), "--season", "60").Error, StringComparison.Ordinal);
        Assert.DoesNotContain("season:", Run(Csv(week), "--season", "50").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Standard_input_is_read_as_a_file()
    {
        Cli.Outcome outcome = Cli.RunWith("day,a\n2024-01-01,1\n2024-01-02,2\n2024-01-03,1\n", CancellationToken.None, "forecast", "-", "--horizon", "1", "--model", model.Path);
        Assert.Contains("  2024-01-04", outcome.Succeeds(), StringComparison.Ordinal);
        Cli.RunWith("", CancellationToken.None, "anomalies", "-").Fails("standard input: the file is empty");
    }

    [Theory]
    [InlineData("0.05,0.25,0.5,0.75,0.95", "5% to 95%")]
    [InlineData("0.9", "50% to 90%")]
    [InlineData("0.5", null)]
    public void The_fan_has_the_levels_that_are_asked_for(string levels, string? label)
    {
        string[] lines = Run("--quantiles", levels, "--plot", _folder["out.svg"]).Succeeds().ReplaceLineEndings("\n").Split('\n');
        Assert.Single(lines, line => line.Contains($"passengers: history | median{(label is null ? "" : ", " + label)} ", StringComparison.Ordinal));
        string[] labels = [.. Label().Matches(File.ReadAllText(_folder["out.svg"])).Select(m => m.Groups[1].Value.Trim()).Where(l => l.Contains('%', StringComparison.Ordinal))];
        Assert.Equal(label is null ? [] : [label], labels);
    }

    [Fact]
    public void Long_forecasts_and_many_series_are_shortened_on_the_screen_only()
    {
        string file = Csv("a,b,c,d\n1,2,3,4\n2,3,4,5\n3,5,4,3\n4,4,4,4\n");
        string output = Run(file, "--horizon", "70", "--output", _folder["all.csv"]).Succeeds();
        Assert.Contains("... and 47 more steps", output, StringComparison.Ordinal);
        Assert.Contains("... and 1 more series", output, StringComparison.Ordinal);
        Assert.Equal(1 + (4 * 70), File.ReadAllLines(_folder["all.csv"]).Length);
    }

    [Fact]
    public void Warnings_of_the_forecast_are_told()
    {
        Assert.Contains("All values of the series are the same", Run(Csv("a\n5\n5\n5\n")).Error, StringComparison.Ordinal);
        Cli.Outcome empty = Run(Csv("a,b\n,\n1,\n2,\n"), "--column", "b");
        Assert.Contains("no values", empty.Error, StringComparison.Ordinal);
        empty.Succeeds();
    }

    [Fact]
    public void Mistakes_are_named()
    {
        Run(_folder["none.csv"]).Fails("none.csv: there is no such file");
        Run(_folder.Root).Fails("found a directory");
        Run(Csv("month,a\n2024-01,1\n2024-02,x1\n2024-03,2\n2024-04,2\n")).Fails("line 3, column \"a\": \"x1\" is no number");
        Run(Csv("a,b\n1,2\n"), "--column", "c").Fails("no column \"c\"");
        Run(Csv("a\n1\n2\n3\n4\n"), "--horizon", "3", "--compare").Fails("A back-test needs 8 values");
        Run("--output", "x.xlsx").FailsAsUsage("--output", ".csv or .json");
        Run("--plot", "x.jpg").FailsAsUsage("--plot", ".svg or .png");
        Run("--output", Path.Combine(_folder["none"], "x.csv")).Fails("there is no such directory");
        Run("--separator", "ab").FailsAsUsage("--separator is ab");
        Run("--horizon", "0").FailsAsUsage("--horizon is 0; expected a whole number, 1 to 100000");
        Run("--quantiles", "0.5,1").FailsAsUsage("between 0 and 1");
        Run("--dates", "yearfirst").FailsAsUsage("dayfirst|monthfirst");
        Cli.Run("forecast", "--model", _folder["none.safetensors"]).Fails("none.safetensors");
        Run("--plot", Csv("a\n1\n")).FailsAsUsage("--plot", ".svg or .png");
        Cli.Run("forecast", "--model", TinyModel.Create(_folder["language"])).Fails("this is a language model, which \"generate\" runs");
        Assert.Equal(130, Cli.RunWith("", new CancellationToken(canceled: true), "forecast", "--model", model.Path).Code);
    }

    [GeneratedRegex("<text [^>]*>([^<]*)<")]
    private static partial Regex Label();

    private Cli.Outcome Run(params string[] args) => Cli.Run(["forecast", .. args, "--model", model.Path]);

    private string Csv(string text)
    {
        string file = _folder["data.csv"];
        File.WriteAllText(file, text);
        return file;
    }

    private static double[] Numbers(JsonElement values) => [.. values.EnumerateArray().Select(v => v.GetDouble())];
}
