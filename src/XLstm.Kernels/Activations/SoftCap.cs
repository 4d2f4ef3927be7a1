using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>y = cap tanh(x / cap): close to x near 0 and never beyond +-cap.</summary>
public static class SoftCap
{
    /// <summary>y = cap tanh(x / cap); <paramref name="y"/> may be <paramref name="x"/>'s own memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException">cap is not positive.</exception>
    /// <exception cref="ArgumentException">y is shorter than x.</exception>
    public static void Forward(float cap, ReadOnlySpan<float> x, Span<float> y) => Forward(Simd.Width, cap, x, y);

    /// <summary>dx += dy (1 - (y / cap)^2), from the output y of the forward pass.</summary>
    /// <exception cref="ArgumentOutOfRangeException">cap is not positive.</exception>
    /// <exception cref="ArgumentException">dy or dx is shorter than y.</exception>
    public static void Backward(float cap, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Backward(Simd.Width, cap, y, dy, dx);

    internal static void Forward(int lanes, float cap, ReadOnlySpan<float> x, Span<float> y)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(cap);
        Check.Length(y, x.Length);
        Map.Run(lanes, new Capped(cap), x, y);
    }

    internal static void Backward(int lanes, float cap, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(cap);
        Check.Length(dy, y.Length);
        Check.Length(dx, y.Length);
        Map.Run(lanes, new Gradient(cap), y, dy, dx, dx);
    }

    private readonly struct Capped(float cap) : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a) where L : struct, ILanes<L> => L.Create(cap) * LaneMath.Tanh(a / L.Create(cap));
    }

    private readonly struct Gradient(float cap) : IMap3
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b, L c) where L : struct, ILanes<L>
        {
            L t = a / L.Create(cap);
            return L.MultiplyAdd(L.Create(1f) - t * t, b, c);
        }
    }
}
