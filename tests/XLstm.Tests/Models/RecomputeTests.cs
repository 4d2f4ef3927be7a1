namespace XLstm.Tests;

/// <summary>Training memory: linear in the length of the text, and far less where blocks are run again in the backward pass.</summary>
public class RecomputeTests
{
    /// <summary>Two segments, the gradient flowing through the state between them, rows of unequal length, dropout: bit for bit the same.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(1)]
    public void GradientsAreTheSame(int T)
    {
        float[][] Gradients(bool recompute)
        {
            XLstmLanguageModel model = TestModels.Model(dropout: 0.2f);
            using var pass = new Pass(PassOptions.ForTraining with { Threads = 2, Seed = 3, ChunkLength = 3, Recompute = recompute });
            (Tensor first, StackState state) = model.Forward(TestModels.Tokens(3 * T), 3, null, pass, [T, T - 1, T]);
            (Tensor second, _) = model.Forward(TestModels.Tokens(3 * 4, seed: 2), 3, state, pass);
            int[] labels = TestModels.Tokens(3 * T, seed: 3);
            labels[(2 * T) - 1] = -1;
            Tensor loss = Ops.Add(pass, Ops.CrossEntropy(pass, first, labels), Ops.CrossEntropy(pass, second, TestModels.Tokens(3 * 4, seed: 4)));
            pass.Backward(loss);
            return [[loss.Item], .. model.Parameters.Select(p => p.Gradient!.Span.ToArray())];
        }

        Assert.Equal(Gradients(false), Gradients(true));
    }

    /// <summary>Steps of the same shapes take no memory beyond that of the first.</summary>
    [Fact]
    public void ARepeatedStepAllocatesNoTensors()
    {
        using var pass = new Pass(PassOptions.ForTraining with { Threads = 1, Recompute = true });
        XLstmLanguageModel model = TestModels.Model();
        long first = Held(model, pass, 40);
        for (int i = 0; i < 5; i++)
            Assert.Equal(first, Held(model, pass, 40));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void MemoryGrowsWithTheLengthAndNoFaster(bool recompute)
    {
        long Bytes(int T) => HeldAnew(6, T, recompute);
        long one = Bytes(256), four = Bytes(1024);
        Assert.InRange(four, 3.2 * one, 4.4 * one); // the pool rounds sizes up by at most an eighth
    }

    /// <summary>The block that runs again needs its own memory: the more blocks, the more is saved.</summary>
    [Theory]
    [InlineData(6, 0.5)]
    [InlineData(12, 0.35)]
    public void RecomputationSaves(int blocks, double share) =>
        Assert.InRange(HeldAnew(blocks, 512, recompute: true), 1, share * HeldAnew(blocks, 512, recompute: false));

    private static long HeldAnew(int blocks, int T, bool recompute)
    {
        var config = new XLstmLanguageModelConfig(
            17, blocks, 32, new MLstmBlockConfig(new MLstmLayerConfig()), new SLstmBlockConfig(new SLstmLayerConfig(), new FeedForwardConfig()), [1]);
        using var pass = new Pass(PassOptions.ForTraining with { Threads = 1, Recompute = recompute });
        return Held(new XLstmLanguageModel(config, seed: 1), pass, T);
    }

    private static long Held(XLstmLanguageModel model, Pass pass, int T)
    {
        pass.Reset();
        Tensor loss = Ops.CrossEntropy(pass, model.Forward(TestModels.Tokens(2 * T), 2, null, pass).Logits, TestModels.Tokens(2 * T, seed: 2));
        pass.Backward(loss);
        return pass.HeldBytes;
    }
}
