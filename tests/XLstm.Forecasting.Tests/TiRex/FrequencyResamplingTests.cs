using System.Globalization;
using System.Numerics;
using XLstm.Golden;

namespace XLstm.Forecasting.Tests.TiRex;

public sealed class FrequencyResamplingTests
{
    private static readonly GoldenCase s_golden = new("tirex/resample");

    public static TheoryData<string> Resampled => new(s_golden.TensorNames.Where(n => n.StartsWith("f32.resample.", StringComparison.Ordinal) || n.StartsWith("f32.resample_nan.", StringComparison.Ordinal)));

    /// <summary>The reference sums in single precision: what it is off by.</summary>
    private const double Tolerance = 1e-4;

    [Theory]
    [MemberData(nameof(Resampled))]
    public void Means_and_lines(string name)
    {
        string[] parts = name.Split('.');
        bool missing = parts[1] == "resample_nan";
        double before = missing ? 0.5 : parts[4] switch { "left" => 1, "right" => 0, _ => 0.5 };
        double rate = double.Parse($"{parts[2]}.{parts[3]}", CultureInfo.InvariantCulture);
        AssertNear(s_golden.Doubles(name), FrequencyResampling.Resample(s_golden.Doubles(missing ? "in.small_nan" : "in.small"), rate, before));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Periods_become_rates(int index)
    {
        double[] series = s_golden.Doubles($"in.y{index}");
        var expected = s_golden.Config.GetProperty("factors")[index];
        Assert.Equal(expected.GetProperty("factor_raw").GetDouble(), FrequencyResampling.Factor(series), 1e-12);
        double rate = FrequencyResampling.Rate(series);
        Assert.Equal(expected.GetProperty("factor_nifr").GetDouble(), rate);
        AssertNear(s_golden.Doubles($"f32.resampled{index}"), FrequencyResampling.Resample(series, rate));
        double[] expanded = s_golden.Doubles($"f32.up{index}");
        double[][] forecasts = [.. s_golden.Doubles($"in.fc{index}").Chunk(20)];
        for (int i = 0; i < forecasts.Length; i++)
            AssertNear(expanded[(i * expanded.Length / 2)..((i + 1) * expanded.Length / 2)], FrequencyResampling.Resample(forecasts[i], 1 / rate));
    }

    [Theory]
    [InlineData(1999, 200, 1)] // too short to tell
    [InlineData(2000, 200, 1f / 3)]
    [InlineData(2100, 40, 1)] // a shorter period than the target
    [InlineData(4001, 1000, 1f / 12)]
    [InlineData(2500, 2500, 1)] // a trend, no period
    public void Rates(int length, int period, double expected) =>
        Assert.Equal(expected, FrequencyResampling.Rate([.. Enumerable.Range(0, length).Select(t => Math.Sin(2 * Math.PI * t / period))]));

    [Fact]
    public void Of_two_periods_the_longer_if_it_is_twice_the_other()
    {
        Assert.Equal(0.25f, FrequencyResampling.Rate([.. Enumerable.Range(0, 2560).Select(t => Math.Sin(2 * Math.PI * t / 256) + (2 * Math.Sin(2 * Math.PI * t / 128)))]));
        Assert.Equal(0.5f, FrequencyResampling.Rate([.. Enumerable.Range(0, 2560).Select(t => Math.Sin(2 * Math.PI * t / 512) + (2 * Math.Sin(2 * Math.PI * t / 128)))]));
    }

    [Fact]
    public void Gaps_are_bridged()
    {
        double[] series = [.. Enumerable.Range(0, 3000).Select(t => t % 7 == 3 || t < 20 || t > 2970 ? double.NaN : Math.Sin(2 * Math.PI * t / 256))];
        Assert.Equal(0.25f, FrequencyResampling.Rate(series));
        Assert.Equal(1, FrequencyResampling.Rate([.. Enumerable.Repeat(double.NaN, 3000)]));
        Assert.Equal([1, double.NaN, 4], FrequencyResampling.Resample([1, double.NaN, double.NaN, double.NaN, 4], 0.6));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(37)]
    [InlineData(64)]
    [InlineData(2003)]
    public void Transform(int n)
    {
        var random = new Random(n);
        double[] x = [.. Enumerable.Range(0, n).Select(_ => random.NextDouble() - 0.5)];
        Complex[] actual = FourierTransform.Of(x);
        for (int k = 0; k < n; k += Math.Max(1, n / 40))
        {
            Complex expected = 0;
            for (int t = 0; t < n; t++)
                expected += x[t] * Complex.FromPolarCoordinates(1, -2 * Math.PI * ((long)k * t % n) / n);
            Assert.Equal(0, Complex.Abs(expected - actual[k]), 1e-10 * n);
        }
    }

    /// <summary>A slow wave, sampled at a quarter, is the forecast of the sampled series with lines between its points.</summary>
    [Fact]
    public void Forecasts_of_long_waves_are_those_of_sampled_series()
    {
        TiRexModel model = TiRexGoldenTests.Load();
        double[] wave = [.. Enumerable.Range(0, 2560).Select(t => 5 + Math.Sin(2 * Math.PI * t / 256))], other = [.. Enumerable.Range(0, 70).Select(t => (double)(t % 9))];
        var resampling = new TiRexForecaster(model, resampleFrequency: true);
        IReadOnlyList<Forecast> forecasts = resampling.Forecast([wave, other], 101, TestContext.Current.CancellationToken);
        Forecast sampled = new TiRexForecaster(model).Forecast([FrequencyResampling.Resample(wave, 0.25)], 26, TestContext.Current.CancellationToken)[0];
        for (int q = 0; q < 9; q++)
            AssertNear(FrequencyResampling.Resample(sampled[q], 4)[..101], forecasts[0][q].ToArray());
        AssertNear(new TiRexForecaster(model).Forecast([other], 101, TestContext.Current.CancellationToken)[0].Median.ToArray(), forecasts[1].Median.ToArray());
        // The reference leaves short horizons alone.
        AssertNear(new TiRexForecaster(model).Forecast([wave], 99, TestContext.Current.CancellationToken)[0].Median.ToArray(), resampling.Forecast([wave], 99, TestContext.Current.CancellationToken)[0].Median.ToArray());
    }

    private static void AssertNear(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(double.IsNaN(expected[i]) ? double.IsNaN(actual[i]) : Math.Abs(expected[i] - actual[i]) <= Tolerance * (1 + Math.Abs(expected[i])), $"{i}: {actual[i]}, expected {expected[i]}");
    }
}
