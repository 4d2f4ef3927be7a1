namespace XLstm.Tests;

/// <summary>Small architectures of every kind, with parameters that leave nothing at zero.</summary>
internal static class TestModels
{
    internal const int Width = 12;

    private static readonly MLstmBlockConfig MLstm = new(new MLstmLayerConfig(NumHeads: 2, ProjFactor: 1, RoundProjUpToMultipleOf: 8));
    private static readonly SLstmBlockConfig SLstm = new(new SLstmLayerConfig(NumHeads: 2), new FeedForwardConfig(RoundProjUpToMultipleOf: 8));

    /// <summary>Stacks of one block each, and a mixed one.</summary>
    internal static readonly Dictionary<string, XLstmStackConfig> Stacks = new(StringComparer.Ordinal)
    {
        ["mlstm"] = One(MLstm, null),
        ["mlstm with biases"] = One(MLstm, null) with { Bias = true },
        ["mlstm without convolution"] = One(new(MLstm.Mlstm with { Conv1dKernelSize = 0 }), null),
        ["slstm"] = One(null, SLstm),
        ["slstm without convolution"] = One(null, SLstm with { Slstm = SLstm.Slstm with { Conv1dKernelSize = 0 } }),
        ["slstm without feed-forward"] = One(null, SLstm with { Feedforward = null, Slstm = SLstm.Slstm with { Conv1dKernelSize = 1, GroupNormWeight = false } }),
        ["slstm as in the paper"] = One(null, SLstm with { Form = "paper" }),
        ["lstm"] = One(null, SLstm with { Slstm = SLstm.Slstm with { Function = "lstm" } }),
        ["mixed"] = new(3, Width, MLstm, SLstm, [1]),
    };

    internal static TheoryData<string> StackNames => [.. Stacks.Keys];

    internal static XLstmLanguageModelConfig LanguageModel(bool tied = false, float dropout = 0) =>
        new(17, 3, Width, MLstm, SLstm, [1], TieWeights: tied, Dropout: dropout, AddEmbeddingDropout: dropout > 0);

    internal static XLstmStack Stack(string name, out ParameterSet parameters)
    {
        parameters = new ParameterSet(seed: 3);
        var stack = new XLstmStack(parameters.Root, Stacks[name]);
        Shake(parameters);
        return stack;
    }

    internal static XLstmLanguageModel Model(bool tied = false, float dropout = 0)
    {
        var model = new XLstmLanguageModel(LanguageModel(tied, dropout), seed: 3);
        Shake(model.Parameters);
        return model;
    }

    /// <summary>Adds a little to every parameter: recurrent kernels and norm weights start at 0.</summary>
    internal static void Shake(ParameterSet parameters)
    {
        foreach (Parameter parameter in parameters)
        {
            float[] noise = CentralDifferences.Random(parameter.Length, RandomSource.SeedFor(5, parameter.Name));
            for (int i = 0; i < noise.Length; i++)
                parameter.Span[i] += 0.2f * noise[i];
        }
    }

    /// <summary>Normal inputs [B, T, D].</summary>
    internal static Tensor Input(int B, int T, int D = Width, ulong seed = 1) => new(new Shape(B, T, D), CentralDifferences.Random(B * T * D, seed));

    internal static int[] Tokens(int count, ulong seed = 1)
    {
        var random = new RandomSource(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (int)random.NextInteger(17))];
    }

    internal static readonly PassOptions[] Forms = [new(ChunkLength: 1), new(ChunkLength: 3), new(), new(Form: MLstmForm.Parallel), new(Form: MLstmForm.Recurrent)];

    /// <summary>Rows <paramref name="from"/> to from + count of a [B, ...] tensor; of a state [S, B, H] where <paramref name="statesFirst"/>.</summary>
    internal static Tensor Rows(Tensor tensor, int row, bool statesFirst)
    {
        Shape s = tensor.Shape;
        int outer = statesFirst ? s[0] : 1, B = s[statesFirst ? 1 : 0], inner = tensor.Length / (outer * B);
        var shape = new int[s.Rank];
        for (int i = 0; i < shape.Length; i++)
            shape[i] = s[i];
        shape[statesFirst ? 1 : 0] = 1;
        var result = new Tensor(GoldenAssertions.ShapeOf(shape));
        for (int o = 0; o < outer; o++)
            tensor.Span.Slice((o * B + row) * inner, inner).CopyTo(result.Span[(o * inner)..]);
        return result;
    }

    internal static StackState Row(StackState state, int row) =>
        new([.. state.Blocks.Select(b => b.Map((name, t) => Rows(t, row, statesFirst: name == "slstm")))]);

    /// <summary>Compares what the states stand for: C and n of an mLSTM are stored divided by exp(m), and the m of the parallel form starts elsewhere.</summary>
    internal static void Close(string what, StackState expected, StackState actual, double tolerance = 2e-5)
    {
        foreach ((CellState e, CellState a) in expected.Blocks.Zip(actual.Blocks))
            foreach ((var et, var at) in e.Tensors.Zip(a.Tensors))
            {
                Assert.Equal(et.Name, at.Name);
                Assert.Equal(et.Tensor.Shape, at.Tensor.Shape);
                Numbers.Close($"{what} {et.Name}", Unstabilised(e, et.Tensor), Unstabilised(a, at.Tensor), tolerance);
            }
    }

    private static float[] Unstabilised(CellState state, Tensor tensor)
    {
        float[] values = tensor.Span.ToArray();
        if (state is not MLstmState { M: var m } mlstm || tensor == mlstm.Convolution)
            return values;
        if (tensor == m)
            return [];
        int width = values.Length / m.Length;
        for (int i = 0; i < values.Length; i++)
            values[i] *= MathF.Exp(m.Span[i / width]);
        return values;
    }

    private static XLstmStackConfig One(MLstmBlockConfig? mlstm, SLstmBlockConfig? slstm) => new(1, Width, mlstm, slstm, AddPostBlocksNorm: false);
}
