namespace XLstm.Forecasting.Tests;

public sealed class AnomalyDetectorTests
{
    private static readonly CancellationToken s_cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public void A_spike_in_a_season_is_found_and_little_else()
    {
        double[] series = Noise(400, 0.1, 1);
        for (int t = 0; t < series.Length; t++)
            series[t] += 10 + (3 * Math.Sin(2 * Math.PI * t / 12));
        series[300] += 2;
        series[350] -= 2;
        IReadOnlyList<JudgedValue> values = new AnomalyDetector(Forecaster.Default.With(new ForecastOptions(Season: 12))).Detect(series, cancellation: s_cancellation);
        Assert.Equal(Enumerable.Range(16, 384), values.Select(v => v.Index));
        JudgedValue[] found = [.. values.Where(v => v.IsAnomaly)];
        Assert.Contains(found, v => v is { Index: 300, Score: > 4 });
        Assert.Contains(found, v => v is { Index: 350, Score: < -4 });
        Assert.InRange(found.Length, 2, 12);
        Assert.All(values, v => Assert.True(v.Lower <= v.Expected && v.Expected <= v.Upper));
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.05)]
    public void An_undisturbed_series_raises_the_wanted_rate(double rate)
    {
        // A walk: its naive forecast has independent errors. Tails heavier than normal, which the ranks do not mind.
        double[] walk = Noise(6000, 1, 2);
        for (int t = 1; t < walk.Length; t++)
            walk[t] = walk[t - 1] + (walk[t] * walk[t] * walk[t]);
        IReadOnlyList<JudgedValue> values = new AnomalyDetector(Baselines.Naive, new AnomalyOptions(rate)).Detect(walk, last: 5000, cancellation: s_cancellation);
        Assert.InRange(values.Count(v => v.IsAnomaly) / (double)values.Count, rate * 0.6, rate * 1.5);
    }

    [Fact]
    public void Scores_ranks_and_intervals_are_those_of_the_formulas()
    {
        // The last forecast has median 0 and a normal distribution of standard deviation sqrt(0.8) by the naive formula.
        double[] series = [0, 1, 0, 1, 0, 0, 3];
        JudgedValue value = new AnomalyDetector(Baselines.Naive, new AnomalyOptions(Rate: 0.3, Coverage: 0.95, MinHistory: 3)).Detect(series, cancellation: s_cancellation)[^1];
        Assert.Equal(6, value.Index);
        Assert.Equal(3 / Math.Sqrt(0.8), value.Score, 9);
        Assert.Equal(1.959963985 * Math.Sqrt(0.8), value.Upper, 6);
        // After three earlier scores, all smaller.
        Assert.Equal(0.25, value.PValue, 12);
        Assert.True(value.IsAnomaly);
        // With too few of them, a normal distribution as wide as their median says.
        JudgedValue normal = new AnomalyDetector(Baselines.Naive, new AnomalyOptions(Rate: 0.1, MinHistory: 3)).Detect(series, cancellation: s_cancellation)[^1];
        Assert.Equal(2 * NormalDistribution.Distribution(-value.Score * 0.674489750), normal.PValue, 6);
    }

    [Fact]
    public void The_last_values_are_judged_as_among_all()
    {
        double[] series = Noise(500, 1, 3);
        var detector = new AnomalyDetector(Baselines.Naive, new AnomalyOptions(0.02, Calibration: 60));
        IReadOnlyList<JudgedValue> all = detector.Detect(series, cancellation: s_cancellation), last = detector.Detect(series, last: 100, cancellation: s_cancellation);
        Assert.Equal(all.TakeLast(100), last);
        Assert.Equal(all, detector.Detect(series, last: 10_000, cancellation: s_cancellation));
    }

    [Fact]
    public void Further_ahead_a_forecast_sees_less()
    {
        double[] series = [.. Enumerable.Range(0, 40).Select(t => (double)t)];
        IReadOnlyList<JudgedValue> values = new AnomalyDetector(Baselines.Naive, new AnomalyOptions(Horizon: 5, MinHistory: 10)).Detect(series, cancellation: s_cancellation);
        Assert.Equal(14, values[0].Index);
        Assert.All(values, v => Assert.Equal(v.Value - 5, v.Expected));
        Assert.Empty(new AnomalyDetector(Baselines.Naive, new AnomalyOptions(Horizon: int.MaxValue)).Detect(series, cancellation: s_cancellation));
    }

    [Fact]
    public void Missing_values_have_an_expectation_and_no_score()
    {
        double[] series = Noise(120, 1, 4);
        series.AsSpan(0, 20).Fill(double.NaN);
        series[60] = double.PositiveInfinity;
        series[80] = double.NaN;
        IReadOnlyList<JudgedValue> values = new AnomalyDetector(Baselines.Naive).Detect(series, cancellation: s_cancellation);
        Assert.Equal(36, values[0].Index);
        Assert.Equal([60, 80], values.Where(v => double.IsNaN(v.Score)).Select(v => v.Index));
        Assert.All(values.Where(v => double.IsNaN(v.Score)), v => Assert.True(double.IsNaN(v.Value) && double.IsFinite(v.Expected) && double.IsNaN(v.PValue) && !v.IsAnomaly));
        Assert.All(values, v => Assert.True(double.IsNaN(v.Score) || double.IsFinite(v.PValue)));
    }

    [Fact]
    public void Nothing_too_little_and_nothing_but_gaps_have_no_judged_values()
    {
        var detector = new AnomalyDetector(Forecaster.Default);
        Assert.Empty(detector.Detect([], cancellation: s_cancellation));
        Assert.Empty(detector.Detect([1, 2, 3], cancellation: s_cancellation));
        Assert.Empty(detector.Detect([.. Enumerable.Repeat(double.NaN, 100)], cancellation: s_cancellation));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(200)]
    public void A_constant_series_is_expected_until_it_changes(int length)
    {
        double[] series = [.. Enumerable.Repeat(5.0, length)];
        var detector = new AnomalyDetector(Forecaster.Default);
        Assert.All(detector.Detect(series, cancellation: s_cancellation), v => Assert.True(v is { Score: 0, PValue: 1, IsAnomaly: false, Expected: 5, Lower: 5, Upper: 5 }));
        series[^1] = 4.99;
        JudgedValue changed = detector.Detect(series, cancellation: s_cancellation)[^1];
        Assert.True(changed.IsAnomaly);
        Assert.Equal(double.NegativeInfinity, changed.Score);
    }

    [Fact]
    public void Work_is_told_and_can_be_stopped()
    {
        double[] series = Noise(1000, 1, 5);
        var told = new Told();
        new AnomalyDetector(Baselines.Naive).Detect(series, progress: told, cancellation: s_cancellation);
        Assert.Equal(4, told.Shares.Count);
        Assert.Equal(told.Shares.Order(), told.Shares);
        Assert.Equal(1, told.Shares[^1]);
        using var stop = new CancellationTokenSource();
        var once = new Told { Then = stop.Cancel };
        Assert.ThrowsAny<OperationCanceledException>(() => new AnomalyDetector(Baselines.Naive).Detect(series, progress: once, cancellation: stop.Token));
        Assert.Single(once.Shares);
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        Fails(new AnomalyOptions(Rate: 0), "Rate is 0");
        Fails(new AnomalyOptions(Rate: double.NaN), "Rate is NaN");
        Fails(new AnomalyOptions(Coverage: 1), "Coverage is 1");
        Fails(new AnomalyOptions(Horizon: 0), "Horizon is 0");
        Fails(new AnomalyOptions(MinHistory: 0), "MinHistory is 0");
        Fails(new AnomalyOptions(Calibration: 0), "Calibration is 0");
        Assert.Throws<ArgumentOutOfRangeException>(() => new AnomalyDetector(Baselines.Naive).Detect([1], last: 0, cancellation: s_cancellation));

        static void Fails(AnomalyOptions options, string message) =>
            Assert.Contains(message, Assert.Throws<ArgumentOutOfRangeException>(() => new AnomalyDetector(Baselines.Naive, options)).Message, StringComparison.Ordinal);
    }

    private static double[] Noise(int count, double size, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => size * NormalDistribution.Quantile(Math.Clamp(random.NextDouble(), 1e-9, 1 - 1e-9)))];
    }

    private sealed class Told : IProgress<double>
    {
        public List<double> Shares { get; } = [];

        public Action? Then { get; init; }

        public void Report(double value)
        {
            Shares.Add(value);
            Then?.Invoke();
        }
    }
}
