using XLstm.Golden;
using XLstm.Kernels;

namespace XLstm.Tests;

public class ComponentGoldenTests
{
    public static TheoryData<string> Convolutions => GoldenCase.Cases("components/conv_");

    public static TheoryData<string> BlockDiagonals => GoldenCase.Cases("components/headwise_");

    public static TheoryData<string> LayerNorms => GoldenCase.Cases("components/layernorm_");

    public static TheoryData<string> HeadNorms => GoldenCase.Cases("components/mhln");

    public static TheoryData<string> LargeNorms => GoldenCase.Cases("components/large_");

    public static TheoryData<string> FeedForwards => GoldenCase.Cases("components/ffn_");

    [Theory]
    [MemberData(nameof(Convolutions))]
    public void Convolution(string path)
    {
        var golden = new GoldenCase(path);
        var config = golden.Config.GetProperty("config");
        CausalConv1d layer = Load(golden, p => new CausalConv1d(
            p.Root, config.GetProperty("feature_dim").GetInt32(), config.GetProperty("kernel_size").GetInt32(),
            config.GetProperty("causal_conv_bias").GetBoolean(), config.GetProperty("channel_mixing").GetBoolean()), out ParameterSet parameters);
        AssertLayer(golden, parameters, (x, pass) => layer.Forward(x, null, pass).Output);

        using var pass = new Pass();
        Tensor x = golden.Input(pass);
        int cut = golden.Config.GetProperty("cut").GetInt32(), T = x.Shape[1];
        var y = new float[x.Length];
        (Tensor first, Tensor middle) = layer.Forward(GoldenAssertions.Segment(pass, x, 0, cut), null, pass);
        (Tensor second, Tensor last) = layer.Forward(GoldenAssertions.Segment(pass, x, cut, T - cut), middle, pass);
        GoldenAssertions.Put(first, y, T, 0);
        GoldenAssertions.Put(second, y, T, cut);
        golden.AssertClose("carried.y", y);
        golden.AssertClose("carried.state_mid", middle.Span);
        golden.AssertClose("carried.state_last", last.Span);

        Tensor? state = null;
        for (int t = 0; t < T; t++)
        {
            (Tensor output, state) = layer.Forward(GoldenAssertions.Step(pass, x, t), state, pass);
            GoldenAssertions.Put(output, y, T, t);
        }
        if (!golden.Has("f64.step.y"))
            return;
        golden.AssertClose("step.y", y);
        golden.AssertClose("step.state_last", GoldenAssertions.WithoutOldest(golden, "step.state_last"), state!.Span, golden.Tolerance("step.state_last"));
    }

    [Theory]
    [MemberData(nameof(BlockDiagonals))]
    public void BlockDiagonal(string path)
    {
        var golden = new GoldenCase(path);
        int inputs = golden.Config.GetProperty("in_features").GetInt32();
        BlockDiagonalLinear layer = Load(golden, p => new BlockDiagonalLinear(
            p.Root, inputs, inputs * golden.Config.GetProperty("expand_factor_up").GetInt32(), golden.Config.GetProperty("num_heads").GetInt32(),
            golden.Config.GetProperty("bias").GetBoolean()), out ParameterSet parameters);
        AssertLayer(golden, parameters, layer.Forward);
    }

    [Theory]
    [MemberData(nameof(LayerNorms))]
    public void LayerNorm(string path)
    {
        var golden = new GoldenCase(path);
        Norm norm = LoadNorm(golden, NormKind.Layer, 1, out ParameterSet parameters);
        AssertLayer(golden, parameters, norm.Forward);
    }

    [Theory]
    [MemberData(nameof(HeadNorms))]
    public void HeadNorm(string path)
    {
        var golden = new GoldenCase(path);
        int N = golden.Config.GetProperty("NH").GetInt32();
        Norm norm = LoadNorm(golden, NormKind.Layer, N, out ParameterSet parameters);
        using var pass = new Pass(new PassOptions(Record: true));
        int[] shape = golden.Shape("in.x");
        int B = shape[0], T = shape[2], d = shape[3];
        Tensor x = pass.Rent(new Shape(B, T, N * d), Swap(golden.Floats("in.x"), B, N, T, d));
        x.RequiresGradient = true;
        Tensor y = norm.Forward(x, pass);
        golden.AssertClose("y", Swap(y.Span.ToArray(), B, T, N, d));
        pass.Backward(Ops.Multiply(pass, y, pass.Rent(y.Shape, Swap(golden.Floats("in.g"), B, N, T, d))));
        golden.AssertClose("grad.x", Swap(x.Gradient!.Span.ToArray(), B, T, N, d));
        golden.AssertParameterGradients(parameters);
    }

    [Theory]
    [MemberData(nameof(LargeNorms))]
    public void NormsOfTheLargeModels(string path)
    {
        var golden = new GoldenCase(path);
        int N = golden.Config.GetProperty("NH").GetInt32(), d = golden.Config.GetProperty("DH").GetInt32();
        bool byHead = path.Contains("_mh_", StringComparison.Ordinal);
        NormKind kind = path.Contains("rmsnorm", StringComparison.Ordinal) ? NormKind.Rms : NormKind.Layer;
        Norm norm = Load(golden, p => new Norm(
            p.Root.At("out_norm"), N * d, kind, byHead ? N : 1, golden.Config.GetProperty("eps").GetSingle(), weight: true,
            golden.Config.GetProperty("use_bias").GetBoolean(), onePlusWeight: false), out ParameterSet parameters);
        using var pass = new Pass(new PassOptions(Record: true));
        Tensor x = pass.Rent(GoldenAssertions.ShapeOf(golden.Shape("in.g")), golden.Floats("in.x"));
        x.RequiresGradient = true;
        Tensor y = norm.Forward(x, pass);
        golden.AssertClose("y", y.Span);
        golden.BackwardFrom(pass, y);
        golden.AssertClose("grad.x", x.Gradient!.Span);
        golden.AssertParameterGradients(parameters);
    }

    [Theory]
    [MemberData(nameof(FeedForwards))]
    public void FeedForward(string path)
    {
        var golden = new GoldenCase(path);
        var config = new FeedForwardConfig(
            golden.Config.GetProperty("proj_factor").GetDouble(), golden.Config.GetProperty("act_fn").GetString()!, golden.Config.GetProperty("bias").GetBoolean());
        GatedFeedForward layer = Load(golden, p => new GatedFeedForward(p.Root, config, golden.Config.GetProperty("embedding_dim").GetInt32(), 1), out ParameterSet parameters);
        AssertLayer(golden, parameters, layer.Forward);
    }

    [Fact]
    public void SoftCap()
    {
        var golden = new GoldenCase("components/soft_cap");
        foreach (int cap in (int[])[15, 30])
        {
            using var pass = new Pass(new PassOptions(Record: true));
            Tensor x = golden.Input(pass);
            Tensor y = Ops.SoftCap(pass, x, cap);
            golden.AssertClose($"cap{cap}", y.Span);
            pass.Backward(y);
            for (int i = 0; i < x.Length; i++)
                Assert.Equal(Math.Pow(Math.Cosh(Math.Clamp(x.Span[i] / cap, -300f, 300f)), -2), x.Gradient!.Span[i], 4e-6);
        }
    }

    [Fact]
    public void DeterministicInitialisers()
    {
        var golden = new GoldenCase("components/deterministic_inits");
        foreach (string name in golden.TensorNames)
        {
            string[] parts = name.Split('.');
            int Number(string part, int from) => int.Parse(part[from..], System.Globalization.CultureInfo.InvariantCulture);
            double[] expected = golden.Doubles(name);
            float[] actual = new float[expected.Length];
            var random = new RandomSource(1);
            if (parts[1] == "mlstm_fgate_bias")
                Initializer.Linspace(3, 6).Fill(actual, ref random);
            else
            {
                int width = Number(parts[^2], 1), heads = Number(parts[^1], 2), d = width / heads;
                int[] block = parts[1] == "slstm_bias_powerlaw" ? [.. parts[2]["block".Length..].Split("of").Select(p => Number(p, 0))] : [];
                (block.Length == 0 ? SLstmCell.LinspaceBias(width, heads) : SLstmCell.PowerLawBias(width, heads, block[0], block[1])).Fill(actual, ref random);
                actual = Swap(actual, 1, 4, heads, d); // the package's outer layout has the head first
            }
            golden.AssertClose(name, expected, actual, 2e-6);
        }
    }

    private static Norm LoadNorm(GoldenCase golden, NormKind kind, int heads, out ParameterSet parameters)
    {
        bool Flag(string name, bool otherwise) => golden.Config.TryGetProperty(name, out var flag) ? flag.GetBoolean() : otherwise;
        return Load(golden, p => new Norm(
            p.Root.At("outnorm"), golden.Config.GetProperty("ndim").GetInt32(), kind, heads, 1e-5f, Flag("weight", true), Flag("bias", false), Flag("residual_weight", true)), out parameters);
    }

    private static T Load<T>(GoldenCase golden, Func<ParameterSet, T> build, out ParameterSet parameters)
    {
        if (!File.Exists(Path.Combine(golden.Folder, "model.safetensors")))
            return build(parameters = new ParameterSet(seed: 0));
        using ModelWeights weights = ModelWeights.Open(golden.Folder);
        parameters = new ParameterSet(weights);
        T layer = build(parameters);
        Assert.Empty(parameters.Unexpected());
        return layer;
    }

    private static void AssertLayer(GoldenCase golden, ParameterSet parameters, Func<Tensor, Pass, Tensor> forward)
    {
        using var pass = new Pass(new PassOptions(Record: true));
        Tensor x = golden.Input(pass);
        Tensor y = forward(x, pass);
        golden.AssertClose("y", y.Span);
        golden.BackwardFrom(pass, y);
        golden.AssertClose("grad.x", x.Gradient!.Span);
        golden.AssertParameterGradients(parameters);
    }

    // [B, a, b, d] to [B, b, a, d]
    private static float[] Swap(float[] values, int B, int a, int b, int d)
    {
        var result = new float[values.Length];
        for (int r = 0; r < B; r++)
            for (int i = 0; i < a; i++)
                for (int j = 0; j < b; j++)
                    values.AsSpan(((r * a + i) * b + j) * d, d).CopyTo(result.AsSpan(((r * b + j) * a + i) * d));
        return result;
    }
}
