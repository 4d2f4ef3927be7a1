namespace XLstm.Forecasting.Tests;

public sealed class DecompositionTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Factors_of_a_constant_come_out_exactly(int season)
    {
        double[] factors = [0.5, 0.8, 1.7, 1], series = new double[(4 * season) + 1];
        double mean = factors.Take(season).Average();
        for (int t = 0; t < series.Length; t++)
            series[t] = 10 * factors[t % season];
        var decomposition = new Decomposition(series, season, multiplicative: true);
        for (int t = 0; t < series.Length; t++)
            Assert.Equal(factors[t % season] / mean, decomposition[t], 12);
        Assert.All(decomposition.Remove(series), x => Assert.Equal(10 * mean, x, 9));
        Assert.Equal(series[1], decomposition.Restore(10 * mean, season + 1), 9);
    }

    [Fact]
    public void Terms_on_a_line_come_out_exactly()
    {
        double[] terms = [-3, 1, 4, -2], series = [.. Enumerable.Range(0, 19).Select(t => (2.5 * t) - 7 + terms[t % 4])];
        var decomposition = new Decomposition(series, 4, multiplicative: false);
        for (int t = 0; t < 4; t++)
            Assert.Equal(terms[t], decomposition[t], 12);
        Assert.Equal(-7, decomposition.Remove(series)[0], 12);
    }

    [Fact]
    public void Adjusts_only_what_is_seasonal()
    {
        double[] seasonal = [.. Enumerable.Range(0, 24).Select(t => 10.0 + (t % 4) + (0.1 * ((t * 7) % 5)))];
        Assert.True(Decomposition.IfSeasonal(seasonal, 4)!.Multiplicative);
        Assert.Null(Decomposition.IfSeasonal(seasonal, 3));
        Assert.Null(Decomposition.IfSeasonal(seasonal, 1));
        Assert.Null(Decomposition.IfSeasonal(seasonal[..11], 4));
        Assert.Null(Decomposition.IfSeasonal([.. Enumerable.Repeat(3.0, 24)], 4));
        Assert.False(Decomposition.IfSeasonal([.. seasonal.Select(x => x - 11)], 4)!.Multiplicative);
    }

    [Fact]
    public void Autocorrelation_limits_by_hand()
    {
        // 1 -1 1 -1 1 -1: r_1 = -5/6, r_2 = 4/6; the limit of r_2 is 1.645 sqrt((1 + 2 * 25/36) / 6) = 1.038: not seasonal
        Assert.Null(Decomposition.IfSeasonal([3, 1, 3, 1, 3, 1], 2));
        // twelve values: r_1 = -11/12, r_2 = 10/12; 1.645 sqrt((1 + 2 * 121/144) / 12) = 0.777: seasonal
        Assert.NotNull(Decomposition.IfSeasonal([3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1], 2));
    }
}
