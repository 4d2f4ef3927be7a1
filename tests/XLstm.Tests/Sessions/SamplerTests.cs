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

    /// <summary>Tokens that are far from the most likely one, and are drawn all the same.</summary>
    [Theory]
    [InlineData(3, 1f, 3)]
    [InlineData(0, 0.9999f, 4)]
    [InlineData(0, 0.5f, 1)]
    public void TokensFarFromTheMostLikelyAreInOrder(int topK, float topP, int kept)
    {
        // e^-8 is below 1/1024; in order 2, 4, 0, 3, 1.
        float[] logits = [-8.5f, -10f, 0f, -9f, -8f];
        var sampler = new Sampler(new SamplingOptions(1, topK, topP, Seed: 1));
        var drawn = new HashSet<int>();
        for (int i = 0; i < 200_000; i++)
            drawn.Add(sampler.Next(logits));
        Assert.Equal(((int[])[2, 4, 0, 3, 1])[..kept].Order(), drawn.Order());
    }

    [Theory]
    [InlineData(0.2f)]
    [InlineData(0.7f)]
    [InlineData(1f)]
    public void MinPKeepsWhatIsNearlyAsLikelyAsTheMostLikely(float minP)
    {
        double[] p = SoftMax(Logits.Select(l => (double)l));
        double[] kept = [.. p.Select(x => x >= minP * p.Max() ? x : 0)];
        foreach (SamplingOptions options in (SamplingOptions[])[new(MinP: minP, Seed: 3), new(MinP: minP, TopK: 5, Seed: 3), new(MinP: minP, TopP: 0.9999f, Seed: 3)])
        {
            double[] shares = Shares(options, Logits);
            for (int i = 0; i < 5; i++)
                Assert.Equal(kept[i] / kept.Sum(), shares[i], 0.012);
        }
    }

    [Fact]
    public void PenaltiesAndBiasesChangeTheLogits()
    {
        // Greedy, so that the order of the logits shows: 2, 1.5, 0.5, 0, -1 of tokens 1, 3, 0, 4, 2.
        int[] Draw(SamplingOptions options, int count, params int[] prompt)
        {
            var sampler = new Sampler(options with { Temperature = 0 });
            sampler.Observe(prompt);
            return [.. Enumerable.Range(0, count).Select(_ => sampler.Next(Logits))];
        }

        Assert.Equal([1, 1, 1], Draw(new(), 3, prompt: 1));
        Assert.Equal([1, 3, 1], Draw(new(RepetitionPenalty: 1.4f), 3)); // 1.43 and 1.5, then 1.43 and 1.07
        Assert.Equal([3, 1], Draw(new(RepetitionPenalty: 2f), 2, prompt: 1)); // 1 and 1.5, then 1 and 0.75
        Assert.Equal([1, 3, 0, 4], Draw(new(PresencePenalty: 3f), 4, prompt: [3, 1])); // the prompt does not count
        Assert.Equal([1, 3, 1, 3, 1], Draw(new(FrequencyPenalty: 0.6f), 5));
        Assert.Equal([1, 1, 3], Draw(new(FrequencyPenalty: 0.3f), 3));
        Assert.Equal([2], Draw(new(LogitBias: new Dictionary<int, float> { [2] = 4, [99] = 100 }), 1));
        Assert.Equal([3], Draw(new(LogitBias: new Dictionary<int, float> { [1] = float.NegativeInfinity }), 1));
        var sampler = new Sampler(new(LogitBias: Enumerable.Range(0, 5).ToDictionary(i => i, _ => float.NegativeInfinity)));
        Assert.Contains("forbid every token", Assert.Throws<InvalidOperationException>(() => sampler.Next(Logits)).Message, StringComparison.Ordinal);
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
        foreach (SamplingOptions options in (SamplingOptions[])[new(-1), new(float.NaN), new(float.PositiveInfinity), new(TopK: -1), new(TopP: 0), new(TopP: 1.1f), new(TopP: float.NaN),
            new(MinP: -0.1f), new(MinP: 1.1f), new(RepetitionPenalty: 0), new(FrequencyPenalty: float.NaN), new(PresencePenalty: float.PositiveInfinity),
            new(LogitBias: new Dictionary<int, float> { [1] = float.NaN }), new(LogitBias: new Dictionary<int, float> { [-1] = 0 })])
            Assert.Throws<ArgumentOutOfRangeException>(() => new Sampler(options));
        var sampler = new Sampler(new SamplingOptions());
        Assert.Throws<ArgumentException>(() => sampler.Next([]));
        foreach (float[] logits in (float[][])[[1f, float.NaN], [float.NaN, 1f], [float.PositiveInfinity, 1f], [float.NegativeInfinity]])
            Assert.Throws<InvalidOperationException>(() => sampler.Next(logits));
        Assert.Equal(1, sampler.Next([float.NegativeInfinity, 1f, float.NegativeInfinity]));
    }
}
