using XLstm.Golden;

namespace XLstm.Experiments.Tests;

/// <summary>Plain LSTM and Transformer: the numbers of torch, and what holds for every body.</summary>
public sealed class BodyTests
{
    public static TheoryData<string> Kinds => [.. All.Select(k => k.Name)];

    private static IReadOnlyList<BodyKind> All => [BodyKinds.Lstm(3), BodyKinds.ResidualLstm(3), BodyKinds.Transformer(3, heads: 2)];

    [Fact]
    public void LstmIsThatOfTorch()
    {
        var golden = new GoldenCase("baselines/lstm");
        var parameters = new ParameterSet(1);
        var body = new LstmBody(parameters.Root, 2, golden.Shape("in.x")[2]);
        for (int l = 0; l < 2; l++)
        {
            golden.Floats($"lstm.weight_ih_l{l}").CopyTo(parameters[$"layers.{l}.input.weight"].Span);
            golden.Floats($"lstm.weight_hh_l{l}").CopyTo(parameters[$"layers.{l}.cell._recurrent_kernel_"].Span);
            Span<float> bias = parameters[$"layers.{l}.cell._bias_"].Span;
            float[] one = golden.Floats($"lstm.bias_ih_l{l}"), other = golden.Floats($"lstm.bias_hh_l{l}");
            for (int i = 0; i < bias.Length; i++)
                bias[i] = one[i] + other[i];
        }

        Compare(golden, body);
        for (int l = 0; l < 2; l++)
        {
            golden.AssertClose($"grad.param.lstm.weight_ih_l{l}", parameters[$"layers.{l}.input.weight"].Gradient!.Span);
            golden.AssertClose($"grad.param.lstm.weight_hh_l{l}", parameters[$"layers.{l}.cell._recurrent_kernel_"].Gradient!.Span);
            golden.AssertClose($"grad.param.lstm.bias_ih_l{l}", parameters[$"layers.{l}.cell._bias_"].Gradient!.Span);
        }
    }

    /// <summary>Longer than one block of queries.</summary>
    [Fact]
    public void TransformerIsThatOfTorch()
    {
        var golden = new GoldenCase("baselines/transformer");
        var parameters = new ParameterSet(1);
        var body = new TransformerBody(parameters.Root, 2, golden.Shape("in.x")[2], heads: 2, golden.Config.GetProperty("inner").GetInt32());
        foreach (Parameter parameter in parameters)
        {
            float one = parameter.Name.Contains("norm", StringComparison.Ordinal) ? 1 : 0; // ours multiplies by 1 + w
            float[] values = golden.Floats(parameter.Name);
            for (int i = 0; i < values.Length; i++)
                parameter.Span[i] = values[i] - one;
        }

        Compare(golden, body);
        foreach (Parameter parameter in parameters)
            golden.AssertClose("grad.param." + parameter.Name, parameter.Gradient!.Span);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void IsCausalForAnyLength(string name)
    {
        const int T = 70, Changed = 66;
        ISequenceBody body = Body(name, new ParameterSet(1));
        float[] x = Numbers(T * 16, 2), other = [.. x];
        other[Changed * 16]++;
        float[] before = Run(x, T), after = Run(other, T), shorter = Run(x[..(5 * 16)], 5);

        Assert.Equal(before[..(Changed * 16)], after[..(Changed * 16)]);
        for (int t = Changed; t < T; t++)
            Assert.NotEqual(before[(t * 16)..(t * 16 + 16)], after[(t * 16)..(t * 16 + 16)]);
        for (int i = 0; i < shorter.Length; i++)
            Assert.Equal(before[i], shorter[i], 1e-4f);

        float[] Run(float[] values, int steps)
        {
            using var pass = new Pass();
            return body.Forward(pass.Rent(new Shape(1, steps, 16), values), pass).Span.ToArray();
        }
    }

    /// <summary>Output and gradients of a training pass with dropout.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void NumberOfThreadsChangesNoBit(string name)
    {
        List<float[]> one = Learn(1), three = Learn(3);
        for (int i = 0; i < one.Count; i++)
            Assert.Equal(one[i], three[i]);

        List<float[]> Learn(int threads)
        {
            var parameters = new ParameterSet(1);
            ISequenceBody body = Body(name, parameters, dropout: 0.2f);
            using var pass = new Pass(new PassOptions(Record: true, Training: true, Threads: threads, Seed: 5));
            Tensor x = pass.Rent(new Shape(9, 70, 16), Numbers(9 * 70 * 16, 3));
            x.RequiresGradient = true;
            Tensor y = body.Forward(x, pass);
            float[] output = y.Span.ToArray();
            pass.Backward(Ops.Multiply(pass, y, pass.Rent(y.Shape, Numbers(y.Length, 4))));
            return [output, x.Gradient!.Span.ToArray(), .. parameters.Select(p => p.Gradient!.Span.ToArray())];
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void DropoutIsThereInTrainingOnly(string name)
    {
        Assert.Equal(Run(0f, training: false), Run(0.5f, training: false));
        Assert.NotEqual(Run(0f, training: true), Run(0.5f, training: true));

        float[] Run(float dropout, bool training)
        {
            using var pass = new Pass(new PassOptions(Training: training));
            return Body(name, new ParameterSet(1), dropout).Forward(pass.Rent(new Shape(2, 3, 16), Numbers(96, 2)), pass).Span.ToArray();
        }
    }

    /// <summary>Of x and every parameter of attention and LSTM layers, along random directions, with dropout.</summary>
    [Theory]
    [InlineData("lstm")]
    [InlineData("lstm-residual")]
    [InlineData("transformer")]
    public void GradientsAreDifferences(string name)
    {
        var parameters = new ParameterSet(3);
        ISequenceBody body = Body(name, parameters, dropout: 0.2f);
        // Larger than at the start, so that attention is not nearly even.
        foreach (Parameter parameter in parameters.Where(p => name == "transformer"))
            Numbers(parameter.Length, 8).Select(n => 0.3f * n).ToArray().CopyTo(parameter.Span);
        var options = new PassOptions(Record: true, Training: true, Seed: 2);
        var x = new Tensor(new Shape(2, 7, 16), Numbers(2 * 7 * 16, 6)) { RequiresGradient = true };
        float[] g = Numbers(x.Length, 7);
        using var pass = new Pass(options);
        Tensor y = body.Forward(x, pass);
        pass.Backward(Ops.Multiply(pass, y, pass.Rent(y.Shape, g)));

        foreach (Tensor tensor in (IEnumerable<Tensor>)[x, .. parameters])
        {
            float[] direction = Numbers(tensor.Length, 11), start = tensor.Span.ToArray();
            double along = direction.Zip(tensor.Gradient!.Span.ToArray(), (u, d) => (double)u * d).Sum();
            const float Step = 3e-3f;
            double difference = (Loss(Step) - Loss(-Step)) / (2 * Step);
            start.CopyTo(tensor.Span);
            double norm = Math.Sqrt(tensor.Gradient.Span.ToArray().Sum(d => (double)d * d));
            Assert.True(Math.Abs(along - difference) < 0.01 * norm + 0.003, $"{tensor}: {along}, differences {difference}, norm {norm}.");

            double Loss(float step)
            {
                for (int i = 0; i < start.Length; i++)
                    tensor.Span[i] = start[i] + step * direction[i];
                using var plain = new Pass(options with { Record = false });
                return body.Forward(x, plain).Span.ToArray().Zip(g, (a, b) => (double)a * b).Sum();
            }
        }
    }

    private static void Compare(GoldenCase golden, ISequenceBody body)
    {
        int[] shape = golden.Shape("in.x");
        using var pass = new Pass(new PassOptions(Record: true));
        Tensor x = pass.Rent(new Shape(shape[0], shape[1], shape[2]), golden.Floats("in.x"));
        x.RequiresGradient = true;
        Tensor y = body.Forward(x, pass);
        golden.AssertClose("y", y.Span);
        pass.Backward(Ops.Multiply(pass, y, pass.Rent(y.Shape, golden.Floats("in.g"))));
        golden.AssertClose("grad.x", x.Gradient!.Span);
    }

    private static ISequenceBody Body(string name, ParameterSet parameters, float dropout = 0f) =>
        Kind(name).Create(parameters.Root, Kind(name).At(16), dropout);

    private static BodyKind Kind(string name) => All.Single(k => k.Name == name);

    private static float[] Numbers(int length, ulong seed)
    {
        var parameters = new ParameterSet(seed);
        return parameters.Root.Get("numbers", new Shape(length), Initializer.Normal(1)).Span.ToArray();
    }
}
