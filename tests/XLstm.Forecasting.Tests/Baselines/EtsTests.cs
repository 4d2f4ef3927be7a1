namespace XLstm.Forecasting.Tests;

public sealed class EtsTests
{
    private const int M = 4;

    // A level that wanders, a season of factors, noise: every form has something to estimate.
    private static readonly double[] s_series =
        [.. Enumerable.Range(0, 60).Select(t => (1 + (0.3 * Math.Sin(t * 0.2)) + (0.05 * Math.Sin(t * t))) * (1 + (0.1 * (t % M))))];

    public static TheoryData<bool, int, int> Forms()
    {
        var forms = new TheoryData<bool, int, int>();
        foreach (bool error in new[] { false, true })
            for (int trend = 0; trend < 3; trend++)
                for (int season = 0; season < (error ? 3 : 2); season++)
                    forms.Add(error, trend, season);
        return forms;
    }

    private static Ets Fit(bool error, Trend trend, Seasonality season) => Ets.Fit(new EtsForm(error, trend, season), s_series, M);

    [Theory, MemberData(nameof(Forms))]
    public void Every_form_fits_and_forecasts(bool error, int trend, int season)
    {
        Ets model = Fit(error, (Trend)trend, (Seasonality)season);
        (double[] mean, double[] variance) = model.Predict(9);
        Assert.True(double.IsFinite(model.Aicc));
        Assert.All(mean, value => Assert.InRange(value, 0, 4));
        Assert.All(variance, value => Assert.InRange(value, 1e-4, 4));
        (double alpha, double beta, double gamma, double phi) = model.Weights;
        Assert.InRange(alpha, 1e-4, 0.9999);
        Assert.InRange(beta, 0, alpha);
        Assert.InRange(gamma, 0, 1 - alpha);
        Assert.InRange(phi, 0.8, 1);
    }

    [Fact]
    public void Season_lowers_the_criterion()
    {
        Assert.True(Fit(false, Trend.None, Seasonality.Additive).Aicc < Fit(false, Trend.None, Seasonality.None).Aicc);
        Assert.True(Fit(true, Trend.None, Seasonality.Multiplicative).Aicc < Fit(true, Trend.Damped, Seasonality.None).Aicc);
    }

    [Fact]
    public void Variances_of_additive_errors_have_their_closed_forms()
    {
        Ets level = Fit(false, Trend.None, Seasonality.None), trend = Fit(false, Trend.Additive, Seasonality.None);
        for (int h = 1; h <= 6; h++)
        {
            (double a, double b, _, _) = level.Weights;
            Assert.Equal(level.Variance * (1 + ((h - 1) * a * a)), level.Predict(6).Variance[h - 1], 12);
            (a, b, _, _) = trend.Weights;
            Assert.Equal(trend.Variance * (1 + ((h - 1) * ((a * a) + (a * b * h) + (b * b * h * ((2 * h) - 1) / 6)))), trend.Predict(6).Variance[h - 1], 12);
        }
    }

    [Fact]
    public void Variances_of_multiplicative_errors_have_their_closed_forms()
    {
        Ets level = Fit(true, Trend.None, Seasonality.None), season = Fit(true, Trend.None, Seasonality.Multiplicative);
        for (int h = 1; h <= 2 * M; h++)
        {
            (double[] mean, double[] variance) = level.Predict(2 * M);
            double v = level.Variance, a = level.Weights.Alpha;
            Assert.Equal((Math.Pow(1 + (a * a * v), h - 1) * (1 + v)) - 1, variance[h - 1] / (mean[h - 1] * mean[h - 1]), 12);
            (mean, variance) = season.Predict(2 * M);
            (v, a, double g) = (season.Variance, season.Weights.Alpha, season.Weights.Gamma);
            double factor = h > M ? 1 + (g * g * v) : 1;
            Assert.Equal((Math.Pow(1 + (a * a * v), h - 1) * (1 + v) * factor) - 1, variance[h - 1] / (mean[h - 1] * mean[h - 1]), 12);
        }
    }

    [Fact]
    public void Simple_smoothing_is_the_weighted_mean_of_the_past()
    {
        Ets model = Fit(false, Trend.None, Seasonality.None);
        double a = model.Weights.Alpha, weight = 1, mean = 0;
        for (int t = s_series.Length - 1; t >= 0; t--)
        {
            mean += a * weight * s_series[t];
            weight *= 1 - a;
        }
        // What is left is the weight of the first level.
        Assert.Equal(mean, model.Predict(1).Mean[0], (2 * weight) + 1e-9);
    }

    [Fact]
    public void Too_few_values_for_a_form_are_told() =>
        Assert.Equal(double.PositiveInfinity, Ets.Fit(new EtsForm(false, Trend.Damped, Seasonality.Additive), s_series[..9], M).Aicc);

    [Fact]
    public void Line_by_hand()
    {
        (double level, double slope) = Ets.Line([3, 5, 10]);
        Assert.Equal(3.5, slope, 12);
        Assert.Equal(-1, level, 12);
        Assert.Equal((4, 0), Ets.Line([4]));
    }
}
