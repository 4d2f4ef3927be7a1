namespace XLstm.Forecasting.Tests;

public sealed class PublishedScoreTests
{
    [Fact]
    public void Published_scores_belong_to_benchmarks()
    {
        Assert.Equal([], PublishedScore.All.Select(s => s.Set).Except(ForecastBenchmark.All.Select(b => b.Name)));
        PublishedScore tirex = PublishedScore.All.Single(s => s is { Set: "m1_yearly", Source: "chronos", Method: "TiRex" });
        Assert.Equal((3.703, 0.1312, null), (tirex.Mase, tirex.Wql, tirex.Smape));
        PublishedScore theta = PublishedScore.All.Single(s => s is { Set: "m4_hourly", Source: "m4", Method: "Theta" });
        Assert.Equal((2.455, null, 18.138, 1.006), (theta.Mase, theta.Wql, theta.Smape, theta.Owa));
    }

    /// <summary>The same means, computed apart from this code.</summary>
    [Theory]
    [InlineData("AutoETS", 0.867, 0.720)]
    [InlineData("AutoTheta", 0.864, 0.695)]
    [InlineData("Chronos-Bolt-base", 0.930, 0.712)]
    [InlineData("TiRex", 0.862, 0.652)]
    [InlineData("Seasonal naive", 1, 1)]
    public void Relative_scores(string method, double mase, double wql)
    {
        string[] sets = [.. from set in new[] { "m1", "tourism" } from period in new[] { "yearly", "quarterly", "monthly" } select $"{set}_{period}"];
        (double relativeMase, double relativeWql) = PublishedScore.Relative("chronos", method, sets);
        Assert.Equal(mase, relativeMase, 0.0006);
        Assert.Equal(wql, relativeWql, 0.0006);
    }

    [Fact]
    public void What_is_not_reported_is_not_a_number()
    {
        Assert.Equal((double.NaN, double.NaN), PublishedScore.Relative("chronos", "TiRex", ["m1_yearly", "m4_hourly"]));
        (double mase, double wql) = PublishedScore.Relative("m4", "Theta", ["m4_hourly"]);
        Assert.Equal(2.455 / 1.193, mase, 12);
        Assert.Equal(double.NaN, wql);
    }
}
