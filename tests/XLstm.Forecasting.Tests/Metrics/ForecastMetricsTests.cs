namespace XLstm.Forecasting.Tests;

public sealed class ForecastMetricsTests
{
    private const double NaN = double.NaN;

    private static Forecast Points(params double[] values) => new([.. Enumerable.Repeat(values, 9)]);

    [Fact]
    public void Smape_by_hand()
    {
        // 200 * 1 / 5, 200 * 4 / 4, both zero
        Assert.Equal((40 + 200 + 0) / 3.0, ForecastMetrics.Smape([3, 4, 0], [2, 0, 0]), 12);
        Assert.Equal(200, ForecastMetrics.Smape([-1], [1]));
    }

    [Fact]
    public void Errors_by_hand()
    {
        Assert.Equal(2, ForecastMetrics.MeanAbsoluteError([1, 2, 7], [1, 3, 2]));
        Assert.Equal(Math.Sqrt(26 / 3.0), ForecastMetrics.RootMeanSquaredError([1, 2, 7], [1, 3, 2]), 12);
    }

    [Fact]
    public void Mase_divides_by_the_seasonal_naive_error_of_the_history()
    {
        // |5-1|, |3-2|, |6-5|, |7-3| over lag 2: 2.5; lag 1: 1, 3, 2, 3, 1
        double[] history = [1, 2, 5, 3, 6, 7];
        Assert.Equal(3 / 2.5, ForecastMetrics.Mase([10, 10], [8, 14], history, 2), 12);
        Assert.Equal(3 / 2.0, ForecastMetrics.Mase([10, 10], [8, 14], history, 1), 12);
    }

    [Fact]
    public void Mase_scale_counts_only_pairs_that_are_known()
    {
        Assert.Equal(1, ForecastMetrics.Mase([10], [13], [1, NaN, 4, 7, NaN], 1), 12);
        Assert.Equal(6 / 5.0, ForecastMetrics.Mase([10], [16], [NaN, 2, 7, NaN, 12], 2), 12);
    }

    [Theory]
    [InlineData(new double[] { 5, 5, 5 }, 1)]
    [InlineData(new double[] { 1, 2 }, 2)]
    [InlineData(new double[0], 1)]
    [InlineData(new[] { 1, NaN, 2 }, 1)]
    public void Mase_without_a_scale_is_not_a_number(double[] history, int season) =>
        Assert.Equal(NaN, ForecastMetrics.Mase([1], [1], history, season));

    [Fact]
    public void Owa_of_the_reference_is_one_and_by_hand()
    {
        Assert.Equal(1, ForecastMetrics.Owa(9.161, 2.777, 9.161, 2.777));
        Assert.Equal(0.75, ForecastMetrics.Owa(5, 2, 10, 2));
        Assert.Equal(NaN, ForecastMetrics.Owa(5, 2, 0, 2));
    }

    [Fact]
    public void Weighted_quantile_loss_by_hand()
    {
        var forecast = new Forecast([.. Enumerable.Range(1, 9).Select(i => new double[] { i })]);
        // y = 5.5: below it lie 1..5, each loses 2 a (5.5 - q); above 6..9, each 2 (1 - a) (q - 5.5)
        double loss = 0;
        for (int q = 1; q <= 9; q++)
            loss += q < 5.5 ? 2 * (q / 10.0) * (5.5 - q) : 2 * (1 - (q / 10.0)) * (q - 5.5);
        Assert.Equal(loss / 9 / 5.5, ForecastMetrics.WeightedQuantileLoss([[5.5]], [forecast]), 12);
    }

    [Fact]
    public void Weighted_quantile_loss_of_one_value_is_its_absolute_error() =>
        Assert.Equal((1 + 2 + 4) / 16.0, ForecastMetrics.WeightedQuantileLoss([[3, 4], [-9, NaN]], [Points(4, 2), Points(-5, 77)]), 12);

    [Fact]
    public void Weighted_quantile_loss_of_zeros_is_not_a_number() =>
        Assert.Equal(NaN, ForecastMetrics.WeightedQuantileLoss([[0, 0]], [Points(1, 1)]));

    [Fact]
    public void Coverage_counts_its_ends() =>
        Assert.Equal(0.75, ForecastMetrics.Coverage([1, 2, 3, 4, NaN], [1, 0, 0, 5, 0], [9, 2, 9, 9, 9]));

    [Fact]
    public void Missing_actual_values_count_nowhere()
    {
        Assert.Equal(ForecastMetrics.Smape([3, 4], [2, 0]), ForecastMetrics.Smape([3, NaN, 4], [2, 5, 0]));
        Assert.Equal(1, ForecastMetrics.MeanAbsoluteError([3, NaN], [2, 5]));
        Assert.Equal(NaN, ForecastMetrics.Smape([NaN], [5]));
        Assert.Equal(NaN, ForecastMetrics.Coverage([NaN], [5], [5]));
    }

    [Fact]
    public void A_forecast_that_is_no_number_is_not_hidden()
    {
        Assert.Equal(NaN, ForecastMetrics.Smape([3, 4], [2, NaN]));
        Assert.Equal(NaN, ForecastMetrics.WeightedQuantileLoss([[3, 4]], [Points(3, NaN)]));
        Assert.Equal(0.5, ForecastMetrics.Coverage([3, 4], [2, NaN], [4, NaN]));
    }

    [Fact]
    public void Unequal_lengths_are_refused()
    {
        Assert.Throws<ArgumentException>(() => ForecastMetrics.Smape([1], [1, 2]));
        Assert.Throws<ArgumentException>(() => ForecastMetrics.Coverage([1], [1], [1, 2]));
        Assert.Throws<ArgumentException>(() => ForecastMetrics.WeightedQuantileLoss([[1]], []));
        Assert.Throws<ArgumentException>(() => ForecastMetrics.WeightedQuantileLoss([[1]], [Points(1, 2)]));
    }

    [Fact]
    public void Geometric_mean() => Assert.Equal(2, ForecastMetrics.GeometricMean([1, 4]), 12);
}
