using CsCheck;

namespace XLstm.Kernels.Tests;

public class SLstmLawTests
{
    private static readonly Gen<SLstmShape> Shapes =
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 20], Gen.Int[1, 3], Gen.Int[1, 35], (b, t, n, d) => new SLstmShape(b, t, n, d));

    private static readonly Gen<SLstmShape> SmallShapes =
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 6], Gen.Int[1, 2], Gen.Int[1, 5], (b, t, n, d) => new SLstmShape(b, t, n, d));

    private static readonly Gen<CellFunction> Functions = Gen.Bool.Select(lstm => lstm ? CellFunction.Lstm : CellFunction.SLstm);

    [Fact]
    public void EqualsThePaperInDouble()
    {
        Gen.Select(Gen.Int, Shapes, Functions, Gen.Bool, Gen.Bool, Gen.Bool).Sample((seed, shape, function, initial, bias, lengths) =>
        {
            SLstmCase scan = SLstmCase.Random(new Random(seed), shape, function, initial: initial, bias: bias, lengths: lengths);
            (double[] y, double[] final) = scan.Reference();
            foreach (int width in Lanes.Widths)
            {
                SLstmCase.Result run = scan.Run(width);
                AssertClose(y, run.Y, 2e-4);
                AssertClose(final, run.Final, 2e-4);
            }
        }, iter: 100, threads: 1);
    }

    [Fact]
    public void GradientsAreThoseOfTheReference()
    {
        Gen.Select(Gen.Int, SmallShapes, Functions, Gen.Bool, Gen.Bool, Gen.Bool).Sample((seed, shape, function, initial, lengths, dFinal) =>
            AssertGradients(SLstmCase.Random(new Random(seed), shape, function, initial: initial, lengths: lengths, dFinal: dFinal)), iter: 60, threads: 1);
    }

    /// <summary>n = 0 under c other than 0 is no state that a scan leaves, but one that a caller can pass: f' stands at its bound 1.</summary>
    [Fact]
    public void GradientsHoldWhereTheForgetGateIsBounded()
    {
        Gen.Select(Gen.Int, SmallShapes).Sample((seed, shape) =>
        {
            SLstmCase scan = SLstmCase.Random(new Random(seed), shape, CellFunction.SLstm);
            scan.Initial.AsSpan(2 * shape.Batch * shape.Width, shape.Batch * shape.Width).Clear();
            AssertGradients(scan);
        }, iter: 30, threads: 1);
    }

    private static void AssertGradients(SLstmCase scan)
    {
        (double[] x, double[] kernel, double[] bias, double[] initial) = scan.DoubleInputs();
        double Loss() => scan.Loss(x, kernel, bias, initial);
        // The first-step rule makes a jump at n = 0.
        int states = scan.Shape.Batch * scan.Shape.Width;
        foreach (int width in Lanes.Widths)
        {
            SLstmCase.Result run = scan.Run(width);
            Differences.AssertGradient("x", x, Loss, run.DGates, 1e-4);
            Differences.AssertGradient("R", kernel, Loss, scan.DKernel(run), 1e-4);
            Differences.AssertGradient("b", bias, Loss, run.DBias, 1e-4);
            if (scan.Initial.Length > 0)
                Differences.AssertGradient("state", initial, Loss, run.DInitial, 1e-4, except: i => i / states == 2 && initial[i] == 0);
        }
    }

    [Fact]
    public void RowsInBlocksEqualEachRowAlone()
    {
        Gen.Select(Gen.Int, Gen.Int[0, 12], Gen.Int[1, 20], Functions, Gen.Bool).Sample((seed, time, headWidth, function, lengths) =>
        {
            SLstmCase scan = SLstmCase.Random(new Random(seed), new SLstmShape(9, time, 2, headWidth), function, lengths: lengths);
            foreach (int width in Lanes.Widths)
            {
                SLstmCase.Result alone = scan.Run(width, rowBlock: 1);
                for (int block = 2; block <= 9; block++)
                {
                    SLstmCase.Result blocked = scan.Run(width, block);
                    Assert.Equal(alone.Y, blocked.Y);
                    Assert.Equal(alone.Final, blocked.Final);
                    Assert.Equal(alone.DGates, blocked.DGates);
                    Assert.Equal(alone.DInitial, blocked.DInitial);
                }
            }
        }, iter: 30, threads: 1);
    }

    /// <summary>A row of a padded batch, fresh or carried on, equals its sequence in a batch of one.</summary>
    [Fact]
    public void PaddedRowsEqualSequencesAlone()
    {
        Gen.Select(Gen.Int, Gen.Int[1, 6], Gen.Int[0, 20], Gen.Int[1, 10], Functions).Sample((seed, batch, time, headWidth, function) =>
        {
            var shape = new SLstmShape(batch, time, 2, headWidth);
            SLstmCase scan = SLstmCase.Random(new Random(seed), shape, function, lengths: true);
            SLstmCase.Result run = scan.Run(0);
            int H = shape.Width, states = SLstmShape.StateCount(function);
            for (int b = 0; b < batch; b++)
            {
                int length = scan.Lengths[b];
                var alone = new SLstmCase(new SLstmShape(1, length, 2, headWidth), function, scan.X.AsSpan(b * time * 4 * H, length * 4 * H).ToArray(), scan.Kernel)
                {
                    Bias = scan.Bias,
                    Initial = Row(scan.Initial),
                    DY = scan.DY.AsSpan(b * time * H, length * H).ToArray(),
                    DFinal = Row(scan.DFinal),
                };
                SLstmCase.Result expected = alone.Run(0);
                AssertClose(expected.Y, run.Y.AsSpan(b * time * H, length * H), 2e-5);
                AssertClose(expected.Final, Row(run.Final), 2e-5);
                AssertClose(expected.DGates, run.DGates.AsSpan(b * time * 4 * H, length * 4 * H), 1e-4);
                AssertClose(expected.DInitial, Row(run.DInitial), 1e-4);
                Assert.False(run.Y.AsSpan((b * time + length) * H, (time - length) * H).ContainsAnyExcept(0f));
                Assert.False(run.DGates.AsSpan((b * time + length) * 4 * H, (time - length) * 4 * H).ContainsAnyExcept(0f));

                float[] Row(float[] state)
                {
                    var row = new float[states * H];
                    for (int s = 0; s < states; s++)
                        state.AsSpan((s * batch + b) * H, H).CopyTo(row.AsSpan(s * H));
                    return row;
                }
            }
        }, iter: 60, threads: 1);
    }

    [Fact]
    public void TwoPartsEqualTheWhole()
    {
        Gen.Select(Gen.Int, Gen.Int[0, 30], Gen.Double[0, 1], Gen.Int[1, 20], Functions, Gen.Bool).Sample((seed, time, at, headWidth, function, initial) =>
        {
            var shape = new SLstmShape(1, time, 2, headWidth);
            int H = shape.Width, cut = (int)(at * time);
            SLstmCase whole = SLstmCase.Random(new Random(seed), shape, function, initial: initial);
            SLstmCase.Result expected = whole.Run(0);
            SLstmCase Part(int start, int length, float[] state, float[] dFinal) => new(shape with { Time = length }, function, whole.X.AsSpan(start * 4 * H, length * 4 * H).ToArray(), whole.Kernel)
            {
                Bias = whole.Bias,
                Initial = state,
                DY = whole.DY.AsSpan(start * H, length * H).ToArray(),
                DFinal = dFinal,
            };
            float[] between = Part(0, cut, whole.Initial, []).Run(0).Final;
            SLstmCase.Result second = Part(cut, time - cut, between, whole.DFinal).Run(0);
            SLstmCase.Result first = Part(0, cut, whole.Initial, second.DInitial).Run(0);
            AssertClose(expected.Y, [.. first.Y, .. second.Y], 2e-4);
            AssertClose(expected.Final, second.Final, 2e-4);
            AssertClose(expected.DGates, [.. first.DGates, .. second.DGates], 1e-3);
            AssertClose(expected.DInitial, first.DInitial, 1e-3);
        }, iter: 100, threads: 1);
    }

    [Fact]
    public void ExtremeGatesStayFinite()
    {
        Gen.Select(Gen.Int, Shapes, Functions, Gen.Bool.Select(thousand => thousand ? 1000f : 100f), Gen.Bool).Sample((seed, shape, function, scale, initial) =>
        {
            var random = new Random(seed);
            SLstmCase scan = SLstmCase.Random(random, shape, function, initial: initial);
            for (int i = 0; i < scan.X.Length; i++)
                scan.X[i] = random.Next(3) switch { 0 => scale, 1 => -scale, _ => scan.X[i] };
            (double[] y, _) = scan.Reference();
            foreach (int width in Lanes.Widths)
            {
                SLstmCase.Result run = scan.Run(width);
                AssertClose(y, run.Y, 5e-3);
                foreach (float[] values in (float[][])[run.Final, run.DGates, run.DInitial])
                    Assert.True(Array.TrueForAll(values, float.IsFinite));
            }
        }, iter: 60, threads: 1);
    }

    [Fact]
    public void TheFinalStateMayReplaceTheInitialOne()
    {
        SLstmCase scan = SLstmCase.Random(new Random(5), new SLstmShape(3, 4, 2, 5), CellFunction.SLstm);
        float[] expected = scan.Run(0).Final, state = [.. scan.Initial], y = new float[scan.Shape.OutputLength];
        for (int head = 0; head < 2; head++)
            SLstmScan.Forward(scan.Shape, scan.Function, head, 0, 3, scan.X, scan.Kernel, scan.Bias, [], state, y, state, [], new float[SLstmScan.ForwardScratchLength(scan.Shape, 3)]);
        Assert.Equal(expected, state);
    }

    [Fact]
    public void ShortSpansAndWrongIndicesAreNamed()
    {
        var shape = new SLstmShape(2, 3, 2, 4);
        SLstmCase scan = SLstmCase.Random(new Random(1), shape, CellFunction.SLstm);
        void Forward(int head = 0, int firstRow = 0, int rowCount = 2, int missing = -1)
        {
            int[] lengths = [shape.GatesLength, shape.KernelLength, 4 * shape.Width, shape.StateLength(CellFunction.SLstm), shape.OutputLength, shape.StateLength(CellFunction.SLstm), shape.SavedLength, SLstmScan.ForwardScratchLength(shape, 2)];
            float[][] spans = [.. lengths.Select((length, i) => new float[i == missing ? length - 1 : length])];
            SLstmScan.Forward(shape, CellFunction.SLstm, head, firstRow, rowCount, spans[0], spans[1], spans[2], [], spans[3], spans[4], spans[5], spans[6], spans[7]);
        }
        string[] names = ["x", "kernel", "bias", "initial", "y", "final", "saved", "scratch"];
        for (int i = 0; i < names.Length; i++)
            Assert.Equal(names[i], Assert.Throws<ArgumentException>(() => Forward(missing: i)).ParamName);
        Assert.Equal("head", Assert.Throws<ArgumentOutOfRangeException>(() => Forward(head: 2)).ParamName);
        Assert.Equal("firstRow", Assert.Throws<ArgumentOutOfRangeException>(() => Forward(firstRow: -1)).ParamName);
        Assert.Equal("rowCount", Assert.Throws<ArgumentOutOfRangeException>(() => Forward(firstRow: 1)).ParamName);
        Assert.Equal("rowCount", Assert.Throws<ArgumentOutOfRangeException>(() => Forward(rowCount: -1)).ParamName);
        Forward(rowCount: 0);
        Forward(firstRow: 2, rowCount: 0);
    }

    private static void AssertClose(double[] expected, ReadOnlySpan<float> actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            if (!(Math.Abs(expected[i] - actual[i]) <= tolerance * (1 + Math.Abs(expected[i]))))
                Assert.Fail($"[{i}] is {actual[i]}, expected {expected[i]}.");
    }

    private static void AssertClose(float[] expected, ReadOnlySpan<float> actual, double tolerance) =>
        AssertClose([.. expected.Select(v => (double)v)], actual, tolerance);
}
