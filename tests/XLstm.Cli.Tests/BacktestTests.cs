using System.Globalization;
using System.Text.Json;
using XLstm.Cli.Commands;
using XLstm.Cli.Runs;
using XLstm.Forecasting;

namespace XLstm.Cli.Tests;

public sealed class BacktestTests(SmallForecaster model) : IClassFixture<SmallForecaster>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_sample_is_forecast_five_times_beside_simple_methods()
    {
        Cli.Outcome outcome = Run("--horizon", "12");
        string[] lines = Lines(outcome);
        int start = Array.FindIndex(lines, line => line == "Back-test: 5 windows of 12 steps, one after the other, held back and forecast from what came before.");
        Assert.True(start > 0);
        Assert.Equal(["XLstm", "Naive", "Seasonal naive", "Theta", "ETS"], lines[(start + 2)..(start + 7)].Select(line => line[2..17].Trim()));
        (string, double[])[] series = [("x", SeriesTable.Read(TableOptions.Sample).Series[0].Values)];
        EvaluationResult naive = ForecastEvaluator.Evaluate(Baselines.SeasonalNaive(12), EvaluationSet.Split("x", series, 12, 12, 5), cancellation: TestContext.Current.CancellationToken);
        EvaluationResult naive2 = ForecastEvaluator.Evaluate(Baselines.Naive2(12), EvaluationSet.Split("x", series, 12, 12, 5), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(
            [naive.Mase.ToString("F3", CultureInfo.InvariantCulture), naive.Smape.ToString("F2", CultureInfo.InvariantCulture), naive.Wql.ToString("F4", CultureInfo.InvariantCulture), naive.Owa(naive2).ToString("F3", CultureInfo.InvariantCulture), (naive.Coverage80 * 100).ToString("F0", CultureInfo.InvariantCulture) + "%"],
            lines[start + 4][17..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        int windows = Array.FindIndex(lines, line => line.StartsWith("  MASE by window", StringComparison.Ordinal));
        Assert.StartsWith("  1956-01 to 1956-12", lines[windows + 1], StringComparison.Ordinal);
        Assert.StartsWith("  1960-01 to 1960-12", lines[windows + 5], StringComparison.Ordinal);
        Assert.All(lines[(windows + 1)..(windows + 6)], line => Assert.Single(line, c => c == '*'));
        Assert.StartsWith("Best: ", lines[windows + 7], StringComparison.Ordinal);
        Assert.EndsWith("of 5 windows.", lines[windows + 7], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.True(line.Length <= 110, line));
    }

    [Fact]
    public void Compare_is_one_window()
    {
        string compared = string.Join('\n', Lines(Cli.Run("forecast", "--horizon", "12", "--compare", "--model", model.Path)).SkipWhile(line => !line.StartsWith("Back-test: ", StringComparison.Ordinal)));
        string tested = string.Join('\n', Lines(Run("--horizon", "12", "--windows", "1")).SkipWhile(line => !line.StartsWith("Back-test: ", StringComparison.Ordinal)));
        Assert.Equal(tested, compared);
        Assert.StartsWith("Back-test: the last 12 steps held back", tested, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_forecast_is_written_beside_what_came()
    {
        string file = Csv("day,a,b\n" + string.Concat(Enumerable.Range(0, 24).Select(t => $"2024-01-{t + 1:D2},{(t < 12 ? "" : $"{t % 7}")},{(t == 22 ? "" : $"{t * t}")}\n")));
        Run(file, "--horizon", "2", "--stride", "3", "--windows", "4", "--season", "1", "--output", _folder["out.csv"]).Succeeds();
        string[][] rows = [.. File.ReadAllLines(_folder["out.csv"]).Select(line => line.Split(','))];
        Assert.Equal(["series", "window", "forecaster", "time", "value", "median", "0.1"], rows[0][..7]);
        // a has known values for two windows, b for four; four forecasters, two steps.
        Assert.Equal([2, 4], rows[1..].GroupBy(r => r[0]).Select(g => g.Count() / 8));
        string[] naive = rows.Single(r => r[0] == "b" && r[2] == "Naive" && r[3] == "2024-01-21");
        Assert.Equal(["3", $"{20 * 20}", $"{18 * 18}"], [naive[1], naive[4], naive[5]]);
        Assert.Equal("", rows.First(r => r[0] == "b" && r[3] == "2024-01-23")[4]);
        Cli.Outcome outcome = Run(file, "--horizon", "2", "--stride", "3", "--windows", "4", "--season", "1", "--output", _folder["out.json"]);
        outcome.Succeeds();
        Assert.Contains("only the last of the 4 windows fit: \"a\"", outcome.Error, StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(File.ReadAllText(_folder["out.json"])).RootElement;
        Assert.Equal((2, 3), (json.GetProperty("horizon").GetInt32(), json.GetProperty("stride").GetInt32()));
        Assert.Equal([1, 1, 2, 2], json.GetProperty("scores")[1].GetProperty("windows").EnumerateArray().Select(w => w.GetProperty("series").GetInt32()));
        JsonElement last = json.GetProperty("series")[1].GetProperty("windows")[3];
        Assert.Equal((4, "2024-01-24"), (last.GetProperty("window").GetInt32(), last.GetProperty("time")[1].GetString()));
        Assert.Equal(JsonValueKind.Null, last.GetProperty("value")[0].ValueKind);
        Assert.Equal(21 * 21, last.GetProperty("forecasts")[1].GetProperty("median")[1].GetDouble());
    }

    [Fact]
    public void Windows_that_do_not_fit_are_told()
    {
        string file = Csv("shop,month,sold\n" + string.Concat(Enumerable.Range(0, 30).Select(t => $"A,{2020 + (t / 12)}-{(t % 12) + 1:D2},{t % 5}\n"))
            + "B,2020-01,1\nB,2020-02,2\nB,2020-03,3\n");
        Cli.Outcome outcome = Run(file, "--horizon", "3", "--windows", "9", "--season", "12");
        outcome.Succeeds();
        Assert.Contains("windows: 2, as many as fit of the 9 of --windows", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("left out of the back-test, being too short for 3 steps with 24 values before them: \"B\"", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("2 windows of 3 steps", outcome.Output, StringComparison.Ordinal);
        Run(Csv("a\n1\n2\n3\n4\n"), "--horizon", "3").Fails("needs 8 values: 3 to hold back, and 5 before them. There are 4.");
    }

    [Fact]
    public void A_constant_series_has_no_winner_and_a_name_stays_on_its_line()
    {
        string file = Csv("\"Main\nSt\"\n" + string.Concat(Enumerable.Repeat("5\n", 30))), output = Run(file, "--horizon", "3").Succeeds();
        Assert.DoesNotContain("NaN", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Best:", output, StringComparison.Ordinal);
        Assert.Contains("\nMain St\n", Cli.Run("forecast", file, "--horizon", "2").Succeeds().ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_calibrated_model_stands_beside_the_plain_one()
    {
        Cli.Outcome outcome = Run("--horizon", "6", "--windows", "3", "--calibrate", "--output", _folder["out.csv"]);
        string[] lines = Lines(outcome);
        Assert.Equal(["XLstm", "XLstm, calibrated", "Naive"], lines.Where(line => line.EndsWith('%')).Take(3).Select(line => line[2..20].Trim()));
        double[] series = SeriesTable.Read(TableOptions.Sample).Series[0].Values;
        Forecaster forecaster = Forecaster.Load(model.Path).With(new ForecastOptions(12));
        CalibratedForecaster calibrated = CalibratedForecaster.Calibrate(forecaster, [series[..132]], 6, cancellation: TestContext.Current.CancellationToken);
        string expected = calibrated.Forecast([series[..132]], 6, TestContext.Current.CancellationToken)[0][8][0].ToString("R", CultureInfo.InvariantCulture);
        Assert.Contains(File.ReadAllLines(_folder["out.csv"]), line => line.Contains("2,\"XLstm, calibrated\",1960-01,", StringComparison.Ordinal) && line.EndsWith("," + expected, StringComparison.Ordinal));
        Cli.Outcome few = Run(Csv("a\n" + string.Concat(Enumerable.Range(0, 16).Select(t => $"{t % 5}\n"))), "--horizon", "3", "--season", "1", "--calibrate");
        few.Succeeds();
        Assert.Contains("in 3 of 3 windows too little came before", few.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Mistakes_are_named_and_work_can_be_stopped()
    {
        Run("--windows", "0").FailsAsUsage("--windows is 0");
        Run("--stride", "0").FailsAsUsage("--stride is 0");
        Run("--output", "x.txt").FailsAsUsage("--output", ".csv or .json");
        Run(_folder["none.csv"]).Fails("there is no such file");
        string file = Csv("a\n1\n2\n");
        Run(file, "--output", file).Fails("would replace the file that is read");
        Assert.Equal(130, Cli.RunWith("", new CancellationToken(canceled: true), "backtest", "--model", model.Path).Code);
    }

    [Fact]
    public void Long_work_is_told_on_standard_error()
    {
        var (error, clock) = (new StringWriter(), new Clock());
        var streams = new Streams(TextReader.Null, false, TextWriter.Null, false, error);
        using (var progress = new WorkProgress(streams, "work", clock))
        {
            progress.Report(0.5);
            Assert.Empty(error.ToString());
            clock.Seconds = 10;
            progress.Part(1, 2).Report(0.6);
            progress.Report(0.9);
            Assert.Equal("xlstm: work: 80%, 0:02 left" + Environment.NewLine, error.ToString());
        }
        clock.Seconds = 0;
        using (var progress = new WorkProgress(streams with { ErrorIsTerminal = true }, "work", clock))
        {
            error.GetStringBuilder().Clear();
            clock.Seconds = 10;
            progress.Report(0.5);
            clock.Seconds = 11;
            progress.Report(1);
        }
        Assert.Equal("\rxlstm: work: 50%, 0:10 left\rxlstm: work: 100%, 0:00 left\r" + new string(' ', 28) + "\r", error.ToString());
    }

    private Cli.Outcome Run(params string[] args) => Cli.Run(["backtest", .. args, "--model", model.Path]);

    private static string[] Lines(Cli.Outcome outcome) => outcome.Succeeds().ReplaceLineEndings("\n").Split('\n');

    private string Csv(string text)
    {
        string file = _folder["data.csv"];
        File.WriteAllText(file, text);
        return file;
    }

    private sealed class Clock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => (long)(Seconds * 1000);
    }
}
