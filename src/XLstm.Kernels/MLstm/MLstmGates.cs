using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>
/// The scalar side of one chunk of an mLSTM: cumulated log forget gates, stabilisers, and the weights they give.
/// Gates may reach +-1e3, so a cumulated sum may reach 1e5 while the differences that matter are near 0: sums are kept in
/// double and handed to the vector code as pairs of floats whose sum is exact to float precision after cancellation.
/// The stabilisers are rounded to float as they arise, so that C, n and the stored m agree exactly.
/// </summary>
internal readonly ref struct MLstmGates
{
    public readonly Span<float> LogForget;   // log f_j
    public readonly Span<float> LogInput;    // log i_j
    public readonly Span<float> RowHigh;     // b_j - m_j = RowHigh + RowLow
    public readonly Span<float> RowLow;
    public readonly Span<float> ColumnHigh;  // log i_s - b_s
    public readonly Span<float> ColumnLow;
    public readonly Span<float> Inter;       // exp(b_j + m_0 - m_j): weight of the state before the chunk
    public readonly Span<float> Floor;       // exp(-m_j): lower bound of the normaliser
    public readonly Span<float> Carry;       // exp(b_L - b_s + log i_s - m_L): weight of step s in the state after the chunk
    public readonly Span<float> M;           // m_j after each step

    public const int FloatsPerStep = 10;

    public MLstmGates(int length, Span<float> scratch)
    {
        LogForget = scratch[..length];
        LogInput = scratch.Slice(length, length);
        RowHigh = scratch.Slice(2 * length, length);
        RowLow = scratch.Slice(3 * length, length);
        ColumnHigh = scratch.Slice(4 * length, length);
        ColumnLow = scratch.Slice(5 * length, length);
        Inter = scratch.Slice(6 * length, length);
        Floor = scratch.Slice(7 * length, length);
        Carry = scratch.Slice(8 * length, length);
        M = scratch.Slice(9 * length, length);
    }

    public static double LogSigmoid(float x) => Math.Min(x, 0.0) - Math.Log(1 + Math.Exp(-Math.Abs((double)x)));

    /// <summary>Fills every array for the first <paramref name="steps"/> steps; returns exp(b_L + m_0 - m_L), the decay of the state.</summary>
    public float Prepare<L>(int steps, ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, int stride, float m0, MLstmInputGate kind)
        where L : struct, ILanes<L>
    {
        for (int j = 0; j < steps; j++)
        {
            LogForget[j] = forgetGate[j * stride];
            LogInput[j] = inputGate[j * stride];
        }
        LogSigmoids<L>(LogForget[..steps]);
        bool exponential = kind == MLstmInputGate.Exponential;
        if (!exponential)
            LogSigmoids<L>(LogInput[..steps]);

        // Slices of one known length: the loop checks no bounds.
        ReadOnlySpan<float> logForget = LogForget[..steps], logInput = LogInput[..steps];
        Span<float> stabiliser = M[..steps], rowHigh = RowHigh[..steps], rowLow = RowLow[..steps], columnHigh = ColumnHigh[..steps], columnLow = ColumnLow[..steps];
        Span<float> inter = Inter[..steps], floor = Floor[..steps], carry = Carry[..steps];
        double b = 0;
        float m = m0;
        for (int j = 0; j < logForget.Length; j++)
        {
            b += logForget[j];
            m = exponential ? MathF.Max(logForget[j] + m, logInput[j]) : 0;
            stabiliser[j] = m;
            Split(b - m, out rowHigh[j], out rowLow[j]);
            Split(logInput[j] - b, out columnHigh[j], out columnLow[j]);
            inter[j] = (float)(b + m0 - m);
            floor[j] = -m;
        }
        for (int s = 0; s < carry.Length; s++)
            carry[s] = (float)((double)columnHigh[s] + columnLow[s] + b - m);
        Exps<L>(Inter[..steps]);
        Exps<L>(Floor[..steps]);
        Exps<L>(Carry[..steps]);
        return (float)Math.Exp(b + m0 - m);
    }

    /// <summary>Whether m_j came from the step before (rather than from i_j).</summary>
    public bool CarriedOver(int j, float m0) => LogForget[j] + (j == 0 ? m0 : M[j - 1]) >= LogInput[j];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Split(double value, out float high, out float low)
    {
        high = (float)value;
        low = double.IsFinite(value) ? (float)(value - high) : 0f;
    }

    private static void LogSigmoids<L>(Span<float> x) where L : struct, ILanes<L> => Map.Run<LogSigmoidMap, L>(default, x, x);

    private static void Exps<L>(Span<float> x) where L : struct, ILanes<L> => Map.Run<ExpMap, L>(default, x, x);

    private readonly struct LogSigmoidMap : IMap
    {
        public L Apply<L>(L a) where L : struct, ILanes<L> => LaneMath.LogSigmoid(a);
    }

    private readonly struct ExpMap : IMap
    {
        public L Apply<L>(L a) where L : struct, ILanes<L> => LaneMath.Exp(a);
    }
}
