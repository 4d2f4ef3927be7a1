using XLstm.Golden;

namespace XLstm.Forecasting.Tests.TiRex;

public sealed class TiRexEmbeddingTests
{
    private static readonly GoldenCase s_golden = new("tirex/tirex_small");
    private static readonly TiRexForecaster s_forecaster = new(TiRexGoldenTests.Load());

    [Theory]
    [InlineData("exact", null)]
    [InlineData("shorter", null)]
    [InlineData("longer", null)]
    [InlineData("exact", 40)]
    [InlineData("longer", 96)]
    public void Patches(string context, int? maxContext)
    {
        IReadOnlyList<PatchEmbeddings> rows = s_forecaster.EmbedPatches(TiRexGoldenTests.Context(context), maxContext, TestContext.Current.CancellationToken);
        s_golden.AssertClose($"embed.{context}.max{maxContext?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "None"}", [.. rows.SelectMany(All)]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Several_variates(bool augment)
    {
        double[][][] series = [.. s_golden.Floats("in.emb.data").Select(v => (double)v).Chunk(45).Chunk(2)];
        s_golden.AssertClose(augment ? "embedding_aug1" : "embedding_aug0", [.. s_forecaster.Embed(series, augment, TestContext.Current.CancellationToken).SelectMany(v => v)]);
    }

    [Fact]
    public void A_series_among_others_is_as_it_is_alone()
    {
        double[][] series = [.. new[] { 0, 1, 5, 8, 9, 63, 64, 65, 200, 1000 }.Select((length, i) => SeriesGenerator.Draw(length + 1, (ulong)i).Series[..length])];
        series[^1].AsSpan()[^3..].Fill(double.NaN);
        IReadOnlyList<float[]> vectors = s_forecaster.Embed(series, TestContext.Current.CancellationToken);
        IReadOnlyList<PatchEmbeddings> patches = s_forecaster.EmbedPatches(series, null, TestContext.Current.CancellationToken);
        for (int i = 0; i < series.Length; i++)
        {
            Assert.Equal(Math.Clamp((series[i].Length + 7) / 8, 1, 8), patches[i].Patches);
            Assert.Equal((2, 32), (patches[i].Layers, patches[i].Width));
            AssertNear(All(s_forecaster.EmbedPatches([series[i]], null, TestContext.Current.CancellationToken)[0]), All(patches[i]), 1e-4f);
            AssertNear(s_forecaster.Embed([series[i]], TestContext.Current.CancellationToken)[0], vectors[i], 1e-4f);
        }
    }

    /// <summary>Another unit, and values before the window, change nothing; a missing value is none of its neighbours.</summary>
    [Fact]
    public void Scale_and_past_are_not_in_it()
    {
        double[] series = [.. Enumerable.Range(0, 64).Select(t => Math.Sin(t) + (t % 5))], holes = [.. series];
        float[] vector = One(series);
        AssertNear(vector, One([.. series.Select(v => 1000 + (50 * v))]), 1e-4f);
        AssertNear(vector, One([1e9, .. series]), 0);
        holes[30] = double.NaN;
        Assert.Contains(One(holes).Zip(vector), p => Math.Abs(p.First - p.Second) > 1e-3f);
        AssertNear(One([.. holes.Select(v => double.IsNaN(v) ? double.PositiveInfinity : v)]), One(holes), 0);
    }

    [Fact]
    public void The_same_seen_at_a_patch_of_its_own_or_filled_up()
    {
        double[] series = [.. Enumerable.Range(0, 40).Select(t => Math.Cos(t / 3.0))];
        PatchEmbeddings one = s_forecaster.EmbedPatches([series])[0], filled = s_forecaster.EmbedPatches([[.. Enumerable.Repeat(double.NaN, 24), .. series]])[0];
        Assert.Equal((5, 8), (one.Patches, filled.Patches));
        for (int t = 0; t < 5; t++)
            for (int l = 0; l < 2; l++)
                AssertNear(one[t, l], filled[t + 3, l], 1e-4f);
        Assert.Throws<ArgumentOutOfRangeException>(() => one[5, 0].Length);
    }

    [Fact]
    public void What_cannot_be_embedded_together_is_refused()
    {
        Assert.Throws<ArgumentException>(() => s_forecaster.Embed([[[1, 2]], [[1, 2], [3, 4]]], augment: false));
        Assert.Throws<ArgumentException>(() => s_forecaster.Embed([[[1, 2]], [[1, 2, 3]]], augment: true));
        Assert.Throws<ArgumentOutOfRangeException>(() => s_forecaster.EmbedPatches([[1, 2]], 0));
        Assert.Empty(s_forecaster.Embed([]));
    }

    private static float[] One(double[] series) => s_forecaster.Embed([series])[0];

    private static float[] All(PatchEmbeddings embeddings) =>
        [.. Enumerable.Range(0, embeddings.Patches).SelectMany(t => Enumerable.Range(0, embeddings.Layers).SelectMany(l => embeddings[t, l].ToArray()))];

    private static void AssertNear(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], tolerance);
    }
}
