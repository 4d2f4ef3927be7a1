using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>A non-linearity on lanes and its derivative. Both have their limits at infinite x.</summary>
internal interface IActivation
{
    static abstract L Value<L>(L x) where L : struct, ILanes<L>;

    /// <summary>The derivative; the value comes with it at little cost.</summary>
    static abstract L Slope<L>(L x, out L value) where L : struct, ILanes<L>;
}

internal readonly struct Gelu : IActivation
{
    // Beyond +-14 the function is 0 or x in float32; the clamp keeps infinity * 0 out of the products.
    private const float Far = 14f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Value<L>(L x) where L : struct, ILanes<L> => L.Max(x, L.Create(-Far)) * LaneMath.NormalCdf(x, out _);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Slope<L>(L x, out L value) where L : struct, ILanes<L>
    {
        L near = L.Max(x, L.Create(-Far));
        L cdf = LaneMath.NormalCdf(x, out L density);
        value = near * cdf;
        return L.MultiplyAdd(L.Min(near, L.Create(Far)), density, cdf);
    }
}

internal readonly struct Relu : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Value<L>(L x) where L : struct, ILanes<L> => L.Max(x, L.Create(0f));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Slope<L>(L x, out L value) where L : struct, ILanes<L>
    {
        value = L.Max(x, L.Create(0f));
        return L.SelectLess(L.Create(0f), x, L.Create(1f), L.Create(0f));
    }
}

internal readonly struct ReluSquared : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Value<L>(L x) where L : struct, ILanes<L>
    {
        L positive = L.Max(x, L.Create(0f));
        return positive * positive;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Slope<L>(L x, out L value) where L : struct, ILanes<L>
    {
        L positive = L.Max(x, L.Create(0f));
        value = positive * positive;
        return positive + positive;
    }
}

internal readonly struct Selu : IActivation
{
    // Equations 14 of arXiv 1706.02515: mean 0 and variance 1 are a fixed point.
    private const float Lambda = 1.05070099f;
    private const float LambdaAlpha = 1.75809934f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Value<L>(L x) where L : struct, ILanes<L> =>
        L.SelectLess(L.Create(0f), x, x * L.Create(Lambda), LaneMath.ExpMinusOne(x) * L.Create(LambdaAlpha));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Slope<L>(L x, out L value) where L : struct, ILanes<L>
    {
        value = Value(x);
        return L.SelectLess(L.Create(0f), x, L.Create(Lambda), value + L.Create(LambdaAlpha));
    }
}

internal readonly struct Swish : IActivation
{
    // Beyond +-100 the sigmoid is 0 or 1 in float32; the clamp keeps infinity * 0 out of the products.
    private const float Far = 100f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Value<L>(L x) where L : struct, ILanes<L> => L.Max(x, L.Create(-Far)) * LaneMath.Sigmoid(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Slope<L>(L x, out L value) where L : struct, ILanes<L>
    {
        L near = L.Max(x, L.Create(-Far));
        L s = LaneMath.Sigmoid(x);
        value = near * s;
        return s * L.MultiplyAdd(L.Min(near, L.Create(Far)), L.Create(1f) - s, L.Create(1f));
    }
}

internal readonly struct Sigmoid : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Value<L>(L x) where L : struct, ILanes<L> => LaneMath.Sigmoid(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Slope<L>(L x, out L value) where L : struct, ILanes<L>
    {
        value = LaneMath.Sigmoid(x);
        return value * (L.Create(1f) - value);
    }
}

internal readonly struct Tanh : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Value<L>(L x) where L : struct, ILanes<L> => LaneMath.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Slope<L>(L x, out L value) where L : struct, ILanes<L>
    {
        value = LaneMath.Tanh(x);
        return L.Create(1f) - value * value;
    }
}
