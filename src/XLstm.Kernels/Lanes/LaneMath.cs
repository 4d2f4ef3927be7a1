using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>
/// Transcendental functions on lanes, each with the largest relative error that its test finds over the whole range of
/// float32. Results of e^x below 2^-125 become 0.
/// </summary>
internal static class LaneMath
{
    private const float ExpLowest = -86.6434f;   // -125 ln 2
    private const float ExpHighest = 88.72284f;  // 128 ln 2, rounded down

    /// <summary>e^x. Range reduction x = n ln 2 + r, |r| &lt;= ln 2 / 2, and a polynomial of degree 6 in r.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Exp<L>(L x) where L : struct, ILanes<L>
    {
        L clamped = L.Min(L.Max(x, L.Create(ExpLowest)), L.Create(ExpHighest));
        L n = L.Round(clamped * L.Create(1.44269504f));
        // ln 2 in two parts: n * 0.693359375 is exact for |n| < 2^15.
        L r = L.MultiplyAdd(n, L.Create(-0.693359375f), clamped);
        r = L.MultiplyAdd(n, L.Create(2.12194440e-4f), r);
        L p = L.MultiplyAdd(L.Create(1f / 720f), r, L.Create(1f / 120f));
        p = L.MultiplyAdd(p, r, L.Create(1f / 24f));
        p = L.MultiplyAdd(p, r, L.Create(1f / 6f));
        p = L.MultiplyAdd(p, r, L.Create(0.5f));
        p = L.MultiplyAdd(p, r, L.Create(1f));
        p = L.MultiplyAdd(p, r, L.Create(1f));
        // 2p 2^(n-1): n reaches 128, one past the largest exponent.
        L y = (p + p) * L.PowerOfTwo(n - L.Create(1f));
        y = L.SelectLess(x, L.Create(ExpLowest), L.Create(0f), y);
        return L.SelectLess(L.Create(ExpHighest), x, L.Create(float.PositiveInfinity), y);
    }

    /// <summary>ln(1 + e) for e in [0, 1]: 2 artanh(s), s = e / (2 + e) in [0, 1/3].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Log1PlusUnit<L>(L e) where L : struct, ILanes<L>
    {
        L s = e / (L.Create(2f) + e);
        L t = s * s;
        L p = L.MultiplyAdd(L.Create(1f / 15f), t, L.Create(1f / 13f));
        p = L.MultiplyAdd(p, t, L.Create(1f / 11f));
        p = L.MultiplyAdd(p, t, L.Create(1f / 9f));
        p = L.MultiplyAdd(p, t, L.Create(1f / 7f));
        p = L.MultiplyAdd(p, t, L.Create(1f / 5f));
        p = L.MultiplyAdd(p, t, L.Create(1f / 3f));
        p = L.MultiplyAdd(p, t, L.Create(1f));
        return (s + s) * p;
    }

    /// <summary>ln sigmoid(x) = min(x, 0) - ln(1 + e^-|x|): finite for every finite x, and accurate for large x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L LogSigmoid<L>(L x) where L : struct, ILanes<L> =>
        L.Min(x, L.Create(0f)) - Log1PlusUnit(Exp(L.Create(0f) - L.Abs(x)));

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Sigmoid<L>(L x) where L : struct, ILanes<L> =>
        L.Create(1f) / (L.Create(1f) + Exp(L.Create(0f) - x));

    /// <summary>tanh x: an odd series by its continued fraction near 0, 1 - 2 / (e^2|x| + 1) elsewhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Tanh<L>(L x) where L : struct, ILanes<L>
    {
        L a = L.Abs(x);
        L big = L.Create(1f) - L.Create(2f) / (Exp(a + a) + L.Create(1f));
        // Lambert's continued fraction x/(1 + x^2/(3 + x^2/(5 + x^2/(7 + x^2/9)))), written as a quotient.
        L t = x * x;
        L numerator = L.MultiplyAdd(L.MultiplyAdd(t, L.Create(1f), L.Create(105f)), t, L.Create(945f));
        L denominator = L.MultiplyAdd(L.MultiplyAdd(t, L.Create(15f), L.Create(420f)), t, L.Create(945f));
        L small = x * (numerator / denominator);
        L signed = L.SelectLess(x, L.Create(0f), L.Create(0f) - big, big);
        return L.SelectLess(a, L.Create(0.5f), small, signed);
    }
}
