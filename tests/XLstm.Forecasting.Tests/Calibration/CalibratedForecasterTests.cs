namespace XLstm.Forecasting.Tests;

public sealed class CalibratedForecasterTests
{
    private const int Horizon = 4;

    private static readonly CancellationToken s_cancellation = TestContext.Current.CancellationToken;

    private static readonly double[] s_levels = [.. Forecast.StandardLevels];

    [Theory]
    [InlineData(0.25, 0)]
    [InlineData(3, 0)]
    [InlineData(1, 1.5)]
    [InlineData(0.5, -0.7)]
    public void Narrow_wide_and_biased_forecasts_come_to_hold_what_they_say(double width, double bias)
    {
        // Noise of very different sizes, tails heavier than normal.
        double[][] series = [.. Enumerable.Range(0, 100).Select(i => Noise(200, Math.Exp(i / 10.0), i))];
        var forecaster = new Stub((history, horizon) => Normal(Size(history), width, bias, horizon));
        CalibratedForecaster calibrated = CalibratedForecaster.Calibrate(forecaster, [.. series.Select(s => s[..100])], Horizon, cancellation: s_cancellation);
        Assert.Empty(calibrated.Warnings);
        Assert.Equal(600, calibrated.WindowCount);
        var held = new double[9];
        int count = 0;
        foreach (double[] s in series)
        {
            Forecast forecast = calibrated.Forecast([s[..100]], Horizon, s_cancellation)[0];
            for (int t = 100; t < s.Length; t++, count++)
                for (int level = 0; level < 9; level++)
                    held[level] += s[t] <= forecast[level][t % Horizon] ? 1 : 0;
        }
        for (int level = 0; level < 9; level++)
            if (level != 4)
                Assert.InRange(held[level] / count, s_levels[level] - 0.02, s_levels[level] + 0.02);
    }

    [Fact]
    public void Corrections_are_those_of_the_formula()
    {
        // Quantiles -4 to 4, so the width is 8; ten windows of one step with the values 1 to 10 times 8.
        double[] series = [0, 0, 0, 0, 0, 24, 8, 16, 80, 40, 48, 56, 64, 72, 32];
        var forecaster = new Stub((_, horizon) => Stub.Quantiles([-4, -3, -2, -1, 0, 1, 2, 3, 4], horizon));
        CalibratedForecaster calibrated = CalibratedForecaster.Calibrate(forecaster, [series], 1, new CalibrationOptions(10), cancellation: s_cancellation);
        Assert.Equal(10, calibrated.WindowCount);
        // Of ten scores: level 0.9 * 11 / 10 the tenth, 0.8 * 11 / 10 the ninth, ..., 0.6 * 11 / 10 the seventh; in the mirror image below.
        Assert.Equal([1.5, 2.375, 3.25, 4.125, 0, 6.875, 7.75, 8.625, 9.5], calibrated.Corrections);
        Forecast forecast = calibrated.Forecast([series], 2, s_cancellation)[0];
        // -4 + 8 * 1.5, ...; the median was 0, and is brought between its neighbours.
        Assert.Equal([8, 16, 24, 32, 32, 56, 64, 72, 80], Enumerable.Range(0, 9).Select(level => forecast[level][1]));
        Assert.Equal("stub, calibrated", calibrated.Name);
    }

    [Fact]
    public void Levels_with_too_few_windows_stay_as_they_are_and_that_is_told()
    {
        var forecaster = new Stub((_, horizon) => Stub.Quantiles([-4, -3, -2, -1, 0, 1, 2, 3, 4], horizon));
        double[] series = Noise(5 + (4 * Horizon), 1, 1);
        CalibratedForecaster four = CalibratedForecaster.Calibrate(forecaster, [series], Horizon, new CalibrationOptions(4), cancellation: s_cancellation);
        Assert.Contains("0.1, 0.9 are not calibrated: that takes 9 windows, and there are 4.", four.Warnings.Single(), StringComparison.Ordinal);
        Assert.Equal([0, 0], new[] { four.Corrections[0], four.Corrections[^1] });
        Assert.All(new[] { 1, 2, 3, 5, 6, 7 }, level => Assert.NotEqual(0, four.Corrections[level]));
        CalibratedForecaster none = CalibratedForecaster.Calibrate(forecaster, [[1, 2, 3]], Horizon, cancellation: s_cancellation);
        Assert.Equal(0, none.WindowCount);
        Assert.Contains("there are 0", none.Warnings.Single(), StringComparison.Ordinal);
        Assert.Equal([-4, 4], Ends(none.Forecast([[1, 2, -3]], 1, s_cancellation)[0]));
        Assert.Empty(CalibratedForecaster.Calibrate(forecaster, [], Horizon, cancellation: s_cancellation).Forecast([], Horizon, s_cancellation));
    }

    [Fact]
    public void Nothing_is_learned_from_gaps_and_forecasts_without_a_width()
    {
        double[] series = [.. Enumerable.Range(0, 100).Select(t => t % 2 == 0 ? double.NaN : 7.0)];
        var flat = new Stub((_, horizon) => Stub.All(5, horizon));
        CalibratedForecaster calibrated = CalibratedForecaster.Calibrate(flat, [series], Horizon, cancellation: s_cancellation);
        Assert.Equal(0, calibrated.WindowCount);
        Assert.Equal([5, 5], Ends(calibrated.Forecast([series], 1, s_cancellation)[0]));
        var wide = new Stub((_, horizon) => Stub.Quantiles([1, 2, 3, 4, 5, 6, 7, 8, 9], horizon));
        CalibratedForecaster gaps = CalibratedForecaster.Calibrate(wide, [series], 2, cancellation: s_cancellation);
        Assert.Equal(20, gaps.WindowCount);
        Assert.Equal([(7 - 1) / 8.0, (7 - 9) / 8.0], [gaps.Corrections[0], gaps.Corrections[^1]]);
        Forecast unknown = gaps.Forecast([[double.NaN]], 1, s_cancellation)[0];
        Assert.Equal(7, unknown[0][0]);
    }

    [Fact]
    public void What_was_never_negative_stays_so()
    {
        var forecaster = new Stub((_, horizon) => Stub.Quantiles([1, 2, 3, 4, 5, 6, 7, 8, 9], horizon));
        double[] far = [.. Enumerable.Range(0, 120).Select(t => t % 3 == 0 ? 40.0 : 0)];
        CalibratedForecaster calibrated = CalibratedForecaster.Calibrate(forecaster, [[.. far.Select(x => x - 20)]], Horizon, cancellation: s_cancellation);
        Assert.Equal(0, Ends(calibrated.Forecast([far], 1, s_cancellation)[0])[0]);
        Assert.Equal(-20, Ends(calibrated.Forecast([[-1, .. far]], 1, s_cancellation)[0])[0]);
    }

    [Fact]
    public void Real_forecasts_are_calibrated_alike_however_often_and_can_be_stopped()
    {
        double[] series = Noise(120, 1, 3);
        CalibratedForecaster first = CalibratedForecaster.Calibrate(Baselines.Theta(1), [series], 6, cancellation: s_cancellation), again = CalibratedForecaster.Calibrate(Baselines.Theta(1), [series], 6, cancellation: s_cancellation);
        Assert.Equal(first.Corrections, again.Corrections);
        Assert.Equal(Ends(first.Forecast([series], 6, s_cancellation)[0]), Ends(again.Forecast([series], 6, s_cancellation)[0]));
        Assert.ThrowsAny<OperationCanceledException>(() => CalibratedForecaster.Calibrate(Baselines.Naive, [series], 6, cancellation: new CancellationToken(true)));
        Assert.Throws<ArgumentOutOfRangeException>(() => CalibratedForecaster.Calibrate(Baselines.Naive, [series], 0, cancellation: s_cancellation));
        Assert.Throws<ArgumentOutOfRangeException>(() => CalibratedForecaster.Calibrate(Baselines.Naive, [series], 1, new CalibrationOptions(0), cancellation: s_cancellation));
    }

    private static double[] Ends(Forecast forecast) => [forecast[0][0], forecast[8][0]];

    private static double Size(double[] history) => history.Where(double.IsFinite).Average(Math.Abs);

    private static Forecast Normal(double size, double width, double bias, int horizon) => Stub.Quantiles([.. s_levels.Select(a => size * (bias + (width * NormalDistribution.Quantile(a))))], horizon);

    private static double[] Noise(int count, double size, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => NormalDistribution.Quantile(Math.Clamp(random.NextDouble(), 1e-9, 1 - 1e-9))).Select(z => size * z * Math.Abs(z))];
    }
}
