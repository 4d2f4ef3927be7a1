using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// Transcendental functions on lanes, each with the largest relative error that its test finds over the whole range of
/// float32. Results of e^x below 2^-125 become 0.
/// </summary>
internal static class LaneMath
{
    /// <summary>2^112: between the exponents of half and of single precision.</summary>
    public const float HalfFactor = 5.192296858534828e33f;

    /// <summary>The largest number of half precision is 65,504; a larger exponent marks infinities and what is no number.</summary>
    public const float BeyondHalf = 65536f;

    private const float ExpLowest = -86.6434f;   // -125 ln 2
    private const float ExpHighest = 88.72284f;  // 128 ln 2, rounded down

    private static ReadOnlySpan<float> Indices => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    /// <summary>0, 1, 2, ... from the first lane on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Index<L>() where L : struct, ILanes<L> => L.Load(ref MemoryMarshal.GetReference(Indices), 0);

    /// <summary>e^x. Range reduction x = n ln 2 + r, |r| &lt;= ln 2 / 2, and a polynomial of degree 6 in r. Within 9e-8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Exp<L>(L x) where L : struct, ILanes<L>
    {
        L p = L.Create(1f) + ReduceExp(x, out L n);
        // 2p 2^(n-1): n reaches 128, one past the largest exponent.
        L y = (p + p) * L.PowerOfTwo(n - L.Create(1f));
        // Outside the range n is no exponent, and y whatever it makes.
        y = L.SelectLess(x, L.Create(ExpLowest), L.Create(0f), y);
        return L.SelectLess(L.Create(ExpHighest), x, L.Create(float.PositiveInfinity), y);
    }

    /// <summary>e^x for x &lt;= 0 or NaN. Within 9e-8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L ExpNonPositive<L>(L x) where L : struct, ILanes<L>
    {
        L p = L.Create(1f) + ReduceExp(x, out L n);
        return L.SelectLess(x, L.Create(ExpLowest), L.Create(0f), p * L.PowerOfTwo(n));
    }

    /// <summary>e^x - 1, without the cancellation near 0. Within 2.3e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L ExpMinusOne<L>(L x) where L : struct, ILanes<L> =>
        L.SelectLess(L.Abs(x), L.Create(0.3466f), ReducedExpMinusOne(x), Exp(x) - L.Create(1f));

    /// <summary>x = n ln 2 + r with an integral n and |r| &lt;= ln 2 / 2: e^r - 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static L ReduceExp<L>(L x, out L n) where L : struct, ILanes<L>
    {
        n = L.Round(x * L.Create(1.44269504f));
        // ln 2 in two parts: n * 0.693359375 is exact for |n| < 2^15.
        L r = L.MultiplyAdd(n, L.Create(-0.693359375f), x);
        return ReducedExpMinusOne(L.MultiplyAdd(n, L.Create(2.12194440e-4f), r));
    }

    /// <summary>e^r - 1 for |r| &lt;= ln 2 / 2: r + r^2 p(r), p of degree 4 with the least largest relative error, 1.4e-8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static L ReducedExpMinusOne<L>(L r) where L : struct, ILanes<L>
    {
        L p = L.MultiplyAdd(L.Create(1.388252147e-3f), r, L.Create(8.36652058e-3f));
        p = L.MultiplyAdd(p, r, L.Create(4.166719986e-2f));
        p = L.MultiplyAdd(p, r, L.Create(0.1666654362f));
        p = L.MultiplyAdd(p, r, L.Create(0.4999999815f));
        return L.MultiplyAdd(p, r * r, r);
    }

    /// <summary>ln(1 + e) for e in [0, 1]: e + e^2 p(e), p of degree 8 with the least largest relative error, 5e-9. Within 1.3e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Log1PlusUnit<L>(L e) where L : struct, ILanes<L>
    {
        L p = L.MultiplyAdd(L.Create(-3.24398093e-3f), e, L.Create(1.985126175e-2f));
        p = L.MultiplyAdd(p, e, L.Create(-5.695915967e-2f));
        p = L.MultiplyAdd(p, e, L.Create(0.1060361713f));
        p = L.MultiplyAdd(p, e, L.Create(-0.1530556977f));
        p = L.MultiplyAdd(p, e, L.Create(0.1967593133f));
        p = L.MultiplyAdd(p, e, L.Create(-0.2495413274f));
        p = L.MultiplyAdd(p, e, L.Create(0.3332996368f));
        p = L.MultiplyAdd(p, e, L.Create(-0.4999990165f));
        return L.MultiplyAdd(p, e * e, e);
    }

    /// <summary>ln sigmoid(x) = min(x, 0) - ln(1 + e^-|x|): finite for every finite x, and accurate for large x. Within 1.8e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L LogSigmoid<L>(L x) where L : struct, ILanes<L> => LogSigmoid(x, out _);

    /// <summary>ln sigmoid(x), and its derivative sigmoid(-x) from the same exponential, within 1.8e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L LogSigmoid<L>(L x, out L slope) where L : struct, ILanes<L>
    {
        L e = ExpNonPositive(L.Create(0f) - L.Abs(x));
        slope = L.SelectLess(L.Create(0f), x, e, L.Create(1f)) / (L.Create(1f) + e);
        return L.SelectLess(x, L.Create(0f), x, L.Create(0f)) - Log1PlusUnit(e);
    }

    /// <summary>1 / (1 + e^-x). Within 1.4e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Sigmoid<L>(L x) where L : struct, ILanes<L> =>
        L.Create(1f) / (L.Create(1f) + Exp(L.Create(0f) - x));

    /// <summary>tanh x = u / (u + 2), u = e^2x - 1 without the cancellation near 0. Within 1.8e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Tanh<L>(L x) where L : struct, ILanes<L>
    {
        // Beyond 10 the result is 1.
        L a = L.SelectLess(x, L.Create(-10f), L.Create(-10f), x);
        a = L.SelectLess(L.Create(10f), a, L.Create(10f), a);
        L p = ReduceExp(a + a, out L n), power = L.PowerOfTwo(n);
        L u = L.MultiplyAdd(power, p, power - L.Create(1f));
        // Keeps the sign of 0.
        return L.SelectLess(L.Abs(x), L.Create(1e-4f), x, u / (u + L.Create(2f)));
    }

    /// <summary>
    /// Phi(x) = (1 + erf(x / sqrt 2)) / 2, the distribution function of the standard normal, and its density phi(x).
    /// The tail Phi(-|x|) is e^(-x^2/2) times a rational function with positive coefficients, fitted to 6e-9 on [0, 14],
    /// so that it stays accurate where 1 + erf would cancel: within 1.2e-7 absolute, 4e-6 relative. Below -13.1 it is 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L NormalCdf<L>(L x, out L density) where L : struct, ILanes<L>
    {
        L e = Exp(x * x * L.Create(-0.5f));
        density = e * L.Create(0.398942280f);
        L a = L.Min(L.Abs(x), L.Create(14f));
        L p = L.MultiplyAdd(L.Create(4.0775774e-3f), a, L.Create(4.03723411e-2f));
        p = L.MultiplyAdd(p, a, L.Create(0.1824612064f));
        p = L.MultiplyAdd(p, a, L.Create(0.4372500772f));
        p = L.MultiplyAdd(p, a, L.Create(0.5f));
        L q = L.MultiplyAdd(L.Create(1.0220842e-2f), a, L.Create(0.101205262f));
        q = L.MultiplyAdd(q, a, L.Create(0.4674274499f));
        q = L.MultiplyAdd(q, a, L.Create(1.1992881541f));
        q = L.MultiplyAdd(q, a, L.Create(1.6723851107f));
        q = L.MultiplyAdd(q, a, L.Create(1f));
        L tail = e * (p / q);
        return L.SelectLess(L.Create(0f), x, L.Create(1f) - tail, tail);
    }
}
