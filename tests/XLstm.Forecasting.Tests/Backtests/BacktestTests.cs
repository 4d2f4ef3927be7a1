using CsCheck;

namespace XLstm.Forecasting.Tests;

public sealed class BacktestTests
{
    private const double NaN = double.NaN;

    private static readonly CancellationToken s_cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public void Windows_end_with_the_series_and_there_are_as_many_as_fit()
    {
        var test = new Backtest([("a", Rising(20)), ("b", Rising(11)), ("short", Rising(7)), ("c", Rising(8))], new BacktestOptions(3, 4));
        Assert.Equal((4, 3, 5), (test.WindowCount, test.Options.Stride, test.Options.MinHistory));
        Assert.Equal([2], test.LeftOut);
        Assert.Equal(
            [new(0, 0, 8), new(0, 1, 11), new(0, 2, 14), new(0, 3, 17), new(1, 2, 5), new(1, 3, 8), new(3, 3, 5)],
            test.Windows);
        Assert.Equal([17, 18, 19], test.Actual(test.Windows[3]).ToArray());
        Assert.Equal(Rising(17), test.History(test.Windows[3]).ToArray());
    }

    [Fact]
    public void Only_known_values_count_as_history()
    {
        double[] late = [NaN, double.PositiveInfinity, NaN, NaN, 1, 2, NaN, 3, 4, 5, 6, 7, 8];
        var test = new Backtest([("late", late)], new BacktestOptions(1, 9, MinHistory: 3));
        Assert.Equal([8, 9, 10, 11, 12], test.Windows.Select(w => w.Start));
        Assert.True(double.IsNaN(test.History(test.Windows[0])[1]));
    }

    [Fact]
    public void Any_windows_lie_in_their_series_a_stride_apart() => Gen.Select(Gen.Int[0, 60].Array[1, 6], Gen.Int[1, 9], Gen.Int[1, 8], Gen.Int[1, 12], Gen.Int[1, 9]).Sample(
        (lengths, horizon, windows, stride, history) =>
        {
            var test = new Backtest([.. lengths.Select(n => ("", Rising(n)))], new BacktestOptions(horizon, windows, stride, MinHistory: history));
            for (int i = 0; i < lengths.Length; i++)
            {
                BacktestWindow[] own = [.. test.Windows.Where(w => w.Series == i)];
                Assert.Equal(test.LeftOut.Contains(i), own.Length == 0);
                Assert.Equal(own.Length == 0, lengths[i] < horizon + history);
                if (own.Length == 0)
                    continue;
                Assert.Equal((lengths[i] - horizon, test.WindowCount - 1), (own[^1].Start, own[^1].Number));
                Assert.True(own[0].Start >= history && (own.Length == windows || own[0].Start - stride < history));
                Assert.All(own.Zip(own.Skip(1)), pair => Assert.Equal((stride, 1), (pair.Second.Start - pair.First.Start, pair.Second.Number - pair.First.Number)));
            }
        },
        iter: 500);

    [Fact]
    public void Scores_are_those_of_the_evaluation_pooled_and_by_window()
    {
        (string, double[])[] series = [("a", Wave(60)), ("b", Wave(47))];
        IForecaster forecaster = Baselines.SeasonalNaive(6);
        BacktestResult result = new Backtest(series, new BacktestOptions(5, 3, Season: 6)).Run(forecaster, cancellation: s_cancellation);
        EvaluationSet all = EvaluationSet.Split("back-test", series, 5, 6, 3);
        Same(ForecastEvaluator.Evaluate(forecaster, all, cancellation: s_cancellation), result.Pooled);
        Assert.Equal(3, result.ByWindow.Count);
        for (int w = 0; w < 3; w++)
            Same(ForecastEvaluator.Evaluate(forecaster, new EvaluationSet($"window {w + 1}", [all.Series[w], all.Series[3 + w]], 6), cancellation: s_cancellation), result.ByWindow[w]);

        // Sums in another order.
        static void Same(EvaluationResult expected, EvaluationResult actual)
        {
            Assert.Equal((expected.Set, expected.Forecaster, expected.Series, expected.Unscaled), (actual.Set, actual.Forecaster, actual.Series, actual.Unscaled));
            Assert.Equal([expected.Mase, expected.Wql, expected.Deviation, expected.Smape, expected.Coverage80], [actual.Mase, actual.Wql, actual.Deviation, actual.Smape, actual.Coverage80], (x, y) => Math.Abs(x - y) < 1e-12);
        }
    }

    [Fact]
    public void A_forecast_sees_what_was_known_and_nothing_else()
    {
        var test = new Backtest([("a", Rising(300)), ("b", Rising(90))], new BacktestOptions(2, 100, 1));
        var asked = new List<double[]>();
        BacktestResult result = test.Run(
            new Stub((history, horizon) =>
            {
                asked.Add(history);
                return Stub.All(history[^1], horizon);
            }),
            cancellation: s_cancellation);
        Assert.Equal(test.Windows.Count, result.Forecasts.Count);
        Assert.All(asked, history => Assert.Equal(Rising(history.Length), history));
        Assert.All(test.Windows.Zip(result.Forecasts), pair => Assert.Equal(pair.First.Start - 1, pair.Second.Median[0]));
        Assert.Equal(test.Windows.Select(w => w.Start), asked.Select(history => history.Length));
    }

    [Fact]
    public void One_that_learns_is_made_for_each_window_from_what_came_before()
    {
        var test = new Backtest([("a", Rising(20)), ("b", Rising(11))], new BacktestOptions(3, 4));
        var learned = new List<int[]>();
        BacktestResult result = test.Run(
            "learner",
            known =>
            {
                learned.Add([.. known.Select(series => series.Length)]);
                Assert.All(known, series => Assert.Equal(Rising(series.Length), series));
                int teacher = learned.Count;
                return new Stub((_, horizon) => Stub.All(teacher, horizon));
            },
            cancellation: s_cancellation);
        Assert.Equal([[8], [11], [14, 5], [17, 8]], learned);
        Assert.Equal([1, 2, 3, 4, 3, 4], result.Forecasts.Select(f => (int)f.Median[0]));
        Assert.Equal(("learner", "learner"), (result.Forecaster, result.Pooled.Forecaster));
    }

    [Fact]
    public void Nothing_that_fits_has_no_scores()
    {
        foreach ((string, double[])[] series in new (string, double[])[][] { [], [("a", [])], [("a", Rising(5)), ("b", [.. Enumerable.Repeat(NaN, 50)])] })
        {
            var test = new Backtest(series, new BacktestOptions(3));
            Assert.Equal((0, series.Length), (test.WindowCount, test.LeftOut.Count));
            BacktestResult result = test.Run(Baselines.Naive, cancellation: s_cancellation);
            Assert.True(double.IsNaN(result.Pooled.Mase) && double.IsNaN(result.Pooled.Wql) && result.ByWindow.Count == 0);
        }
    }

    [Fact]
    public void Work_is_told_and_can_be_stopped()
    {
        var test = new Backtest([.. Enumerable.Range(0, 50).Select(i => ($"{i}", Wave(40)))], new BacktestOptions(4, 3));
        var told = new List<double>();
        test.Run(Baselines.Naive, new Told(told.Add), s_cancellation);
        Assert.Equal([64 / 150.0, 128 / 150.0, 1], told);
        told.Clear();
        test.Run("x", _ => Baselines.Naive, new Told(told.Add), s_cancellation);
        Assert.Equal([50 / 150.0, 100 / 150.0, 1], told);
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => test.Run(Baselines.Naive, new Told(_ => stop.Cancel()), stop.Token));
        Assert.ThrowsAny<OperationCanceledException>(() => test.Run("x", _ => Baselines.Naive, cancellation: new CancellationToken(true)));
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        Fails(new BacktestOptions(0), "Horizon is 0");
        Fails(new BacktestOptions(1, 0), "Windows is 0");
        Fails(new BacktestOptions(1, 1, 0), "Stride is 0");
        Fails(new BacktestOptions(1, Season: 0), "Season is 0");
        Fails(new BacktestOptions(1, MinHistory: 0), "MinHistory is 0");
        Assert.Equal(int.MaxValue, new Backtest([("a", Rising(9))], new BacktestOptions(int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue)).Options.MinHistory);

        static void Fails(BacktestOptions options, string message) =>
            Assert.Contains(message, Assert.Throws<ArgumentOutOfRangeException>(() => new Backtest([("a", Rising(9))], options)).Message, StringComparison.Ordinal);
    }

    private static double[] Rising(int length) => [.. Enumerable.Range(0, length).Select(t => (double)t)];

    private static double[] Wave(int length) => [.. Enumerable.Range(0, length).Select(t => 10 + (3 * Math.Sin(t)) + (t % 6))];
}
