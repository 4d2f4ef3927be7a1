using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>The losses of <see cref="RegressionLoss"/>, with e = prediction - target.</summary>
public enum RegressionKind
{
    /// <summary>e^2.</summary>
    MeanSquared,

    /// <summary>|e|.</summary>
    MeanAbsolute,

    /// <summary>e^2 / 2 up to |e| = delta, delta (|e| - delta / 2) beyond.</summary>
    Huber,
}

/// <summary>Losses of single values. Where the target is NaN (missing) loss and gradient are 0; means are the caller's.</summary>
public static class RegressionLoss
{
    /// <summary>losses = f(prediction - target), element by element.</summary>
    /// <param name="kind">f.</param>
    /// <param name="prediction">Any number of values.</param>
    /// <param name="target">As many; NaN where missing.</param>
    /// <param name="delta">Where Huber's loss turns linear; other kinds do not use it.</param>
    /// <param name="losses">As many.</param>
    /// <exception cref="ArgumentException">A span is shorter than prediction.</exception>
    public static void Forward(
        RegressionKind kind, ReadOnlySpan<float> prediction, ReadOnlySpan<float> target, float delta, Span<float> losses) =>
        Forward(Simd.Width, kind, prediction, target, delta, losses);

    /// <summary>dPrediction += scale f'(prediction - target); the slope of |e| at 0 is 0.</summary>
    /// <param name="kind">f.</param>
    /// <param name="prediction">As in the forward pass.</param>
    /// <param name="target">As in the forward pass.</param>
    /// <param name="delta">As in the forward pass.</param>
    /// <param name="scale">Gradient of each loss, for example 1 / number of targets that are there.</param>
    /// <param name="dPrediction">Added to.</param>
    /// <exception cref="ArgumentException">A span is shorter than prediction.</exception>
    public static void Backward(
        RegressionKind kind, ReadOnlySpan<float> prediction, ReadOnlySpan<float> target, float delta, float scale, Span<float> dPrediction) =>
        Backward(Simd.Width, kind, prediction, target, delta, scale, dPrediction);

    internal static void Forward(
        int lanes, RegressionKind kind, ReadOnlySpan<float> prediction, ReadOnlySpan<float> target, float delta, Span<float> losses)
    {
        Check.Length(target, prediction.Length);
        Check.Length(losses, prediction.Length);
        switch (kind)
        {
            case RegressionKind.MeanSquared: Map.Run(lanes, default(Squared), prediction, target, losses); break;
            case RegressionKind.MeanAbsolute: Map.Run(lanes, default(Absolute), prediction, target, losses); break;
            case RegressionKind.Huber: Map.Run(lanes, new Huber(delta), prediction, target, losses); break;
            default: throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a regression loss.");
        }
    }

    internal static void Backward(
        int lanes, RegressionKind kind, ReadOnlySpan<float> prediction, ReadOnlySpan<float> target, float delta, float scale, Span<float> dPrediction)
    {
        Check.Length(target, prediction.Length);
        Check.Length(dPrediction, prediction.Length);
        switch (kind)
        {
            case RegressionKind.MeanSquared: Map.Run(lanes, new SquaredGradient(scale), prediction, target, dPrediction, dPrediction); break;
            case RegressionKind.MeanAbsolute: Map.Run(lanes, new AbsoluteGradient(scale), prediction, target, dPrediction, dPrediction); break;
            case RegressionKind.Huber: Map.Run(lanes, new HuberGradient(delta, scale), prediction, target, dPrediction, dPrediction); break;
            default: throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a regression loss.");
        }
    }

    /// <summary>value, or 0 where the target is NaN: a NaN is neither below 1 nor above 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static L WhereKnown<L>(L target, L value) where L : struct, ILanes<L> =>
        L.SelectLess(target, L.Create(1f), value, L.SelectLess(L.Create(0f), target, value, L.Create(0f)));

    private readonly struct Squared : IMap2
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b) where L : struct, ILanes<L> => WhereKnown(b, (a - b) * (a - b));
    }

    private readonly struct SquaredGradient(float scale) : IMap3
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b, L c) where L : struct, ILanes<L> => c + WhereKnown(b, (a - b) * L.Create(2 * scale));
    }

    private readonly struct Absolute : IMap2
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b) where L : struct, ILanes<L> => WhereKnown(b, L.Abs(a - b));
    }

    private readonly struct AbsoluteGradient(float scale) : IMap3
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b, L c) where L : struct, ILanes<L> =>
            c + L.SelectLess(a, b, L.Create(-scale), L.SelectLess(b, a, L.Create(scale), L.Create(0f)));
    }

    private readonly struct Huber(float delta) : IMap2
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b) where L : struct, ILanes<L>
        {
            L e = L.Abs(a - b), d = L.Create(delta), half = L.Create(0.5f);
            return WhereKnown(b, L.SelectLess(e, d, half * e * e, d * (e - half * d)));
        }
    }

    private readonly struct HuberGradient(float delta, float scale) : IMap3
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b, L c) where L : struct, ILanes<L> =>
            c + WhereKnown(b, L.Max(L.Create(-delta), L.Min(L.Create(delta), a - b)) * L.Create(scale));
    }
}
