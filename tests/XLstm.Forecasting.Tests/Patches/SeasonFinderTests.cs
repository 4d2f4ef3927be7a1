namespace XLstm.Forecasting.Tests.Patches;

public sealed class SeasonFinderTests
{
    [Theory]
    [InlineData(4, 24)]
    [InlineData(7, 60)]
    [InlineData(12, 60)]
    [InlineData(12, 144)]
    [InlineData(24, 200)]
    [InlineData(52, 300)]
    [InlineData(96, 700)]
    public void A_season_is_found_under_trend_and_noise(int season, int length)
    {
        var random = new RandomSource(3);
        double[] series = new double[length];
        for (int t = 0; t < length; t++)
            series[t] = (0.1 * t) + (5 * Math.Sin(2 * Math.PI * t / season)) + (3 * Math.Cos(4 * Math.PI * t / season)) + ((season > 60 ? 0.05 : 0.3) * random.NextNormal());
        // Noise moves the peak of a long season by a step.
        Assert.InRange(SeasonFinder.Find(series, 0).Season, season - (season / 40), season + (season / 40));
    }

    [Fact]
    public void Noise_and_walks_have_none()
    {
        int found = 0;
        for (int i = 0; i < 200; i++)
        {
            var random = new RandomSource((ulong)i);
            double level = 0;
            double[] series = [.. Enumerable.Range(0, 120).Select(_ => i % 2 == 0 ? random.NextNormal() : level += random.NextNormal())];
            found += SeasonFinder.Find(series, 0).Season > 1 ? 1 : 0;
        }
        Assert.InRange(found, 0, 60);
    }

    [Fact]
    public void Weeks_of_hours_are_a_longer_season()
    {
        double[] series = [.. Enumerable.Range(0, 900).Select(t => (t / 24 % 7 < 5 ? 1.0 : 0.3) * (2 + Math.Sin(2 * Math.PI * t / 24)) + (t / 24 % 7))];
        Assert.Equal((24, 168), (SeasonFinder.Find(series, 24).Season, SeasonFinder.Find(series, 24).LongSeason));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Too_short_to_tell(int length) => Assert.Equal(1, SeasonFinder.Find(new double[length], 0).Season);
}
