using Microsoft.Extensions.AI;

namespace XLstm.Extensions.AI.Tests;

public sealed class XLstmEmbeddingGeneratorTests
{
    private static readonly TextModel Model = Tiny.Model();

    [Fact]
    public async Task EmbeddingsAreMeansOfLengthOne()
    {
        using var generator = new XLstmEmbeddingGenerator(Model);
        string[] texts = ["Hello", new('a', 1300), ""];
        GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(texts);
        Assert.Equal(3, embeddings.Count);
        Assert.Equal(5 + 1300 + 1, embeddings.Usage!.InputTokenCount);
        for (int i = 0; i < texts.Length; i++)
        {
            int[] tokens = Model.Encode(texts[i]);
            using var pass = new Pass();
            float[] hidden = Model.Model.Hidden(tokens, 1, null, pass).Hidden.Span.ToArray();
            double[] mean = [.. Enumerable.Range(0, 32).Select(d => Enumerable.Range(0, tokens.Length).Sum(t => (double)hidden[t * 32 + d]))];
            double length = Math.Sqrt(mean.Sum(x => x * x));
            Assert.Equal(32, embeddings[i].Vector.Length);
            for (int d = 0; d < 32; d++)
                Assert.Equal(mean[d] / length, embeddings[i].Vector.Span[d], 1e-4);
        }
    }

    [Fact]
    public async Task WhatWouldBeIgnoredIsRefusedByName()
    {
        using var generator = new XLstmEmbeddingGenerator(Model);
        foreach ((EmbeddingGenerationOptions options, string what) in ((EmbeddingGenerationOptions, string)[])[
            (new() { Dimensions = 8 }, "Dimensions"), (new() { ModelId = "other" }, "ModelId"), (new() { AdditionalProperties = new() { ["x"] = 1 } }, "AdditionalProperties")])
            Assert.Contains(what, (await Assert.ThrowsAsync<NotSupportedException>(() => generator.GenerateAsync(["x"], options))).Message, StringComparison.Ordinal);
        Assert.Single(await generator.GenerateAsync(["x"], new() { Dimensions = 32, ModelId = "xlstm" }));
    }
}
