namespace XLstm.Forecasting.Tests;

public sealed class ForecastTests
{
    private static readonly Forecast s_forecast = new([.. Enumerable.Range(1, 9).Select(i => new[] { i * 10.0, Math.Pow(2, i) })]);

    [Fact]
    public void Standard_levels_are_what_was_given()
    {
        Assert.Equal([50.0, 32.0], s_forecast.Median.ToArray());
        for (int i = 0; i < 9; i++)
            Assert.Equal(s_forecast[i].ToArray(), s_forecast.Quantile(Forecast.StandardLevels[i]), (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Fact]
    public void Levels_between_lie_on_lines_and_tails_are_normal()
    {
        Assert.Equal(25, s_forecast.Quantile(0.25)[0], 9);
        // 1.959964 / 1.281552 of the way from the median to the last quantile
        Assert.Equal(50 + (40 * 1.959963985 / 1.281551566), s_forecast.Quantile(0.975)[0], 6);
        Assert.Equal(50 - (40 * 1.959963985 / 1.281551566), s_forecast.Quantile(0.025)[0], 6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void Levels_outside_are_refused(double level) => Assert.Throws<ArgumentOutOfRangeException>(() => s_forecast.Quantile(level));

    [Theory]
    [InlineData(1e-12, -7.0344838253)]
    [InlineData(1e-5, -4.264890794)]
    [InlineData(0.001, -3.090232306)]
    [InlineData(0.3, -0.524400513)]
    [InlineData(0.5, 0)]
    [InlineData(0.9, 1.281551566)]
    [InlineData(0.999, 3.090232306)]
    public void Normal_quantiles(double level, double z) => Assert.Equal(z, NormalDistribution.Quantile(level), 8);
}
