namespace XLstm.Tests;

public class SamplerTests
{
    private static readonly float[] Logits = [0.5f, 2f, -1f, 1.5f, 0f];

    private static double[] Shares(SamplingOptions options, ReadOnlySpan<float> logits, int draws = 40000)
    {
        var sampler = new Sampler(options);
        var counts = new double[logits.Length];
        for (int i = 0; i < draws; i++)
            counts[sampler.Next(logits)] += 1.0 / draws;
        return counts;
    }

    private static double[] SoftMax(IEnumerable<double> logits)
    {
        double[] weights = [.. logits.Select(Math.Exp)];
        return [.. weights.Select(w => w / weights.Sum())];
    }

    [Theory]
    [InlineData(1f, 0, 1f)]
    [InlineData(0.5f, 0, 1f)]
    [InlineData(2f, 3, 1f)]
    [InlineData(1f, 0, 0.8f)]
    [InlineData(1f, 2, 0.6f)]
    [InlineData(1f, 99, 1f)]
    public void DrawsFollowTheProbabilities(float temperature, int topK, float topP)
    {
        // Most likely first: 1, 3, 0, 4, 2.
        int[] order = [1, 3, 0, 4, 2];
        int kept = topK == 0 ? 5 : Math.Min(5, topK);
        double[] p = SoftMax(order.Take(kept).Select(i => (double)Logits[i] / temperature));
        double total = 0;
        int most = 0;
        while (most < kept && total < topP)
            total += p[most++];
        double[] shares = Shares(new SamplingOptions(temperature, topK, topP, Seed: 3), Logits);
        for (int i = 0; i < 5; i++)
            Assert.Equal(i < most ? p[i] / total : 0, shares[order[i]], 0.012);
    }

    [Fact]
    public void TemperatureZeroAndTopOneTakeTheFirstOfTheMostLikely()
    {
        Assert.Equal(1, new Sampler(new SamplingOptions(Temperature: 0)).Next([1f, 3f, 3f]));
        Assert.Equal(1, new Sampler(new SamplingOptions(TopK: 1)).Next(Logits));
        Assert.Equal(1, new Sampler(new SamplingOptions(TopP: 0.01f)).Next(Logits));
        Assert.Equal(0, new Sampler(new SamplingOptions()).Next([-5f]));
        Assert.Equal(1, new Sampler(new SamplingOptions(Temperature: 1e-30f)).Next(Logits));
    }

    [Fact]
    public void TheSeedDecides()
    {
        int[] Draw(ulong seed)
        {
            var sampler = new Sampler(new SamplingOptions(Temperature: 3, Seed: seed));
            return [.. Enumerable.Range(0, 50).Select(_ => sampler.Next(Logits))];
        }

        Assert.Equal(Draw(1), Draw(1));
        Assert.NotEqual(Draw(1), Draw(2));
    }

    [Fact]
    public void OptionsOutOfRangeAndDivergedModelsAreErrors()
    {
        foreach (SamplingOptions options in (SamplingOptions[])[new(-1), new(float.NaN), new(float.PositiveInfinity), new(TopK: -1), new(TopP: 0), new(TopP: 1.1f), new(TopP: float.NaN)])
            Assert.Throws<ArgumentOutOfRangeException>(() => new Sampler(options));
        var sampler = new Sampler(new SamplingOptions());
        Assert.Throws<ArgumentException>(() => sampler.Next([]));
        foreach (float[] logits in (float[][])[[1f, float.NaN], [float.NaN, 1f], [float.PositiveInfinity, 1f], [float.NegativeInfinity]])
            Assert.Throws<InvalidOperationException>(() => sampler.Next(logits));
        Assert.Equal(1, sampler.Next([float.NegativeInfinity, 1f, float.NegativeInfinity]));
    }
}
