using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// The pinball loss of Q predicted quantiles of one target y: sum over q of max(tau_q e, (tau_q - 1) e), e = y - p_q.
/// Where the target is NaN (missing) loss and gradient are 0.
/// </summary>
public static class QuantileLoss
{
    /// <summary>losses [rows] = the pinball losses, summed over the quantiles.</summary>
    /// <param name="rows">Targets.</param>
    /// <param name="levels">tau [Q], between 0 and 1.</param>
    /// <param name="prediction">[rows, Q].</param>
    /// <param name="target">[rows]; NaN where missing.</param>
    /// <param name="losses">[rows].</param>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Forward(
        int rows, ReadOnlySpan<float> levels, ReadOnlySpan<float> prediction, ReadOnlySpan<float> target, Span<float> losses) =>
        Forward(Simd.Width, rows, levels, prediction, target, losses);

    /// <summary>dPrediction += scale (1 - tau) where the prediction is too high, -scale tau where too low, 0 where exact.</summary>
    /// <param name="rows">Targets.</param>
    /// <param name="levels">As in the forward pass.</param>
    /// <param name="prediction">As in the forward pass.</param>
    /// <param name="target">As in the forward pass.</param>
    /// <param name="scale">Gradient of each row's loss.</param>
    /// <param name="dPrediction">[rows, Q], added to.</param>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Backward(
        int rows, ReadOnlySpan<float> levels, ReadOnlySpan<float> prediction, ReadOnlySpan<float> target, float scale, Span<float> dPrediction) =>
        Backward(Simd.Width, rows, levels, prediction, target, scale, dPrediction);

    internal static void Forward(
        int lanes, int rows, ReadOnlySpan<float> levels, ReadOnlySpan<float> prediction, ReadOnlySpan<float> target, Span<float> losses)
    {
        int Q = levels.Length;
        Check.Length(prediction, Extent.Of(rows, Q));
        Check.Length(target, rows);
        Check.Length(losses, rows);
        for (int r = 0; r < rows; r++)
            losses[r] = float.IsNaN(target[r]) ? 0 : lanes switch
            {
                16 => Loss<Lanes16>(levels, prediction.Slice(r * Q, Q), target[r]),
                8 => Loss<Lanes8>(levels, prediction.Slice(r * Q, Q), target[r]),
                4 => Loss<Lanes4>(levels, prediction.Slice(r * Q, Q), target[r]),
                _ => Loss<Lanes1>(levels, prediction.Slice(r * Q, Q), target[r]),
            };
    }

    internal static void Backward(
        int lanes, int rows, ReadOnlySpan<float> levels, ReadOnlySpan<float> prediction, ReadOnlySpan<float> target, float scale, Span<float> dPrediction)
    {
        int Q = levels.Length;
        Check.Length(prediction, Extent.Of(rows, Q));
        Check.Length(target, rows);
        Check.Length(dPrediction, Extent.Of(rows, Q));
        for (int r = 0; r < rows; r++)
            Map.Run(lanes, new Gradient(target[r], scale), levels, prediction.Slice(r * Q, Q), dPrediction.Slice(r * Q, Q), dPrediction.Slice(r * Q, Q));
    }

    private static float Loss<L>(ReadOnlySpan<float> levels, ReadOnlySpan<float> prediction, float target) where L : struct, ILanes<L>
    {
        int done = Loss<L>(0, levels, prediction, target, out float loss);
        Loss<Lanes1>(done, levels, prediction, target, out float rest);
        return loss + rest;
    }

    private static int Loss<L>(int q, ReadOnlySpan<float> levels, ReadOnlySpan<float> prediction, float target, out float loss)
        where L : struct, ILanes<L>
    {
        ref float pl = ref MemoryMarshal.GetReference(levels), pp = ref MemoryMarshal.GetReference(prediction);
        L sum = L.Create(0f);
        for (; q <= levels.Length - L.Count; q += L.Count)
        {
            L tau = L.Load(ref pl, q), e = L.Create(target) - L.Load(ref pp, q);
            sum += L.Max(tau * e, (tau - L.Create(1f)) * e);
        }

        loss = L.Sum(sum);
        return q;
    }

    // A NaN target is neither above nor below the prediction.
    private readonly struct Gradient(float target, float scale) : IMap3
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b, L c) where L : struct, ILanes<L>
        {
            L y = L.Create(target), s = L.Create(scale);
            return c + L.SelectLess(y, b, s * (L.Create(1f) - a), L.SelectLess(b, y, L.Create(0f) - s * a, L.Create(0f)));
        }
    }
}
