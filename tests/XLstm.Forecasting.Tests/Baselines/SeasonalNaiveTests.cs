namespace XLstm.Forecasting.Tests;

public sealed class SeasonalNaiveTests
{
    private const double NaN = double.NaN;
    private const double Z90 = 1.2815515655446004;

    private static Forecast Forecast(IForecaster forecaster, int horizon, params double[] series) => forecaster.Forecast([series], horizon)[0];

    [Fact]
    public void Repeats_the_last_season()
    {
        Forecast forecast = Forecast(Baselines.SeasonalNaive(3), 7, 9, 9, 9, 1, 2, 3);
        Assert.Equal([1, 2, 3, 1, 2, 3, 1], forecast.Median.ToArray());
        // sigma^2 = (64 + 49 + 36) / 3, twice in the second season, three times in the third
        double sigma = Math.Sqrt(149 / 3.0);
        Assert.Equal(3 + (Z90 * sigma), forecast[8][2], 12);
        Assert.Equal(1 + (Z90 * sigma * Math.Sqrt(2)), forecast[8][3], 12);
        Assert.Equal(1 - (Z90 * sigma * Math.Sqrt(3)), forecast[0][6], 12);
    }

    [Fact]
    public void Missing_values_take_the_season_before_and_make_no_errors()
    {
        Forecast forecast = Forecast(Baselines.SeasonalNaive(2), 2, NaN, double.NegativeInfinity, 1, 2, 4, NaN, NaN, NaN);
        Assert.Equal([4, 2], forecast.Median.ToArray());
        Assert.Equal(4 + (Z90 * 3), forecast[8][0], 12);
    }

    [Fact]
    public void At_most_one_season_is_naive()
    {
        Forecast forecast = Forecast(Baselines.SeasonalNaive(12), 2, 1, 3);
        Assert.Equal([3, 3], forecast.Median.ToArray());
        Assert.Equal(3 + (Z90 * 2 * Math.Sqrt(2)), forecast[8][1], 12);
    }
}
