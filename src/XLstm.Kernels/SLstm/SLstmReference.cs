using System.Numerics;

namespace XLstm.Kernels;

/// <summary>
/// The paper's sLSTM equations, one line each, for one sequence and all heads, in any precision: what the scans are
/// tested against.
/// </summary>
public static class SLstmReference
{
    /// <summary>Runs one sequence.</summary>
    /// <param name="function">sLSTM or LSTM.</param>
    /// <param name="heads">N.</param>
    /// <param name="headWidth">Cells in one head.</param>
    /// <param name="x">Gate pre-activations [T, 4 H], gates i, f, z, o.</param>
    /// <param name="kernel">R [N, 4 headWidth, headWidth].</param>
    /// <param name="bias">b [4, H].</param>
    /// <param name="state">[S, H], (y, c, n, m) or (y, c); updated in place.</param>
    /// <param name="y">Output [T, H].</param>
    public static void Forward<TFloat>(
        CellFunction function, int heads, int headWidth, ReadOnlySpan<TFloat> x, ReadOnlySpan<TFloat> kernel,
        ReadOnlySpan<TFloat> bias, Span<TFloat> state, Span<TFloat> y)
        where TFloat : unmanaged, IBinaryFloatingPointIeee754<TFloat>
    {
        int H = heads * headWidth, T = y.Length / H;
        var raw = new TFloat[4 * H];
        for (int t = 0; t < T; t++)
        {
            for (int g = 0; g < 4; g++)
                for (int h = 0; h < heads; h++)
                    for (int j = 0; j < headWidth; j++)
                    {
                        TFloat sum = x[t * 4 * H + g * H + h * headWidth + j] + bias[g * H + h * headWidth + j];
                        for (int k = 0; k < headWidth; k++)
                            sum += kernel[((h * 4 + g) * headWidth + j) * headWidth + k] * state[h * headWidth + k];
                        raw[g * H + h * headWidth + j] = sum;
                    }

            for (int h = 0; h < heads; h++)
            {
                bool first = function == CellFunction.SLstm && t == 0
                    && !state.Slice(2 * H + h * headWidth, headWidth).ContainsAnyExcept(TFloat.Zero);
                for (int j = h * headWidth; j < (h + 1) * headWidth; j++)
                {
                    TFloat iRaw = raw[j], fRaw = raw[H + j], z = TFloat.Tanh(raw[2 * H + j]), o = Sigmoid(raw[3 * H + j]);
                    if (function == CellFunction.Lstm)
                    {
                        state[H + j] = Sigmoid(fRaw) * state[H + j] + Sigmoid(iRaw) * z;
                        state[j] = o * TFloat.Tanh(state[H + j]);
                    }
                    else
                    {
                        TFloat carried = LogSigmoid(fRaw) + state[3 * H + j];
                        TFloat m = first ? iRaw : TFloat.Max(carried, iRaw);
                        TFloat i = TFloat.Min(TFloat.One, TFloat.Exp(iRaw - m));
                        TFloat f = TFloat.Min(TFloat.One, TFloat.Exp(carried - m));
                        state[H + j] = f * state[H + j] + i * z;
                        state[2 * H + j] = f * state[2 * H + j] + i;
                        state[3 * H + j] = m;
                        state[j] = o * state[H + j] / state[2 * H + j];
                    }
                    y[t * H + j] = state[j];
                }
            }
        }
    }

    internal static TFloat Sigmoid<TFloat>(TFloat x) where TFloat : IBinaryFloatingPointIeee754<TFloat> =>
        TFloat.One / (TFloat.One + TFloat.Exp(-x));

    internal static TFloat LogSigmoid<TFloat>(TFloat x) where TFloat : IBinaryFloatingPointIeee754<TFloat> =>
        TFloat.Min(x, TFloat.Zero) - TFloat.LogP1(TFloat.Exp(-TFloat.Abs(x)));
}
