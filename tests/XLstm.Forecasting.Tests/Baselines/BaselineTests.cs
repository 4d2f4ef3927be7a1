using CsCheck;

namespace XLstm.Forecasting.Tests;

/// <summary>What holds for every baseline.</summary>
public sealed class BaselineTests
{
    private const double NaN = double.NaN;

    public static TheoryData<string> Names => [.. s_all.Keys];

    private static readonly Dictionary<string, IForecaster> s_all = new[]
    {
        Baselines.Naive,
        Baselines.SeasonalNaive(4),
        Baselines.Naive2(4),
        Baselines.SimpleSmoothing(4),
        Baselines.Holt(4),
        Baselines.DampedTrend(4),
        Baselines.Theta(4),
        Baselines.OptimizedTheta(4),
        Baselines.ExponentialSmoothing(4),
    }.ToDictionary(f => f.Name);

    private static readonly Gen<double[]> s_series =
        Gen.Select(Gen.Double[-1, 1].Array[1, 40], Gen.Double[0, 3], Gen.Double[-0.2, 0.2], (noise, season, trend) =>
            noise.Select((e, t) => 20 + e + (trend * t) + (season * (t % 4))).ToArray());

    [Theory, MemberData(nameof(Names))]
    public void Nothing_known_is_forecast_as_nothing(string name)
    {
        foreach (double[] series in new double[][] { [], [NaN], [NaN, double.PositiveInfinity, NaN] })
            Assert.All(Enumerable.Range(0, 9), level => Assert.Equal([NaN, NaN], s_all[name].Forecast([series], 2)[0][level].ToArray()));
    }

    [Theory, MemberData(nameof(Names))]
    public void One_value_or_a_constant_is_forecast_as_itself(string name)
    {
        foreach (double value in new[] { 0.0, 3, -1e6, 1e-9 })
            foreach (int length in new[] { 1, 2, 3, 4, 5, 8, 9, 13, 60 })
            {
                Forecast forecast = s_all[name].Forecast([[.. Enumerable.Repeat(value, length)]], 6)[0];
                for (int level = 0; level < 9; level++)
                    Assert.All(forecast[level].ToArray(), v => Assert.Equal(value, v, 1e-9 * Math.Abs(value)));
            }
    }

    [Theory, MemberData(nameof(Names))]
    public void Each_series_is_forecast_as_if_alone(string name)
    {
        double[][] series = [[1, 5, 2, 7, 3, 4, 8, 2, 6, 3], [3], [], [2, NaN, 5, 4, 4, 4, 9, NaN]];
        IReadOnlyList<Forecast> together = s_all[name].Forecast(series, 5);
        for (int i = 0; i < series.Length; i++)
            Assert.Equal(s_all[name].Forecast([series[i]], 5)[0][2].ToArray(), together[i][2].ToArray());
    }

    [Theory, MemberData(nameof(Names))]
    public void Any_series_gives_quantiles_in_order(string name) =>
        Gen.Select(Gen.OneOf(Gen.Double[-1e3, 1e3], Gen.Const(NaN), Gen.Const(0.0), Gen.Double[0, 1e-3], Gen.Double[-1e12, 1e12]).Array[1, 30], Gen.Int[1, 12])
            .Sample((series, horizon) =>
            {
                Forecast forecast = s_all[name].Forecast([series], horizon)[0];
                if (series.All(double.IsNaN))
                    return;
                for (int level = 0; level < 9; level++)
                    for (int t = 0; t < horizon; t++)
                        Assert.True(double.IsFinite(forecast[level][t]) && (level == 0 || forecast[level][t] >= forecast[level - 1][t]));
            }, iter: 300);

    [Theory, MemberData(nameof(Names))]
    public void The_largest_and_smallest_numbers_do_no_harm(string name) =>
        Gen.OneOf(new[] { double.MaxValue, double.MinValue, 1e300, -1e300, 0, double.Epsilon, -double.Epsilon, 1e-310, 1, NaN }.Select(x => Gen.Const(x)).ToArray()).Array[1, 25]
            .Sample(series => Assert.Equal(6, s_all[name].Forecast([series], 6)[0].Horizon), iter: 300);

    [Theory, MemberData(nameof(Names))]
    public void Values_of_any_one_size_are_forecast_alike(string name)
    {
        double[] series = [3, 5, 4, 6, 4, 5, 6, 7, 5, 6, 6, 8, 5, 7, 8, 9];
        Forecast plain = s_all[name].Forecast([series], 3)[0];
        foreach (int power in new[] { -1000, -300, 300, 500 })
        {
            Forecast scaled = s_all[name].Forecast([[.. series.Select(x => Math.ScaleB(x, power))]], 3)[0];
            for (int t = 0; t < 3; t++)
                Assert.Equal(plain.Median[t], Math.ScaleB(scaled.Median[t], -power), 1e-9);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Follows_scale(string name) =>
        s_series.Sample(series =>
        {
            // A power of two: the same roundings, so the same choices.
            Forecast plain = s_all[name].Forecast([series], 6)[0], scaled = s_all[name].Forecast([[.. series.Select(x => x * 64)]], 6)[0];
            for (int level = 0; level < 9; level++)
                for (int t = 0; t < 6; t++)
                    Assert.Equal(plain[level][t] * 64, scaled[level][t], 1e-6 * Math.Abs(scaled[level][t]));
        }, iter: 100);

    [Fact]
    public void Naive_forecasts_follow_shift_and_sign() =>
        s_series.Sample(series =>
        {
            foreach (IForecaster forecaster in new[] { Baselines.Naive, Baselines.SeasonalNaive(4) })
            {
                Forecast plain = forecaster.Forecast([series], 6)[0], moved = forecaster.Forecast([[.. series.Select(x => 7 - x)]], 6)[0];
                for (int level = 0; level < 9; level++)
                    for (int t = 0; t < 6; t++)
                        Assert.Equal(7 - plain[level][t], moved[8 - level][t], 1e-9);
            }
        }, iter: 100);

    [Theory, MemberData(nameof(Names))]
    public void Refuses_no_horizon_and_cancels(string name)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => s_all[name].Forecast([[1]], 0));
        Assert.ThrowsAny<OperationCanceledException>(() => s_all[name].Forecast([[1]], 1, new CancellationToken(true)));
    }

    [Fact]
    public void Refuses_no_season()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Baselines.SeasonalNaive(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Baselines.Naive2(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Baselines.Holt(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Baselines.Theta(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Baselines.ExponentialSmoothing(0));
    }
}
