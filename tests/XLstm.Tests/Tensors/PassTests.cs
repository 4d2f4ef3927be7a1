namespace XLstm.Tests;

public class PassTests
{
    /// <summary>Training steps of the same shapes, with dropout: no tensor memory beyond that of the first.</summary>
    [Fact]
    public void ARepeatedPassAllocatesNoTensors()
    {
        XLstmLanguageModel model = TestModels.Model(dropout: 0.1f);
        using var pass = new Pass(PassOptions.ForTraining with { Threads = 2 });
        long held = 0;
        for (int step = 0; step < 30; step++)
        {
            pass.Reset();
            pass.Seed = (ulong)step;
            Tensor loss = Ops.CrossEntropy(pass, model.Forward(TestModels.Tokens(3 * 20), 3, null, pass).Logits, TestModels.Tokens(3 * 20, seed: 2));
            pass.Backward(loss);
            if (step == 0)
                held = pass.HeldBytes;
            Assert.Equal(held, pass.HeldBytes);
        }
        Assert.InRange(held, 1, long.MaxValue);
    }

    /// <summary>Without a tape the blocks work in the memory of the one before: eight take little more than two.</summary>
    [Fact]
    public void MemoryOfInferenceDoesNotGrowWithDepth()
    {
        long Held(int blocks)
        {
            var config = new XLstmStackConfig(blocks, 32, new MLstmBlockConfig(new MLstmLayerConfig()), new SLstmBlockConfig(new SLstmLayerConfig(), new FeedForwardConfig()), XLstmStackConfig.SlstmPositions("1:1", blocks));
            var stack = new XLstmStack(new ParameterSet(1).Root, config);
            using var pass = new Pass();
            stack.Forward(pass.Rent(new Shape(2, 300, 32), new float[2 * 300 * 32]), null, pass);
            return pass.HeldBytes;
        }

        long two = Held(2), states = new XLstmStack(new ParameterSet(1).Root, new XLstmStackConfig(1, 32, new MLstmBlockConfig(new MLstmLayerConfig()))).CreateState(2).Bytes;
        Assert.InRange(Held(8), two, two + 2 * 6 * states);
    }

    [Fact]
    public void MemoryOfInferenceGrowsWithLengthByInputsAndOutputsOnly()
    {
        const int D = 32;
        var config = new XLstmStackConfig(2, D, new MLstmBlockConfig(new MLstmLayerConfig()), new SLstmBlockConfig(new SLstmLayerConfig(), new FeedForwardConfig()), XLstmStackConfig.SlstmPositions("1:1", 2));
        var stack = new XLstmStack(new ParameterSet(1).Root, config);
        long Held(int T)
        {
            using var pass = new Pass();
            stack.Forward(pass.Rent(new Shape(1, T, D), new float[T * D]), null, pass);
            return pass.HeldBytes;
        }

        // Eight times the length, on powers of two, which the pool does not round.
        Assert.InRange(Held(1 << 16) - Held(1 << 13), 1, 2L * ((1 << 16) - (1 << 13)) * D * sizeof(float));
    }

    [Fact]
    public void PassesOfManyLengthsShareMemory()
    {
        XLstmLanguageModel model = TestModels.Model();
        using var pass = new Pass();
        void Run(int T)
        {
            pass.Reset();
            model.Forward(TestModels.Tokens(T), 1, null, pass);
        }

        for (int T = 200; T <= 300; T++)
            Run(T);
        long held = pass.HeldBytes;
        for (int T = 200; T <= 300; T++)
            Run(T);
        Assert.Equal(held, pass.HeldBytes);
        using var longest = new Pass();
        model.Forward(TestModels.Tokens(300), 1, null, longest);
        Assert.InRange(held, longest.HeldBytes, 12 * longest.HeldBytes);
    }

    [Fact]
    public void RentedTensorsAreDistinctUntilReset()
    {
        using var pass = new Pass();
        var all = new HashSet<Tensor>(ReferenceEqualityComparer.Instance);
        for (int length = 0; length < 200; length++)
        {
            Tensor tensor = pass.Rent(new Shape(length));
            Assert.Equal(length, tensor.Span.Length);
            Assert.True(all.Add(tensor));
        }
        long held = pass.HeldBytes;
        pass.Reset();
        for (int length = 0; length < 200; length++)
            Assert.False(all.Add(pass.Rent(new Shape(length))));
        Assert.Equal(held, pass.HeldBytes);
        Assert.Throws<ArgumentException>(() => pass.Rent(new Shape(3), [1f, 2f]));
    }

    [Fact]
    public void DropoutNeedsTrainingAndFollowsTheSeed()
    {
        XLstmLanguageModel model = TestModels.Model(dropout: 0.3f), without = TestModels.Model();
        float[] Logits(XLstmLanguageModel of, PassOptions options, ulong? seed = null)
        {
            using var pass = new Pass(options);
            pass.Seed = seed ?? options.Seed;
            return of.Forward(TestModels.Tokens(12), 2, null, pass).Logits.Span.ToArray();
        }

        float[] plain = Logits(without, new());
        Assert.Equal(plain, Logits(model, new()));
        Assert.Equal(plain, Logits(model, new(Record: true)));
        Assert.Equal(plain, Logits(without, PassOptions.ForTraining));
        float[] dropped = Logits(model, PassOptions.ForTraining);
        Assert.NotEqual(plain, dropped);
        Assert.Equal(dropped, Logits(model, PassOptions.ForTraining));
        Assert.Equal(dropped, Logits(model, new(Training: true)));
        Assert.NotEqual(dropped, Logits(model, PassOptions.ForTraining with { Seed = 1 }));
        Assert.Equal(Logits(model, PassOptions.ForTraining with { Seed = 1 }), Logits(model, PassOptions.ForTraining, seed: 1));

        // Two runs of one pass between resets differ; a reset pass repeats.
        using var repeated = new Pass(PassOptions.ForTraining);
        float[] first = model.Forward(TestModels.Tokens(12), 2, null, repeated).Logits.Span.ToArray();
        Assert.NotEqual(first, model.Forward(TestModels.Tokens(12), 2, null, repeated).Logits.Span.ToArray());
        repeated.Reset();
        Assert.Equal(first, model.Forward(TestModels.Tokens(12), 2, null, repeated).Logits.Span.ToArray());
        Assert.Equal(dropped, first);
    }

    [Fact]
    public void DropoutKeepsTheMean()
    {
        using var pass = new Pass(PassOptions.ForTraining);
        Tensor x = pass.Rent(new Shape(20000));
        x.Span.Fill(1f);
        x.RequiresGradient = true;
        Tensor y = Ops.Dropout(pass, x, 0.25f);
        pass.Backward(y);
        int zeros = y.Span.Count(0f);
        Assert.InRange(zeros, 4700, 5300);
        Assert.Equal(20000 - zeros, y.Span.Count(1 / 0.75f));
        Numbers.SameBits("gradient", y.Span, x.Gradient!.Span);
    }

    [Fact]
    public void GradientsUnderDropoutAgreeWithDifferences()
    {
        XLstmLanguageModel model = TestModels.Model(dropout: 0.3f);
        CentralDifferences.Check(PassOptions.ForTraining, model.Parameters, null, (pass, _) => model.Forward(TestModels.Tokens(10), 2, null, pass).Logits);
    }

    [Fact]
    public void CancellationStopsBothDirections()
    {
        XLstmLanguageModel model = TestModels.Model();
        using var cancelled = new CancellationTokenSource();
        using var pass = new Pass(new PassOptions(Record: true));
        Tensor loss = Ops.CrossEntropy(pass, model.Forward(TestModels.Tokens(5), 1, null, pass).Logits, TestModels.Tokens(5));
        cancelled.Cancel();
        pass.Cancellation = cancelled.Token;
        Assert.Throws<OperationCanceledException>(() => pass.Backward(loss));
        Assert.Throws<OperationCanceledException>(() => model.Forward(TestModels.Tokens(5), 1, null, pass));
        pass.Cancellation = default;
        pass.Reset();
        model.Parameters.ClearGradients();
        pass.Backward(Ops.CrossEntropy(pass, model.Forward(TestModels.Tokens(5), 1, null, pass).Logits, TestModels.Tokens(5)));
    }

    [Fact]
    public void ShapesSayWhatTheyAre()
    {
        Assert.Equal("[2, 3, 4]", new Shape(2, 3, 4).ToString());
        Assert.Equal((3, 24, 6, 4, 3), (new Shape(2, 3, 4).Rank, new Shape(2, 3, 4).Length, new Shape(2, 3, 4).Rows, new Shape(2, 3, 4).Last, new Shape(2, 3, 4)[1]));
        Assert.Equal(0, new Shape(3, 0).Rows);
        Assert.NotEqual(new Shape(4), new Shape(4, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Shape(2, 3)[2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Shape(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Shape(1 << 16, 1 << 16));
        Assert.Throws<ArgumentException>(() => new Tensor(new Shape(2, 2), new float[3]));
        Assert.Throws<InvalidOperationException>(() => new Tensor(new Shape(2)).Item);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Pass(new PassOptions(Threads: -1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Pass(new PassOptions(ChunkLength: 0)));
    }
}
