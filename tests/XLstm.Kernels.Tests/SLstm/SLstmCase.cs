namespace XLstm.Kernels.Tests;

/// <summary>One scan with its inputs, run forward and backward at any lane width, and the same in double precision.</summary>
internal sealed class SLstmCase(SLstmShape shape, CellFunction function, float[] x, float[] kernel)
{
    public SLstmShape Shape => shape;

    public CellFunction Function => function;

    public float[] X => x;

    public float[] Kernel => kernel;

    public float[] Bias { get; init; } = [];

    public float[] Initial { get; init; } = [];

    public int[] Lengths { get; init; } = [];

    /// <summary>The loss is sum(y DY) + sum(final DFinal).</summary>
    public float[] DY { get; init; } = new float[shape.OutputLength];

    public float[] DFinal { get; init; } = [];

    public int Length(int row) => Lengths.Length == 0 ? Shape.Time : Lengths[row];

    public static SLstmCase Random(
        Random random, SLstmShape shape, CellFunction function, float gateScale = 2f, bool initial = true, bool bias = true, bool lengths = false, bool dFinal = true)
    {
        float[] state = initial ? Normal(random, shape.StateLength(function), 1f) : [];
        int states = shape.Batch * shape.Width;
        if (initial && function == CellFunction.SLstm)
        {
            for (int b = 0; b < shape.Batch; b++)
            {
                // A fresh row beside carried ones; n of a carried row is at least the 1 that its first step gave it.
                bool fresh = b % 3 == 2;
                for (int s = 0; s < 4; s++)
                    for (int j = 0; j < shape.Width; j++)
                    {
                        ref float value = ref state[s * states + b * shape.Width + j];
                        value = fresh ? 0 : s == 2 ? 1 + Math.Abs(value) : value;
                    }
            }
        }
        return new(shape, function, Normal(random, shape.GatesLength, gateScale), Normal(random, shape.KernelLength, 1f / MathF.Sqrt(shape.HeadWidth)))
        {
            Bias = bias ? Normal(random, 4 * shape.Width, 1f) : [],
            Initial = state,
            Lengths = lengths ? [.. Enumerable.Range(0, shape.Batch).Select(_ => random.Next(shape.Time + 1))] : [],
            DY = Normal(random, shape.OutputLength, 1f),
            DFinal = dFinal ? Normal(random, shape.StateLength(function), 1f) : [],
        };
    }

    public static float[] Normal(Random random, int count, float scale)
    {
        var values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = scale * (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return values;
    }

    /// <summary>Both scans over all heads and rows, <paramref name="rowBlock"/> rows to a call.</summary>
    public Result Run(int width, int rowBlock = int.MaxValue)
    {
        var y = new Guarded(Shape.OutputLength, float.NaN);
        var final = new Guarded(Shape.StateLength(Function), float.NaN);
        var saved = new Guarded(Shape.SavedLength, float.NaN);
        var dGates = new Guarded(Shape.GatesLength, float.NaN);
        var dInitial = new Guarded(Shape.StateLength(Function), float.NaN);
        foreach ((int head, int row, int rows) in Parts(rowBlock))
        {
            var scratch = new Guarded(SLstmScan.ForwardScratchLength(Shape, rows), float.NaN);
            switch (width)
            {
                case 1: SLstmScan.ForwardCore<Lanes1>(Shape, Function, head, row, rows, X, Kernel, Bias, Lengths, Initial, y, final, saved, scratch); break;
                case 4: SLstmScan.ForwardCore<Lanes4>(Shape, Function, head, row, rows, X, Kernel, Bias, Lengths, Initial, y, final, saved, scratch); break;
                case 8: SLstmScan.ForwardCore<Lanes8>(Shape, Function, head, row, rows, X, Kernel, Bias, Lengths, Initial, y, final, saved, scratch); break;
                case 16: SLstmScan.ForwardCore<Lanes16>(Shape, Function, head, row, rows, X, Kernel, Bias, Lengths, Initial, y, final, saved, scratch); break;
                default: SLstmScan.Forward(Shape, Function, head, row, rows, X, Kernel, Bias, Lengths, Initial, y, final, saved, scratch); break;
            }
            scratch.ToArray();
        }
        var dBias = new Guarded(4 * Shape.Width, 0);
        foreach ((int head, int row, int rows) in Parts(rowBlock))
        {
            var scratch = new Guarded(SLstmScan.BackwardScratchLength(Shape, rows), float.NaN);
            switch (width)
            {
                case 1: SLstmScan.BackwardCore<Lanes1>(Shape, Function, head, row, rows, Kernel, Lengths, Initial, y, saved, DY, DFinal, dGates, dInitial, dBias, scratch); break;
                case 4: SLstmScan.BackwardCore<Lanes4>(Shape, Function, head, row, rows, Kernel, Lengths, Initial, y, saved, DY, DFinal, dGates, dInitial, dBias, scratch); break;
                case 8: SLstmScan.BackwardCore<Lanes8>(Shape, Function, head, row, rows, Kernel, Lengths, Initial, y, saved, DY, DFinal, dGates, dInitial, dBias, scratch); break;
                case 16: SLstmScan.BackwardCore<Lanes16>(Shape, Function, head, row, rows, Kernel, Lengths, Initial, y, saved, DY, DFinal, dGates, dInitial, dBias, scratch); break;
                default: SLstmScan.Backward(Shape, Function, head, row, rows, Kernel, Lengths, Initial, y, saved, DY, DFinal, dGates, dInitial, dBias, scratch); break;
            }
            scratch.ToArray();
        }
        return new(y.ToArray(), final.ToArray(), saved.ToArray(), dGates.ToArray(), dInitial.ToArray(), dBias.ToArray());
    }

    private IEnumerable<(int Head, int Row, int Rows)> Parts(int rowBlock)
    {
        for (int head = 0; head < Shape.Heads; head++)
            for (int row = 0; row < Shape.Batch; row += Math.Min(rowBlock, Shape.Batch))
                yield return (head, row, Math.Min(rowBlock, Shape.Batch - row));
    }

    /// <summary>dR = sum_t dg~_t y_{t-1}^T over all rows, which the scan leaves to its caller.</summary>
    public float[] DKernel(Result run)
    {
        int d = Shape.HeadWidth, H = Shape.Width, T = Shape.Time;
        var sum = new double[Shape.KernelLength];
        for (int b = 0; b < Shape.Batch; b++)
            for (int t = 0; t < T; t++)
                for (int h = 0; h < Shape.Heads; h++)
                    for (int j = 0; j < 4 * d; j++)
                        for (int k = 0; k < d; k++)
                        {
                            double before = t > 0 ? run.Y[(b * T + t - 1) * H + h * d + k] : Initial.Length > 0 ? Initial[b * H + h * d + k] : 0;
                            sum[(h * 4 * d + j) * d + k] += run.DGates[((b * T + t) * 4 + j / d) * H + h * d + j % d] * before;
                        }
        return [.. sum.Select(v => (float)v)];
    }

    /// <summary>The reference in double, row by row; padding gives 0.</summary>
    public (double[] Y, double[] Final) Reference(double[] x, double[] kernel, double[] bias, double[] initial)
    {
        int H = Shape.Width, T = Shape.Time, states = SLstmShape.StateCount(Function);
        var y = new double[Shape.OutputLength];
        var final = new double[Shape.StateLength(Function)];
        var state = new double[states * H];
        for (int b = 0; b < Shape.Batch; b++)
        {
            for (int s = 0; s < states; s++)
                initial.AsSpan((s * Shape.Batch + b) * H, H).CopyTo(state.AsSpan(s * H));
            int length = Length(b);
            SLstmReference.Forward<double>(
                Function, Shape.Heads, Shape.HeadWidth, x.AsSpan(b * T * 4 * H, length * 4 * H), kernel, bias, state, y.AsSpan(b * T * H, length * H));
            for (int s = 0; s < states; s++)
                state.AsSpan(s * H, H).CopyTo(final.AsSpan((s * Shape.Batch + b) * H));
        }
        return (y, final);
    }

    public (double[] Y, double[] Final) Reference()
    {
        (double[] x, double[] kernel, double[] bias, double[] initial) = DoubleInputs();
        return Reference(x, kernel, bias, initial);
    }

    public (double[] X, double[] Kernel, double[] Bias, double[] Initial) DoubleInputs() =>
        (Widen(X, X.Length), Widen(Kernel, Kernel.Length), Widen(Bias, 4 * Shape.Width), Widen(Initial, Shape.StateLength(Function)));

    public double Loss(double[] x, double[] kernel, double[] bias, double[] initial)
    {
        (double[] y, double[] final) = Reference(x, kernel, bias, initial);
        double loss = 0;
        for (int i = 0; i < y.Length; i++)
            loss += y[i] * DY[i];
        for (int i = 0; i < DFinal.Length; i++)
            loss += final[i] * DFinal[i];
        return loss;
    }

    private static double[] Widen(float[] values, int length)
    {
        var wide = new double[length];
        for (int i = 0; i < values.Length; i++)
            wide[i] = values[i];
        return wide;
    }

    internal sealed record Result(float[] Y, float[] Final, float[] Saved, float[] DGates, float[] DInitial, float[] DBias);
}
