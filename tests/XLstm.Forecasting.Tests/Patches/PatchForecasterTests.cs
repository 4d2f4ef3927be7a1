using CsCheck;

namespace XLstm.Forecasting.Tests.Patches;

public sealed class PatchForecasterTests
{
    private static readonly PatchNetwork s_network = new(new PatchNetworkConfig(8, 16, 24, 16, 2), new ParameterSet(7));
    private static readonly PatchForecaster s_forecaster = new(s_network, threads: 1);

    [Fact]
    public void A_series_among_others_is_as_it_is_alone()
    {
        double[][] series = [.. Enumerable.Range(0, 40).Select(i => SeriesGenerator.Draw(5 + (i * 37 % 300), (ulong)i).Series)];
        IReadOnlyList<Forecast> together = s_forecaster.Forecast(series, 24, TestContext.Current.CancellationToken);
        IReadOnlyList<Forecast> threads = new PatchForecaster(s_network, threads: 3).Forecast(series, 24, TestContext.Current.CancellationToken);
        for (int i = 0; i < series.Length; i++)
        {
            Forecast alone = One(series[i], 24);
            for (int q = 0; q < 9; q++)
            {
                Assert.Equal(together[i][q].ToArray(), threads[i][q].ToArray());
                double size = together[i][q].ToArray().Max(Math.Abs) + 1e-9;
                Assert.Equal(alone[q].ToArray(), together[i][q].ToArray(), (a, b) => Math.Abs(a - b) <= 2e-5 * size || (double.IsNaN(a) && double.IsNaN(b)));
            }
        }
    }

    [Fact]
    public void Another_unit_and_origin_give_the_same_forecast_in_them() => Gen.Select(Gen.ULong, Gen.Int[3, 200], Gen.Double[0.01, 1000], Gen.Double[-100, 100]).Sample((seed, length, factor, shift) =>
    {
        // Signs are something the model knows: a series on both sides of 0 stays there.
        double[] series = [.. SeriesGenerator.Draw(length, seed).Series];
        double mean = series.Where(double.IsFinite).DefaultIfEmpty(0).Average(), spread = series.Where(double.IsFinite).Select(v => Math.Abs(v - mean)).DefaultIfEmpty(0).Max();
        if (!(spread > 1e-6 * Math.Abs(mean)))
            return;
        double[] one = [.. series.Select(v => (v - mean) / spread)], other = [.. one.Select(v => factor * (v + (shift / 200)))];
        if (one.Any(v => v < 0) != other.Any(v => v < 0) || one.Count(v => v == 0) != other.Count(v => v == 0))
            return;
        Forecast a = One(one, 12), b = One(other, 12);
        for (int q = 0; q < 9; q++)
            for (int h = 0; h < 12; h++)
                Assert.Equal(a[q][h], (b[q][h] / factor) - (shift / 200), 2e-4 * (1 + Math.Abs(a[q][h])));
    }, iter: 300);

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(100)]
    [InlineData(1000)]
    public void Any_horizon(int horizon)
    {
        Forecast forecast = One(SeriesGenerator.Draw(60, 5).Series, horizon), shorter = One(SeriesGenerator.Draw(60, 5).Series, Math.Max(1, horizon / 2));
        Assert.Equal(horizon, forecast.Horizon);
        Assert.Equal(horizon > 16 ? 1 : 0, forecast.Warnings.Count);
        for (int h = 0; h < horizon; h++)
            for (int q = 0; q < 9; q++)
            {
                Assert.True(double.IsFinite(forecast[q][h]));
                Assert.True(q == 0 || forecast[q][h] >= forecast[q - 1][h]);
            }
        // A longer horizon changes nothing about the steps before it.
        Assert.Equal(shorter.Median.ToArray(), forecast.Median[..shorter.Horizon].ToArray(), (a, b) => Math.Abs(a - b) < 1e-4 * (1 + Math.Abs(a)));
    }

    [Fact]
    public void Nothing_to_forecast_from()
    {
        foreach (double[] series in new double[][] { [], [double.NaN], [double.NaN, double.PositiveInfinity, double.NegativeInfinity], [5e300, -5e305, 1e308, -1e308] })
        {
            Forecast forecast = One(series, 3);
            Assert.All(forecast.Median.ToArray(), v => Assert.Equal(double.NaN, v));
            Assert.Single(forecast.Warnings);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(500)]
    public void What_never_changes_stays(int length)
    {
        Forecast forecast = One([.. Enumerable.Repeat(-3.5, length)], 5);
        for (int q = 0; q < 9; q++)
            Assert.All(forecast[q].ToArray(), v => Assert.Equal(-3.5, v));
        Assert.Single(forecast.Warnings);
    }

    [Fact]
    public void Infinities_are_missing_and_leading_gaps_nothing()
    {
        double[] series = SeriesGenerator.Draw(100, 3).Series;
        double[] holes = [.. series], infinite = [.. series];
        (holes[40], infinite[40]) = (double.NaN, double.PositiveInfinity);
        Assert.Equal(One(holes, 8).Median.ToArray(), One(infinite, 8).Median.ToArray());
        Assert.Equal(One(series, 8).Median.ToArray(), One([.. Enumerable.Repeat(double.NaN, 333), .. series], 8).Median.ToArray());
    }

    [Fact]
    public void Extreme_numbers_stay_finite()
    {
        foreach (double[] series in new double[][] { [1e300, -1e300, 1e300, 5], [1e-300, 2e-300, 0, 1e-300], [0, 0, 0, 0, 0, 0, 0, 1e12], [1e9, 1e9 + 1, 1e9, 1e9 + 1, 1e9] })
            for (int q = 0; q < 9; q++)
                Assert.All(One(series, 20)[q].ToArray(), v => Assert.True(double.IsFinite(v)));
    }

    [Fact]
    public void What_was_never_negative_does_not_become_so()
    {
        double[] series = [.. Enumerable.Range(0, 90).Select(t => (double)(t % 7 == 0 ? 3 : 0))];
        for (int q = 0; q < 9; q++)
            Assert.All(One(series, 40)[q].ToArray(), v => Assert.True(v >= 0));
    }

    [Fact]
    public void Cancellation()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => s_forecaster.Forecast([[1, 2, 3]], 3, stop.Token));
    }

    [Fact]
    public void A_horizon_of_0_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => One([1, 2], 0));

    private static Forecast One(double[] series, int horizon) => s_forecaster.Forecast([series], horizon)[0];
}
