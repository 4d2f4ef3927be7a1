using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>
/// x W^T for one to four rows of x, without packing: the time goes into reading W, so it is read once, in the order it is
/// stored in, and asked for ahead. A sum is four registers of lanes over k in turn, what is left of whole registers in the
/// first of them, all added across, then the k mod L.Count last terms.
/// </summary>
internal static class DirectProduct
{
    public const int MaxRows = 4;

    /// <summary>C[m, n] = A[m, k] W[n, k]^T, added to C if <paramref name="accumulate"/>; m in 1..4, ldw in numbers.</summary>
    public static void Multiply<L, W>(int m, int n, int k, ref float a, nint lda, ref byte w, nint ldw, ref float c, nint ldc, bool accumulate)
        where L : struct, ILanes<L> where W : struct, IStored
    {
        for (int j = 0; j < n; j++)
        {
            int i = 0;
            // The second pair finds the row of W in the cache.
            for (; i + 2 <= m; i += 2)
                Two<L, W>(k, ref Unsafe.Add(ref a, i * lda), lda, ref w, ref Unsafe.Add(ref c, i * ldc), ldc, accumulate);
            if (i < m)
                One<L, W>(k, ref Unsafe.Add(ref a, i * lda), ref w, ref Unsafe.Add(ref c, i * ldc), accumulate);
            w = ref Unsafe.Add(ref w, ldw * W.Size);
            c = ref Unsafe.Add(ref c, 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void One<L, W>(nint k, ref float x, ref byte w, ref float c, bool accumulate)
        where L : struct, ILanes<L> where W : struct, IStored
    {
        L s0 = L.Create(0f), s1 = s0, s2 = s0, s3 = s0;
        nint p = 0;
        for (; p + 4 * L.Count <= k; p += 4 * L.Count)
        {
            Prefetch.Stream(ref w, p * W.Size, 4 * L.Count * W.Size);
            s0 = L.MultiplyAdd(L.Load(ref x, p), W.Load<L>(ref w, p), s0);
            s1 = L.MultiplyAdd(L.Load(ref x, p + L.Count), W.Load<L>(ref w, p + L.Count), s1);
            s2 = L.MultiplyAdd(L.Load(ref x, p + 2 * L.Count), W.Load<L>(ref w, p + 2 * L.Count), s2);
            s3 = L.MultiplyAdd(L.Load(ref x, p + 3 * L.Count), W.Load<L>(ref w, p + 3 * L.Count), s3);
        }
        for (; p + L.Count <= k; p += L.Count)
            s0 = L.MultiplyAdd(L.Load(ref x, p), W.Load<L>(ref w, p), s0);
        Put(ref c, L.Sum(s0 + s1 + (s2 + s3)) + Tail<W>(p, k, ref x, ref w), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Two<L, W>(nint k, ref float x, nint ldx, ref byte w, ref float c, nint ldc, bool accumulate)
        where L : struct, ILanes<L> where W : struct, IStored
    {
        L s0 = L.Create(0f), s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
        ref float y = ref Unsafe.Add(ref x, ldx);
        nint p = 0;
        for (; p + 4 * L.Count <= k; p += 4 * L.Count)
        {
            Prefetch.Stream(ref w, p * W.Size, 4 * L.Count * W.Size);
            L r = W.Load<L>(ref w, p);
            s0 = L.MultiplyAdd(L.Load(ref x, p), r, s0);
            t0 = L.MultiplyAdd(L.Load(ref y, p), r, t0);
            r = W.Load<L>(ref w, p + L.Count);
            s1 = L.MultiplyAdd(L.Load(ref x, p + L.Count), r, s1);
            t1 = L.MultiplyAdd(L.Load(ref y, p + L.Count), r, t1);
            r = W.Load<L>(ref w, p + 2 * L.Count);
            s2 = L.MultiplyAdd(L.Load(ref x, p + 2 * L.Count), r, s2);
            t2 = L.MultiplyAdd(L.Load(ref y, p + 2 * L.Count), r, t2);
            r = W.Load<L>(ref w, p + 3 * L.Count);
            s3 = L.MultiplyAdd(L.Load(ref x, p + 3 * L.Count), r, s3);
            t3 = L.MultiplyAdd(L.Load(ref y, p + 3 * L.Count), r, t3);
        }
        for (; p + L.Count <= k; p += L.Count)
        {
            L r = W.Load<L>(ref w, p);
            s0 = L.MultiplyAdd(L.Load(ref x, p), r, s0);
            t0 = L.MultiplyAdd(L.Load(ref y, p), r, t0);
        }
        Put(ref c, L.Sum(s0 + s1 + (s2 + s3)) + Tail<W>(p, k, ref x, ref w), accumulate);
        Put(ref Unsafe.Add(ref c, ldc), L.Sum(t0 + t1 + (t2 + t3)) + Tail<W>(p, k, ref y, ref w), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Tail<W>(nint p, nint k, ref float x, ref byte w) where W : struct, IStored
    {
        float sum = 0f;
        for (; p < k; p++)
            sum = float.MultiplyAddEstimate(Unsafe.Add(ref x, p), Lanes1.Sum(W.Load<Lanes1>(ref w, p)), sum);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(ref float c, float value, bool accumulate) => c = accumulate ? c + value : value;
}
