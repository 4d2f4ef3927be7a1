namespace XLstm.Forecasting.Tests;

public sealed class SmoothingTests
{
    private static readonly double[] s_noise = [.. Enumerable.Range(0, 200).Select(t => Math.Sin(t * t * 0.7) + Math.Cos(t * 1.3 * t))];

    private static Forecast Forecast(IForecaster forecaster, int horizon, double[] series) =>
        forecaster.Forecast([series], horizon, TestContext.Current.CancellationToken)[0];

    [Fact]
    public void Naive2_puts_the_season_back()
    {
        double[] factors = [0.5, 1.5, 1, 1], series = [.. Enumerable.Range(0, 21).Select(t => 8 * factors[t % 4])];
        Forecast forecast = Forecast(Baselines.Naive2(4), 5, series);
        Assert.Equal([12, 8, 8, 4, 12], forecast.Median.ToArray().Select(x => Math.Round(x, 9)));
        Assert.Equal(12, forecast[8][0], 1e-6);
    }

    [Fact]
    public void Naive2_without_a_season_is_naive()
    {
        double[] series = [3, 7, 4, 9, 2, 6, 6, 1];
        for (int level = 0; level < 9; level++)
            Assert.Equal(Forecast(Baselines.Naive, 4, series)[level].ToArray(), Forecast(Baselines.Naive2(12), 4, series)[level].ToArray(), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Smoothing_of_noise_is_its_mean_and_of_a_walk_its_end()
    {
        Assert.Equal(s_noise.Average(), Forecast(Baselines.SimpleSmoothing(1), 3, s_noise).Median[2], 0.1);
        double sum = 0;
        double[] walk = [.. s_noise.Select(e => sum += e)];
        Assert.Equal(walk[^1], Forecast(Baselines.SimpleSmoothing(1), 3, walk).Median[2], 0.5);
    }

    [Fact]
    public void Holt_continues_a_line()
    {
        double[] line = [.. Enumerable.Range(0, 30).Select(t => 5 + (3.0 * t))];
        ReadOnlySpan<double> median = Forecast(Baselines.Holt(1), 4, line).Median;
        for (int h = 0; h < 4; h++)
            Assert.Equal(5 + (3 * (30 + h)), median[h], 0.05);
        Assert.InRange(Forecast(Baselines.DampedTrend(1), 60, line).Median[59], line[^1] + 30, line[^1] + 179);
    }

    [Fact]
    public void Theta_continues_half_a_slope()
    {
        // Theta 0 is the line itself, theta 2 a line too, which simple smoothing continues level.
        double[] line = [.. Enumerable.Range(0, 30).Select(t => 5 + (3.0 * t))];
        ReadOnlySpan<double> median = Forecast(Baselines.Theta(1), 4, line).Median;
        for (int h = 0; h < 4; h++)
            Assert.Equal(line[^1] + (1.5 * (h + 1)), median[h], 0.01);
    }

    [Fact]
    public void Optimized_theta_continues_the_whole_slope_where_that_is_best()
    {
        double[] line = [.. Enumerable.Range(0, 30).Select(t => 5 + (3.0 * t))];
        ReadOnlySpan<double> median = Forecast(Baselines.OptimizedTheta(1), 4, line).Median;
        for (int h = 0; h < 4; h++)
            Assert.Equal(line[^1] + (3 * (h + 1)), median[h], 0.05);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Theta_model_ends_with_the_line_of_the_whole_series(bool dynamic)
    {
        double[] series = [.. s_noise.Take(40).Select((e, t) => e + (0.1 * t))];
        (double level, double slope) = Ets.Line(series);
        (double a, double b) = ThetaModel.Fit(series, dynamic).Line;
        Assert.Equal(level, a, 9);
        Assert.Equal(slope, b, 9);
    }

    [Fact]
    public void Ets_finds_season_and_trend()
    {
        double[] factors = [0.6, 1.4, 1.1, 0.9];
        double[] series = [.. Enumerable.Range(0, 48).Select(t => (50 + (2.0 * t)) * factors[t % 4] * (1 + (0.01 * s_noise[t])))];
        ReadOnlySpan<double> median = Forecast(Baselines.ExponentialSmoothing(4), 8, series).Median;
        for (int h = 0; h < 8; h++)
            Assert.Equal((50 + (2.0 * (48 + h))) * factors[h % 4], median[h], 0.04 * median[h]);
    }

    [Fact]
    public void Ets_of_values_around_zero_is_additive()
    {
        double[] terms = [-6, 1, 4, 1];
        double[] series = [.. Enumerable.Range(0, 40).Select(t => terms[t % 4] + (0.2 * s_noise[t]))];
        ReadOnlySpan<double> median = Forecast(Baselines.ExponentialSmoothing(4), 4, series).Median;
        for (int h = 0; h < 4; h++)
            Assert.Equal(terms[h], median[h], 0.4);
    }

    [Fact]
    public void A_long_season_is_ignored_by_ets() =>
        Assert.Equal(
            Forecast(Baselines.ExponentialSmoothing(1), 3, s_noise).Median.ToArray(), Forecast(Baselines.ExponentialSmoothing(25), 3, s_noise).Median.ToArray());
}
