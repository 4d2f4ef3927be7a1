using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace XLstm.Kernels;

/// <summary>
/// Block-diagonal products with square blocks of 4 or 8, lanes along the features: output feature f of a block is
/// sum_i w_i[f] x[first(f) + i], first(f) the first feature of its block. A block lies within a register, so x[first(f) + i]
/// is a permutation of the register that holds x[f], the same in every register.
/// </summary>
internal static class TinyBlocks
{
    // Terms that run together. Rows pass one by one and whole: weights stay in the first-level cache, and matrices that are
    // read in order are fetched ahead of time (measured: half the time of passing columns of registers).
    private const int Terms = 4;

    public static bool Fits<L>(int outputs, int inputs) where L : struct, ILanes<L> =>
        outputs == inputs && (outputs == 4 || outputs == 8) && outputs <= L.Count;

    /// <summary>weights[i, h B + o] = w[h, o, i]: for y from x.</summary>
    public static void ByInput(int heads, int block, ref float w, ref float weights) =>
        Panels.Transpose(ref w, block, heads * block, block, ref weights, heads * block);

    /// <summary>weights[o, h B + i] = w[h, o, i]: for dx from dy.</summary>
    public static void ByOutput(int heads, int block, ref float w, ref float weights)
    {
        for (int o = 0; o < block; o++)
            Panels.Copy(ref Unsafe.Add(ref w, o * block), block * block, block, heads, ref Unsafe.Add(ref weights, o * heads * block), block);
    }

    /// <summary>y[r, f] = bias[f] + sum_i weights[i, f] x[r, first(f) + i], added to y if <paramref name="accumulate"/>; bias may be a null reference.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Multiply<L>(int rows, int features, int block, ref float x, nint xStride, ref float weights, ref float bias, ref float y, nint yStride, bool accumulate) where L : struct, ILanes<L>
    {
        for (int r = 0; r < rows; r++)
        {
            ref float xr = ref Unsafe.Add(ref x, r * xStride);
            ref float yr = ref Unsafe.Add(ref y, r * yStride);
            Rows.AheadOf(ref xr, xStride, features);
            Rows.AheadOf(ref yr, yStride, features);
            for (int first = 0; first < block; first += Terms)
            {
                ref float w = ref Unsafe.Add(ref weights, first * features);
                bool add = accumulate || first > 0;
                ref float start = ref first == 0 ? ref bias : ref Unsafe.NullRef<float>();
                int f = MultiplyTerms<L>(0, features, block, first, ref xr, ref w, ref start, ref yr, add);
                if (L.Count > 8 && block <= 8)
                    f = MultiplyTerms<Lanes8>(f, features, block, first, ref xr, ref w, ref start, ref yr, add);
                if (L.Count > 4 && block <= 4)
                    MultiplyTerms<Lanes4>(f, features, block, first, ref xr, ref w, ref start, ref yr, add);
            }
        }
    }

    /// <summary>sums[i, f] += sum_r dy[r, f] x[r, first(f) + i].</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Gradient<L>(int rows, int features, int block, ref float x, nint xStride, ref float dy, nint dyStride, ref float sums) where L : struct, ILanes<L>
    {
        for (int r = 0; r < rows; r++)
        {
            ref float xr = ref Unsafe.Add(ref x, r * xStride);
            ref float dyr = ref Unsafe.Add(ref dy, r * dyStride);
            Rows.AheadOf(ref xr, xStride, features);
            for (int first = 0; first < block; first += Terms)
            {
                ref float s = ref Unsafe.Add(ref sums, first * features);
                int f = GradientTerms<L>(0, features, block, first, ref xr, ref dyr, ref s);
                if (L.Count > 8 && block <= 8)
                    f = GradientTerms<Lanes8>(f, features, block, first, ref xr, ref dyr, ref s);
                if (L.Count > 4 && block <= 4)
                    GradientTerms<Lanes4>(f, features, block, first, ref xr, ref dyr, ref s);
            }
        }
    }

    /// <summary>The features from f on that fill registers, terms first..first + 3, of one row; returns the feature after them.</summary>
    private static int MultiplyTerms<L>(int f, int features, int block, int first, ref float x, ref float weights, ref float bias, ref float y, bool accumulate) where L : struct, ILanes<L>
    {
        L i0 = Index<L>(block, first), i1 = Index<L>(block, first + 1), i2 = Index<L>(block, first + 2), i3 = Index<L>(block, first + 3);
        for (; f + L.Count <= features; f += L.Count)
        {
            L w0 = L.Load(ref weights, f), w1 = L.Load(ref weights, f + features);
            L w2 = L.Load(ref weights, f + 2 * features), w3 = L.Load(ref weights, f + 3 * features);
            L start = Unsafe.IsNullRef(ref bias) ? L.Create(0f) : L.Load(ref bias, f);
            L v = L.Load(ref x, f);
            L sum = L.MultiplyAdd(w0, Permute(v, i0), start);
            sum = L.MultiplyAdd(w1, Permute(v, i1), sum);
            sum = L.MultiplyAdd(w2, Permute(v, i2), sum);
            sum = L.MultiplyAdd(w3, Permute(v, i3), sum);
            L.Store(accumulate ? L.Load(ref y, f) + sum : sum, ref y, f);
        }

        return f;
    }

    /// <summary>The features from f on that fill registers, terms first..first + 3, of one row; returns the feature after them.</summary>
    private static int GradientTerms<L>(int f, int features, int block, int first, ref float x, ref float dy, ref float sums) where L : struct, ILanes<L>
    {
        L i0 = Index<L>(block, first), i1 = Index<L>(block, first + 1), i2 = Index<L>(block, first + 2), i3 = Index<L>(block, first + 3);
        for (; f + L.Count <= features; f += L.Count)
        {
            L s0 = L.Load(ref sums, f), s1 = L.Load(ref sums, f + features);
            L s2 = L.Load(ref sums, f + 2 * features), s3 = L.Load(ref sums, f + 3 * features);
            L v = L.Load(ref x, f), d = L.Load(ref dy, f);
            L.Store(L.MultiplyAdd(d, Permute(v, i0), s0), ref sums, f);
            L.Store(L.MultiplyAdd(d, Permute(v, i1), s1), ref sums, f + features);
            L.Store(L.MultiplyAdd(d, Permute(v, i2), s2), ref sums, f + 2 * features);
            L.Store(L.MultiplyAdd(d, Permute(v, i3), s3), ref sums, f + 3 * features);
        }

        return f;
    }

    /// <summary>In every lane the number of its block's first lane, plus <paramref name="term"/>, as the bits of an integer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static L Index<L>(int block, int term) where L : struct, ILanes<L>
    {
        if (typeof(L) == typeof(Lanes16))
            return Unsafe.BitCast<Vector512<int>, L>((Vector512<int>.Indices & Vector512.Create(-block)) + Vector512.Create(term));
        if (typeof(L) == typeof(Lanes8))
            return Unsafe.BitCast<Vector256<int>, L>((Vector256<int>.Indices & Vector256.Create(-block)) + Vector256.Create(term));
        return Unsafe.BitCast<Vector128<int>, L>((Vector128<int>.Indices & Vector128.Create(-block)) + Vector128.Create(term));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static L Permute<L>(L x, L index) where L : struct, ILanes<L>
    {
        if (typeof(L) == typeof(Lanes16))
            return Unsafe.BitCast<Vector512<float>, L>(Vector512.ShuffleNative(Unsafe.BitCast<L, Vector512<float>>(x), Unsafe.BitCast<L, Vector512<int>>(index)));
        if (typeof(L) == typeof(Lanes8))
            return Unsafe.BitCast<Vector256<float>, L>(Vector256.ShuffleNative(Unsafe.BitCast<L, Vector256<float>>(x), Unsafe.BitCast<L, Vector256<int>>(index)));
        return Unsafe.BitCast<Vector128<float>, L>(Vector128.ShuffleNative(Unsafe.BitCast<L, Vector128<float>>(x), Unsafe.BitCast<L, Vector128<int>>(index)));
    }
}
