namespace XLstm.Tests;

public class NetworkTests
{
    private const int Inputs = 5, Hidden = 12;

    private static XLstmNetwork Network(BlockKind kind, bool bidirectional, int layers = 2)
    {
        var network = new XLstmNetwork(Inputs, Hidden, layers, bidirectional, blocks: kind, heads: 2, seed: 4);
        TestModels.Shake(network.Parameters);
        return network;
    }

    [Theory]
    [InlineData(BlockKind.Mixed)]
    [InlineData(BlockKind.SLstm)]
    [InlineData(BlockKind.MLstm)]
    public void KindsOfBlocks(BlockKind kind)
    {
        XLstmNetwork network = Network(kind, bidirectional: false, layers: 3);
        Assert.Equal(
            kind switch { BlockKind.SLstm => [true, true, true], BlockKind.MLstm => [false, false, false], _ => [true, false, true] },
            network.Forwards.Blocks.Select(b => b is SLstmBlock));
        using var pass = new Pass();
        (Tensor y, StackState state) = network.Forward(TestModels.Input(2, 6, Inputs), null, pass);
        Assert.Equal(new Shape(2, 6, Hidden), y.Shape);
        Assert.Equal(3, state.Blocks.Count);
    }

    /// <summary>The second half of the output is the other stack on each row turned around within its length.</summary>
    [Fact]
    public void TheOtherDirectionReadsEachRowFromItsEnd()
    {
        XLstmNetwork network = Network(BlockKind.Mixed, bidirectional: true);
        const int T = 7;
        int[] lengths = [7, 3, 0, 1];
        Tensor x = TestModels.Input(4, T, Inputs);
        using var pass = new Pass();
        Tensor y = network.Forward(x, null, pass, lengths).Output;
        Assert.Equal(new Shape(4, T, 2 * Hidden), y.Shape);
        for (int b = 0; b < 4; b++)
        {
            int n = lengths[b];
            float[][] rows = [.. x.Span.Slice(b * T * Inputs, n * Inputs).ToArray().Chunk(Inputs)];
            Tensor Stack(XLstmStack stack, IEnumerable<float[]> steps) =>
                stack.Forward(network.Input.Forward(new Tensor(new Shape(1, n, Inputs), [.. steps.SelectMany(s => s)]), pass), null, pass).Output;
            float[][] forwards = [.. Stack(network.Forwards, rows).Span.ToArray().Chunk(Hidden)];
            float[][] backwards = [.. Stack(network.Backwards!, rows.Reverse()).Span.ToArray().Chunk(Hidden).Reverse()];
            float[] expected = [.. forwards.Zip(backwards).SelectMany(p => p.First.Concat(p.Second))];
            Numbers.Close($"row {b}", expected, y.Span.Slice(b * T * 2 * Hidden, n * 2 * Hidden));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void GradientsAgreeWithDifferences(bool bidirectional)
    {
        XLstmNetwork network = Network(BlockKind.Mixed, bidirectional);
        CentralDifferences.Check(new PassOptions(ChunkLength: 3), network.Parameters, TestModels.Input(2, 6, Inputs), (pass, x) => network.Forward(x, null, pass).Output);
        CentralDifferences.Check(
            new PassOptions(ChunkLength: 3), network.Parameters, TestModels.Input(3, 6, Inputs),
            (pass, x) => Ops.Last(pass, network.Forward(x, null, pass, [6, 2, 1]).Output, [6, 2, 1]));
        CentralDifferences.Check(
            new PassOptions(ChunkLength: 3), network.Parameters, TestModels.Input(3, 6, Inputs),
            (pass, x) => Ops.Mean(pass, network.Forward(x, null, pass, [6, 2, 1]).Output, [6, 2, 1]));
    }

    [Fact]
    public void MeansAndLargestAreOfEachRowsLength()
    {
        var x = new Tensor(new Shape(2, 3, 2), [1, -2, 5, -6, 0, -1, 4, 2, 90, 90, 90, 90]) { RequiresGradient = true };
        using var pass = new Pass(PassOptions.ForTraining);
        Tensor mean = Ops.Mean(pass, x, [3, 1]), most = Ops.Max(pass, x, [3, 1]);
        Assert.Equal([2, -3, 4, 2], mean.Span.ToArray());
        Assert.Equal([5, -1, 4, 2], most.Span.ToArray());
        pass.Backward(Ops.Loss(pass, most, (input, gradient) => { gradient.Fill(1); return 0; }));
        Assert.Equal([0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0], x.Gradient!.Span.ToArray());
    }

    [Fact]
    public void StatesContinueTheForwardDirection()
    {
        XLstmNetwork network = Network(BlockKind.Mixed, bidirectional: false);
        using var pass = new Pass();
        Tensor x = TestModels.Input(2, 9, Inputs);
        (Tensor whole, StackState end) = network.Forward(x, null, pass);
        var y = new float[whole.Length];
        (Tensor first, StackState middle) = network.Forward(GoldenAssertions.Segment(pass, x, 0, 4), null, pass);
        (Tensor second, StackState last) = network.Forward(GoldenAssertions.Segment(pass, x, 4, 5), middle, pass);
        GoldenAssertions.Put(first, y, 9, 0);
        GoldenAssertions.Put(second, y, 9, 4);
        Numbers.Close("y", whole.Span, y);
        TestModels.Close("state", end, last);
    }

    [Fact]
    public void ANetworkIsAPartOfALargerModel()
    {
        var parameters = new ParameterSet(seed: 1);
        var network = new XLstmNetwork(parameters.Root.At("encoder"), Inputs, Hidden, bidirectional: true, heads: 2);
        var head = new Linear(parameters.Root.At("head"), 2 * Hidden, 3);
        Assert.Same(parameters, network.Parameters);
        Assert.All(parameters, p => Assert.StartsWith(p.Name.StartsWith("head", StringComparison.Ordinal) ? "head." : "encoder.", p.Name, StringComparison.Ordinal));
        using var pass = new Pass(new PassOptions(Record: true));
        int[] lengths = [4, 2];
        Tensor logits = head.Forward(Ops.Last(pass, network.Forward(TestModels.Input(2, 4, Inputs), null, pass, lengths).Output, lengths), pass);
        pass.Backward(Ops.CrossEntropy(pass, logits, [0, 2]));
        Assert.All(parameters.Where(p => !p.Name.Contains("_bias_", StringComparison.Ordinal)), p => Assert.NotNull(p.Gradient));
        Assert.Throws<ArgumentException>(() => new Linear(parameters.Root.At("head"), 2, 3));
    }

    [Fact]
    public void ArgumentsAreNamed()
    {
        Assert.Throws<ArgumentOutOfRangeException>("inputSize", () => new XLstmNetwork(0, Hidden));
        Assert.Throws<ArgumentOutOfRangeException>("hiddenSize", () => new XLstmNetwork(Inputs, 0));
        Assert.Throws<ArgumentOutOfRangeException>("layers", () => new XLstmNetwork(Inputs, Hidden, 0));
        Assert.ThrowsAny<ArgumentException>(() => new XLstmNetwork(Inputs, 10));
        XLstmNetwork network = Network(BlockKind.SLstm, bidirectional: false);
        using var pass = new Pass();
        Assert.Throws<ArgumentException>(() => network.Forward(TestModels.Input(1, 2, Inputs + 1), null, pass));
    }
}
