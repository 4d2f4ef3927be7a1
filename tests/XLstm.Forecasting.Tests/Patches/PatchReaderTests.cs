namespace XLstm.Forecasting.Tests.Patches;

public sealed class PatchReaderTests
{
    private const int Patch = 4, Outputs = 8;

    [Fact]
    public void Simple_forecasts_and_values()
    {
        // Two seasons of 4, the second 10 higher.
        double[] series = [1, 2, 3, 4, 11, 12, 13, 14];
        SeriesScale scale = SeriesScale.Of(series, 4);
        float[] features = Read(series, 8, scale, out double anchor);
        Assert.Equal(14, anchor);
        Assert.Equal([-3, -2, -1, 0], Values(features, 0, 4, scale), Near);
        Assert.Equal([1, 1, 1, 1], features[4..8]);
        Assert.Equal([-3, -2, -1, 0, -3, -2, -1, 0], Values(features, PatchReader.LastSeasonAt(Patch), 8, scale), Near);
        Assert.Equal([-13, -12, -11, -10], Values(features, 2 * Patch + Outputs, 4, scale), Near);
        // Mean shape of both seasons around the mean of the last, 12.5.
        Assert.Equal([-3, -2, -1, 0], Values(features, 2 * Patch + (2 * Outputs), 4, scale), Near);
    }

    [Fact]
    public void Nothing_after_the_patch_is_read()
    {
        double[] series = SeriesGenerator.Draw(64, 11).Series, other = [.. series];
        for (int t = 40; t < 64; t++)
            other[t] = 1e6 * t;
        SeriesScale scale = SeriesScale.Of(series.AsSpan(0, 40), 12);
        Assert.Equal(Read(series, 40, scale, out _), Read(other, 40, scale, out _));
    }

    [Fact]
    public void Missing_values_come_from_the_season_before()
    {
        double[] series = [1, 2, 3, 4, 5, double.NaN, 7, double.NaN];
        SeriesScale scale = SeriesScale.Of(series, 4);
        float[] features = Read(series, 8, scale, out double anchor);
        Assert.Equal(7, anchor);
        Assert.Equal([1, 0, 1, 0], features[4..8]);
        Assert.Equal([-2, -5, 0, -3], Values(features, PatchReader.LastSeasonAt(Patch), 4, scale), Near);
    }

    [Fact]
    public void Compression_has_an_inverse_as_far_as_forecasts_usually_go()
    {
        foreach (int sign in new[] { -1, 1 })
        {
            foreach (double v in new[] { 0, 0.5, 3.9, 4, 4.01 })
                Assert.Equal(sign * v, SeriesScale.Expand(SeriesScale.Compress(sign * v)), 1e-5);
            // Beyond, less than the exponential, and no jump.
            Assert.InRange(sign * SeriesScale.Expand(SeriesScale.Compress(sign * 8)), 6.5, 8);
            Assert.InRange(sign * SeriesScale.Expand(SeriesScale.Compress(sign * 1e6)), 100, 1e6);
        }
        Assert.True(double.IsFinite(SeriesScale.Expand(1e30)));
    }

    private static bool Near(double a, double b) => Math.Abs(a - b) < 1e-4;

    // Undoes the compression and the unit.
    private static double[] Values(float[] features, int from, int count, SeriesScale scale) =>
        [.. features[from..(from + count)].Select(f => Expanded(f) * scale.Unit)];

    // The exact inverse of the compression.
    private static double Expanded(double f) => Math.Abs(f) <= 4 ? f : Math.CopySign(3 + Math.Exp(Math.Abs(f) - 4), f);

    private static float[] Read(double[] series, int end, SeriesScale scale, out double anchor)
    {
        var features = new float[PatchReader.FeatureCount(Patch, Outputs)];
        anchor = PatchReader.Read(series, end, scale, Patch, Outputs, features);
        Assert.All(features, f => Assert.True(float.IsFinite(f)));
        return features;
    }
}
