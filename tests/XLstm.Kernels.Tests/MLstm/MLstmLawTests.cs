using CsCheck;

namespace XLstm.Kernels.Tests;

public class MLstmLawTests
{
    private static readonly Gen<MLstmOptions> Options = Gen.Select(Gen.Bool, Gen.Bool, (sigmoid, normalize) =>
        new MLstmOptions(sigmoid ? MLstmInputGate.Sigmoid : MLstmInputGate.Exponential, normalize, 1e-6f));

    /// <summary>Recurrent, parallel and chunkwise, of one chunk or many.</summary>
    private static int[] Forms(int T) => [MLstmCase.Recurrent, MLstmCase.Parallel, 1, 2, 3, 7, 16, 64, T + 5];

    public static TheoryData<int> Lengths => new(Enumerable.Range(0, 71));

    [Theory]
    [MemberData(nameof(Lengths))]
    public void EveryFormEqualsThePaperInDouble(int T)
    {
        Gen.Select(Gen.Int, Gen.Int[1, 40], Gen.Int[1, 70], Options, Gen.Bool, Gen.Int[0, 3]).Sample((seed, K, V, options, state, gap) =>
        {
            MLstmCase sequence = MLstmCase.Random(new Random(seed), T, K, V, options, state, dState: false, gap);
            Reference fresh = new(sequence, parallel: false), parallel = new(sequence, parallel: true);
            foreach (int form in Forms(T))
                foreach (int width in Lanes.Widths)
                    (form == MLstmCase.Parallel ? parallel : fresh).AssertClose(form, sequence.Forward(form, width), 4e-6);
        }, iter: 3, threads: 1);
    }

    /// <summary>Products of more terms than are summed at a time, and blocks of more rows than short chunks have.</summary>
    [Theory]
    [InlineData(70, 400, 5)]
    [InlineData(70, 5, 400)]
    [InlineData(450, 3, 4)]
    public void LongChunksAndWideHeads(int T, int K, int V)
    {
        MLstmCase sequence = MLstmCase.Random(new Random(T + K), T, K, V, MLstmOptions.Default, state: true, dState: true);
        var reference = new Reference(sequence, parallel: false);
        float[] h = sequence.Forward(MLstmCase.Parallel, 0).H;
        MLstmCase.Gradients expected = sequence.Backward(MLstmCase.Parallel, 0, h);
        foreach (int form in (int[])[16, 64, 200, MLstmCase.Parallel])
            foreach (int width in Lanes.Widths)
            {
                reference.AssertClose(form, sequence.Forward(form, width), 4e-6);
                AssertClose(expected, sequence.Backward(form, width, h), 1e-5 * Amplification(sequence));
            }
    }

    [Fact]
    public void TwoPartsEqualTheWhole()
    {
        Gen.Select(Gen.Int, Gen.Int[0, 50], Gen.Double[0, 1], Gen.Int[1, 20], Gen.Int[1, 20], Options, Gen.Bool).Sample((seed, T, at, K, V, options, state) =>
        {
            var random = new Random(seed);
            int cut = (int)(at * T);
            MLstmCase whole = MLstmCase.Random(random, T, K, V, options, state, dState: false);
            int[] forms = Forms(T);
            int first = forms[random.Next(forms.Length)], second = forms[random.Next(forms.Length)];
            MLstmCase.Output a = whole.Part(0, cut, (whole.C0, whole.N0, whole.M0), ([], [], [])).Forward(first, 0);
            MLstmCase.Output b = whole.Part(cut, T - cut, (a.C, a.N, a.M), ([], [], [])).Forward(second, 0);
            // What the whole would start from decides where epsilon stands.
            new Reference(whole, parallel: cut > 0 && first == MLstmCase.Parallel).AssertClose(second, new([.. a.H, .. b.H], b.C, b.N, b.M), 8e-6);
        }, iter: 200, threads: 1);
    }

    [Fact]
    public void GradientsAreThoseOfTheReference()
    {
        Gen.Select(Gen.Int, Gen.Int[0, 9], Gen.Int[1, 6], Gen.Int[1, 6], Options, Gen.Bool, Gen.Bool, Gen.Int[0, 2]).Sample((seed, T, K, V, options, state, dState, gap) =>
        {
            MLstmCase sequence = MLstmCase.Random(new Random(seed), T, K, V, options, state, dState, gap);
            double tolerance = 3e-6 * Amplification(sequence);
            foreach (bool parallel in (bool[])[false, true])
            {
                MLstmCase.DoubleInputs x = sequence.Inputs();
                double Loss() => sequence.Loss(x, parallel);
                foreach (int form in (int[])(parallel ? [MLstmCase.Parallel] : [1, 2, 3, 16]))
                    foreach (int width in Lanes.Widths)
                    {
                        MLstmCase.Gradients gradients = sequence.Backward(form, width, sequence.Forward(form, width).H);
                        double scale = Largest(gradients);
                        Differences.AssertGradient("q", x.Q, Loss, gradients.Q, tolerance, scale);
                        Differences.AssertGradient("k", x.Key, Loss, gradients.Key, tolerance, scale);
                        Differences.AssertGradient("v", x.Value, Loss, gradients.Value, tolerance, scale);
                        Differences.AssertGradient("i", x.I, Loss, gradients.I, tolerance, scale);
                        Differences.AssertGradient("f", x.F, Loss, gradients.F, tolerance, scale);
                        if (!sequence.Continues)
                            continue;
                        Differences.AssertGradient("C", x.C, Loss, gradients.C0, tolerance, scale);
                        Differences.AssertGradient("n", x.N, Loss, gradients.N0, tolerance, scale);
                        if (options.InputGate == MLstmInputGate.Exponential)
                            Differences.AssertGradient("m", x.M, Loss, gradients.M0, tolerance, scale);
                    }
            }
        }, iter: 60, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void GradientsDoNotDependOnTheChunkLength(int T)
    {
        Gen.Select(Gen.Int, Gen.Int[1, 33], Gen.Int[1, 40], Options, Gen.Bool).Sample((seed, K, V, options, dState) =>
        {
            MLstmCase sequence = MLstmCase.Random(new Random(seed), T, K, V, options, state: true, dState);
            float[] h = sequence.Forward(MLstmCase.Parallel, 0).H;
            MLstmCase.Gradients expected = sequence.Backward(MLstmCase.Parallel, 0, h);
            foreach (int chunk in (int[])[1, 2, 5, 16, 33, 64])
                foreach (int width in Lanes.Widths)
                    AssertClose(expected, sequence.Backward(chunk, width, h), 1e-5 * Amplification(sequence));
        }, iter: 2, threads: 1);
    }

    /// <summary>Back through the second part, its gradients of the state, then back through the first.</summary>
    [Fact]
    public void GradientsOfTwoPartsEqualThoseOfTheWhole()
    {
        Gen.Select(Gen.Int, Gen.Int[0, 40], Gen.Double[0, 1], Gen.Int[1, 12], Gen.Int[1, 12], Options, Gen.Bool).Sample((seed, T, at, K, V, options, dState) =>
        {
            int cut = (int)(at * T);
            MLstmCase whole = MLstmCase.Random(new Random(seed), T, K, V, options, state: true, dState);
            MLstmCase.Gradients expected = whole.Backward(16, 0, whole.Forward(16, 0).H);
            MLstmCase.Output a = whole.Part(0, cut, (whole.C0, whole.N0, whole.M0), ([], [], [])).Forward(16, 0);
            MLstmCase second = whole.Part(cut, T - cut, (a.C, a.N, a.M), (whole.DC, whole.DN, whole.DM));
            MLstmCase.Gradients late = second.Backward(8, 0, second.Forward(8, 0).H);
            MLstmCase first = whole.Part(0, cut, (whole.C0, whole.N0, whole.M0), (late.C0, late.N0, late.M0));
            MLstmCase.Gradients early = first.Backward(32, 0, first.Forward(32, 0).H);
            AssertClose(expected, new([.. early.Q, .. late.Q], [.. early.Key, .. late.Key], [.. early.Value, .. late.Value], [.. early.I, .. late.I], [.. early.F, .. late.F], early.C0, early.N0, early.M0), 1e-5 * Amplification(whole));
        }, iter: 60, threads: 1);
    }

    [Fact]
    public void GradientsAreAdded()
    {
        MLstmCase sequence = MLstmCase.Random(new Random(3), 21, 5, 9, MLstmOptions.Default, state: true, dState: true);
        float[] h = sequence.Forward(8, 0).H;
        MLstmCase.Gradients once = sequence.Backward(8, 0, h), added = sequence.Backward(8, 0, h, before: 3f);
        float[][] from = Tensors(once), to = Tensors(added);
        for (int tensor = 0; tensor < from.Length; tensor++)
            for (int i = 0; i < from[tensor].Length; i++)
                if (!(Math.Abs(to[tensor][i] - from[tensor][i] - 3) <= 1e-5 * (3 + Math.Abs(from[tensor][i]))))
                    Assert.Fail($"Gradient {tensor}[{i}] went from 3 to {to[tensor][i]}, expected {from[tensor][i]} more.");
    }

    [Fact]
    public void GradientsAreWrittenWhereThereIsNothingToAddTo()
    {
        MLstmCase sequence = MLstmCase.Random(new Random(4), 21, 5, 9, MLstmOptions.Default, state: false, dState: true, gap: 1);
        float[] h = sequence.Forward(8, 0).H;
        foreach (int form in (int[])[8, MLstmCase.Parallel])
            Assert.Equal(Tensors(sequence.Backward(form, 0, h)), Tensors(sequence.Backward(form, 0, h, before: float.NaN, accumulate: false)));
    }

    [Fact]
    public void ExtremeGatesStayFinite()
    {
        Gen.Select(Gen.Int, Gen.Int[0, 70], Gen.Int[1, 20], Gen.Int[1, 20], Options, Gen.Bool, Gen.Bool).Sample((seed, T, K, V, options, thousand, state) =>
        {
            var random = new Random(seed);
            float scale = thousand ? 1000f : 100f;
            MLstmCase sequence = MLstmCase.Random(random, T, K, V, options, state, dState: true);
            foreach (float[] gate in (float[][])[sequence.I, sequence.F])
                for (int t = 0; t < T; t++)
                    gate[t] = random.Next(3) switch { 0 => scale, 1 => -scale, _ => gate[t] };
            if (state && options.InputGate == MLstmInputGate.Exponential)
                sequence.M0[0] = random.Next(3) switch { 0 => scale, 1 => -scale, _ => sequence.M0[0] };

            Reference fresh = new(sequence, parallel: false), parallel = new(sequence, parallel: true);
            foreach (int form in Forms(T))
                foreach (int width in Lanes.Widths)
                {
                    MLstmCase.Output output = sequence.Forward(form, width);
                    (form == MLstmCase.Parallel ? parallel : fresh).AssertClose(form, output, 2e-3);
                    if (form == MLstmCase.Recurrent)
                        continue;
                    Assert.All(Tensors(sequence.Backward(form, width, output.H)), tensor => Assert.True(Array.TrueForAll(tensor, float.IsFinite)));
                }
        }, iter: 60, threads: 1);
    }

    [Fact]
    public void ShortSpansAndWrongChunksAreNamed()
    {
        var shape = new MLstmShape(5, 3, 4, 7, 8, 2);
        int[] lengths = [31, 31, 36, 9, 9, 12, 3, 1, 36, MLstmChunkwise.ForwardScratchLength(shape, 2)];
        string[] names = ["q", "k", "v", "inputGate", "forgetGate", "C", "n", "m", "h", "scratch"];
        float[][] Spans(int missing) => [.. lengths.Select((length, i) => new float[i == missing ? length - 1 : length])];
        for (int i = 0; i < names.Length; i++)
        {
            float[][] s = Spans(i);
            Assert.Equal(names[i], Assert.Throws<ArgumentException>(() => MLstmChunkwise.Forward(shape, 2, MLstmOptions.Default, s[0], s[1], s[2], s[3], s[4], true, s[5], s[6], s[7], s[8], s[9])).ParamName);
            if (i < 9)
                Assert.Equal(names[i], Assert.Throws<ArgumentException>(() => MLstmRecurrent.Forward(shape, MLstmOptions.Default, s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8])).ParamName);
        }
        float[][] whole = Spans(-1);
        Assert.Equal("chunkLength", Assert.Throws<ArgumentOutOfRangeException>(() => MLstmChunkwise.Forward(shape, 0, MLstmOptions.Default, whole[0], whole[1], whole[2], whole[3], whole[4], true, whole[5], whole[6], whole[7], whole[8], whole[9])).ParamName);

        int[] backward = [31, 31, 36, 9, 9, 12, 3, 1, 36, 36, 12, 3, 1, 31, 31, 36, 9, 9, 12, 3, 1, MLstmChunkwise.BackwardScratchLength(shape, 2)];
        string[] backwardNames = ["q", "k", "v", "inputGate", "forgetGate", "C0", "n0", "m0", "h", "dH", "dC", "dN", "dM", "dQ", "dK", "dV", "dInputGate", "dForgetGate", "dC0", "dN0", "dM0", "scratch"];
        for (int i = 0; i < backward.Length; i++)
        {
            if (backward[i] == 1 && backwardNames[i] != "m0")
                continue; // without its one element it is empty, which means not wanted
            float[][] s = [.. backward.Select((length, n) => new float[n == i ? length - 1 : length])];
            Assert.Equal(backwardNames[i], Assert.Throws<ArgumentException>(() => MLstmChunkwise.Backward(
                shape, 2, MLstmOptions.Default, s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11], s[12], s[13], s[14], s[15], s[16], s[17], s[18], s[19], s[20], true, s[21])).ParamName);
        }
    }

    /// <summary>How much larger than float32's own the error of a gradient may be, relative to the largest: the normaliser enters it twice.</summary>
    private static double Amplification(MLstmCase sequence)
    {
        double worst = sequence.Conditions().Normalizer.Append(0).Max();
        return 1 + worst * worst;
    }

    private static float[][] Tensors(MLstmCase.Gradients g) => [g.Q, g.Key, g.Value, g.I, g.F, g.C0, g.N0, g.M0];

    private static double Largest(MLstmCase.Gradients g) => Tensors(g).SelectMany(tensor => tensor).Select(Math.Abs).Append(1e-2f).Max();

    private static void AssertClose(MLstmCase.Gradients expected, MLstmCase.Gradients actual, double tolerance)
    {
        float[][] from = Tensors(expected), to = Tensors(actual);
        double allowed = tolerance * Largest(expected);
        for (int tensor = 0; tensor < from.Length; tensor++)
            for (int i = 0; i < from[tensor].Length; i++)
                if (!(Math.Abs(from[tensor][i] - to[tensor][i]) <= allowed))
                    Assert.Fail($"Gradient {tensor}[{i}] is {to[tensor][i]}, expected {from[tensor][i]}, allowed error {allowed}.");
    }

    /// <summary>
    /// The paper's numbers. What float32 leaves of h is bounded by the sums that cancel in it; the memory is compared where m
    /// does not matter, as C exp(m).
    /// </summary>
    private sealed class Reference(MLstmCase sequence, bool parallel)
    {
        private readonly (double[] H, double[] C, double[] N, double M) _paper = sequence.Reference(sequence.Inputs(), parallel);
        private readonly (double[] Numerator, double[] Normalizer) _conditions = sequence.Conditions(parallel);

        public void AssertClose(int form, MLstmCase.Output output, double tolerance)
        {
            (double[] h, double[] C, double[] n, double m) = _paper;
            for (int i = 0; i < h.Length; i++)
            {
                double allowed = tolerance * (_conditions.Numerator[i] + Math.Abs(h[i]) * _conditions.Normalizer[i / sequence.V]) + 1e-30;
                if (!(Math.Abs(h[i] - output.H[i]) <= allowed))
                    Assert.Fail($"Form {form}: h[{i}] is {output.H[i]}, expected {h[i]}, allowed error {allowed}.");
            }
            if (sequence.T == 0)
                return;
            if (!(Math.Abs(m - output.M[0]) <= tolerance * (1 + Math.Abs(m))))
                Assert.Fail($"Form {form}: m is {output.M[0]}, expected {m}.");
            double scale = Math.Exp(output.M[0] - m);
            AssertMemory("C", C, output.C);
            AssertMemory("n", n, output.N);

            void AssertMemory(string name, double[] expected, float[] actual)
            {
                double allowed = 3 * tolerance * (1 + expected.Max(Math.Abs));
                for (int i = 0; i < expected.Length; i++)
                    if (!(Math.Abs(expected[i] - actual[i] * scale) <= allowed))
                        Assert.Fail($"Form {form}: {name}[{i}] is {actual[i]}, expected {expected[i]} exp({m - output.M[0]}).");
            }
        }
    }
}
