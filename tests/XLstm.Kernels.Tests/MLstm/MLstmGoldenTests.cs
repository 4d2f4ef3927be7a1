using XLstm.Golden;

namespace XLstm.Kernels.Tests;

/// <summary>
/// Every form against the reference implementations'. Their chunkwise_simple and mlstm_kernels keep keys unscaled in the
/// state, so their C and n are sqrt(K) larger than ours.
/// </summary>
public class MLstmGoldenTests
{
    private static readonly int[] Chunks = [1, 3, 4, 8, 16, 64, MLstmCase.Parallel];

    public static TheoryData<string> Simple => GoldenCase.Cases("cells/mlstm_simple_");

    public static TheoryData<string> Kernels => GoldenCase.Cases("cells/mlstm_kernels_");

    public static TheoryData<string> SigmoidGate => GoldenCase.Cases("cells/mlstm_siging_");

    [Theory]
    [MemberData(nameof(Simple))]
    public void AgreesWithTheSimpleForms(string path)
    {
        var golden = new GoldenCase(path);
        double sqrtK = Math.Sqrt(golden.Config.GetProperty("DH").GetInt32());
        bool state = golden.Has("in.C0");
        AssertForms(golden, "recurrent", 1, state, [MLstmCase.Recurrent, .. Chunks.Where(c => state || c != MLstmCase.Parallel)]);
        foreach (int chunk in golden.Config.GetProperty("chunk_sizes").EnumerateArray().Select(c => c.GetInt32()))
            AssertForms(golden, $"chunkwise{chunk}", sqrtK, state, [MLstmCase.Recurrent, chunk]);
        if (golden.Has("f64.parallel.h"))
            AssertForms(golden, "parallel", 1, state: false, [MLstmCase.Parallel]);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void AgreesWithTheKernelsOfTheLargeModel(string path)
    {
        var golden = new GoldenCase(path);
        double sqrtK = Math.Sqrt(golden.Config.GetProperty("DHQK").GetInt32());
        AssertForms(golden, "recurrent", sqrtK, state: false, [MLstmCase.Recurrent, 1, 5, 16]);
        AssertForms(golden, "recurrent_init", sqrtK, state: true, [MLstmCase.Recurrent, .. Chunks]);
        AssertForms(golden, "chunkwise_init", sqrtK, state: true, [MLstmCase.Recurrent, .. Chunks]);
        foreach (int chunk in golden.Config.GetProperty("chunk_sizes").EnumerateArray().Select(c => c.GetInt32()))
            AssertForms(golden, $"chunkwise{chunk}", sqrtK, state: false, [MLstmCase.Recurrent, chunk]);
        AssertForms(golden, "parallel", 1, state: false, [MLstmCase.Parallel]);
        AssertForms(golden, "parallel_stablef", 1, state: false, [MLstmCase.Parallel]);
        AssertForms(golden, "wrap", sqrtK, state: true, [MLstmCase.Recurrent, .. Chunks], "in.wrap");
        AssertForms(golden, "wrap_pad", sqrtK, state: false, [MLstmCase.Recurrent, 7, 16], "in.wrap");
    }

    [Theory]
    [MemberData(nameof(SigmoidGate))]
    public void AgreesWithTheSigmoidInputGate(string path)
    {
        var golden = new GoldenCase(path);
        foreach (bool normalize in (bool[])[false, true])
        {
            var options = new MLstmOptions(MLstmInputGate.Sigmoid, normalize, (float)golden.Config.GetProperty("eps").GetDouble());
            foreach (int stable in (int[])[0, 1])
                AssertForms(golden, $"norm{(normalize ? 1 : 0)}_stable{stable}", 1, state: false, [MLstmCase.Recurrent, .. Chunks], options: options);
        }
    }

    [Theory]
    [MemberData(nameof(Simple))]
    public void AgreesAfterEveryStep(string path)
    {
        var golden = new GoldenCase(path);
        List<float> C = [], n = [], m = [];
        foreach (MLstmCase head in Heads(golden, "in", golden.Has("in.C0"), 1, MLstmOptions.Default))
        {
            (float[] C, float[] N, float[] M) state = head.Continues ? (head.C0, head.N0, head.M0) : (new float[head.K * head.V], new float[head.K], new float[1]);
            for (int t = 0; t < head.T; t++)
            {
                MLstmCase.Output step = head.Part(t, 1, state, ([], [], [])).Forward(MLstmCase.Recurrent, 0);
                state = (step.C, step.N, step.M);
                C.AddRange(step.C);
                n.AddRange(step.N);
                m.AddRange(step.M);
            }
        }
        golden.AssertClose("recurrent.C_all", C.ToArray());
        golden.AssertClose("recurrent.n_all", n.ToArray());
        golden.AssertClose("recurrent.m_all", m.ToArray());
    }

    [Theory]
    [MemberData(nameof(Simple))]
    public void TheReferenceInDoubleAgreesTo12Digits(string path)
    {
        var golden = new GoldenCase(path);
        foreach (bool parallel in (bool[])[false, true])
        {
            string form = parallel ? "parallel" : "recurrent";
            if (!golden.Has($"f64.{form}.h"))
                continue;
            var heads = Heads(golden, "in", golden.Has("in.C0"), 1, MLstmOptions.Default).Select(head => head.Reference(head.Inputs(), parallel)).ToArray();
            Doubles.AssertEqual(golden.Doubles($"f64.{form}.h"), [.. heads.SelectMany(head => head.H)]);
            if (parallel)
                continue;
            Doubles.AssertEqual(golden.Doubles("f64.recurrent.C_last"), [.. heads.SelectMany(head => head.C)]);
            Doubles.AssertEqual(golden.Doubles("f64.recurrent.n_last"), [.. heads.SelectMany(head => head.N)]);
            Doubles.AssertEqual(golden.Doubles("f64.recurrent.m_last"), [.. heads.Select(head => head.M)]);
        }
    }

    // Each of our forms against every tensor that the golden form has; the recurrent form has no backward of its own.
    private static void AssertForms(GoldenCase golden, string form, double stateScale, bool state, int[] forms, string inputs = "in", MLstmOptions? options = null)
    {
        MLstmCase[] heads = [.. Heads(golden, inputs, state, stateScale, options ?? MLstmOptions.Default)];
        foreach (int ours in forms)
        {
            foreach (int width in Lanes.Widths)
            {
                MLstmCase.Output[] outputs = [.. heads.Select(head => head.Forward(ours, width))];
                Compare("h", o => o.H, 1);
                Compare("C_last", o => o.C, stateScale);
                Compare("n_last", o => o.N, stateScale);
                Compare("m_last", o => o.M, 1);
                if (ours == MLstmCase.Recurrent || !golden.Has($"f64.{form}.grad.q"))
                    continue;
                MLstmCase.Gradients[] gradients = [.. heads.Select((head, i) => head.Backward(ours, width, outputs[i].H))];
                CompareGradient("q", g => g.Q, 1);
                CompareGradient("k", g => g.Key, 1);
                CompareGradient("v", g => g.Value, 1);
                CompareGradient("i", g => g.I, 1);
                CompareGradient("f", g => g.F, 1);
                CompareGradient("C0", g => g.C0, 1 / stateScale);
                CompareGradient("n0", g => g.N0, 1 / stateScale);
                CompareGradient("m0", g => g.M0, 1);

                void Compare(string tensor, Func<MLstmCase.Output, float[]> values, double scale) =>
                    AssertClose($"{form}.{tensor}", outputs.SelectMany(values), scale);

                void CompareGradient(string tensor, Func<MLstmCase.Gradients, float[]> values, double scale) =>
                    AssertClose($"{form}.grad.{tensor}", gradients.SelectMany(values), scale);
            }
        }

        void AssertClose(string tensor, IEnumerable<float> values, double scale)
        {
            if (golden.Has("f64." + tensor))
                golden.AssertClose(tensor, values.Select(v => (float)(v * scale)).ToArray());
        }
    }

    private static IEnumerable<MLstmCase> Heads(GoldenCase golden, string inputs, bool state, double stateScale, MLstmOptions options)
    {
        int T = golden.Shape($"{inputs}.q")[2], K = golden.Shape($"{inputs}.q")[3], V = golden.Shape($"{inputs}.v")[3];
        int heads = golden.Shape($"{inputs}.q")[0] * golden.Shape($"{inputs}.q")[1];
        for (int head = 0; head < heads; head++)
        {
            float[] Of(string tensor, int length) => golden.Floats(tensor).AsSpan(head * length, length).ToArray();
            float[] StateOf(string tensor, int length, double scale) => state ? [.. Of(tensor, length).Select(v => (float)(v / scale))] : [];
            yield return new MLstmCase(T, K, V)
            {
                Options = options,
                Q = Of($"{inputs}.q", T * K),
                Key = Of($"{inputs}.k", T * K),
                Value = Of($"{inputs}.v", T * V),
                I = Of($"{inputs}.i", T),
                F = Of($"{inputs}.f", T),
                DH = inputs == "in" ? Of("in.g", T * V) : new float[T * V],
                C0 = StateOf("in.C0", K * V, stateScale),
                N0 = StateOf("in.n0", K, stateScale),
                M0 = StateOf("in.m0", 1, 1),
            };
        }
    }
}
