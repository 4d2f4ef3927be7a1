using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>
/// x W^T for one to four rows of x, without packing: the time goes into reading W once, so several rows of W run
/// beside each other along k. A sum is one register of lanes over k, added across, then the k mod L.Count last terms.
/// </summary>
internal static class DirectProduct
{
    public const int MaxRows = 4;

    /// <summary>C[m, n] = A[m, k] W[n, k]^T, added to C if <paramref name="accumulate"/>; m in 1..4.</summary>
    public static void Multiply<L>(int m, int n, int k, ref float a, nint lda, ref float w, nint ldw, ref float c, nint ldc, bool accumulate) where L : struct, ILanes<L>
    {
        int j = 0;
        if (m == 1)
        {
            for (; j + 4 <= n; j += 4)
                OneByFour<L>(k, ref a, ref Unsafe.Add(ref w, j * ldw), ldw, ref Unsafe.Add(ref c, j), accumulate);
        }
        else
        {
            // The second pair finds the four rows of W in the cache.
            for (; j + 4 <= n; j += 4)
            {
                ref float wj = ref Unsafe.Add(ref w, j * ldw);
                ref float cj = ref Unsafe.Add(ref c, j);
                TwoByFour<L>(k, ref a, lda, ref wj, ldw, ref cj, ldc, accumulate);
                if (m == 4)
                    TwoByFour<L>(k, ref Unsafe.Add(ref a, 2 * lda), lda, ref wj, ldw, ref Unsafe.Add(ref cj, 2 * ldc), ldc, accumulate);
                else if (m == 3)
                    OneByFour<L>(k, ref Unsafe.Add(ref a, 2 * lda), ref wj, ldw, ref Unsafe.Add(ref cj, 2 * ldc), accumulate);
            }
        }

        for (; j < n; j++)
        {
            for (int i = 0; i < m; i++)
                Put(ref Unsafe.Add(ref c, i * ldc + j), Dot<L>(k, ref Unsafe.Add(ref a, i * lda), ref Unsafe.Add(ref w, j * ldw)), accumulate);
        }
    }

    private static float Dot<L>(nint k, ref float x, ref float w) where L : struct, ILanes<L>
    {
        L sum = L.Create(0f);
        nint p = 0;
        for (; p + L.Count <= k; p += L.Count)
            sum = L.MultiplyAdd(L.Load(ref x, p), L.Load(ref w, p), sum);
        return L.Sum(sum) + Tail(p, k, ref x, ref w);
    }

    private static void OneByFour<L>(nint k, ref float x, ref float w, nint ldw, ref float c, bool accumulate) where L : struct, ILanes<L>
    {
        L s0 = L.Create(0f), s1 = s0, s2 = s0, s3 = s0;
        ref float w1 = ref Unsafe.Add(ref w, ldw);
        ref float w2 = ref Unsafe.Add(ref w, 2 * ldw);
        ref float w3 = ref Unsafe.Add(ref w, 3 * ldw);
        nint p = 0;
        for (; p + L.Count <= k; p += L.Count)
        {
            L v = L.Load(ref x, p);
            s0 = L.MultiplyAdd(v, L.Load(ref w, p), s0);
            s1 = L.MultiplyAdd(v, L.Load(ref w1, p), s1);
            s2 = L.MultiplyAdd(v, L.Load(ref w2, p), s2);
            s3 = L.MultiplyAdd(v, L.Load(ref w3, p), s3);
        }

        Put(ref c, L.Sum(s0) + Tail(p, k, ref x, ref w), accumulate);
        Put(ref Unsafe.Add(ref c, 1), L.Sum(s1) + Tail(p, k, ref x, ref w1), accumulate);
        Put(ref Unsafe.Add(ref c, 2), L.Sum(s2) + Tail(p, k, ref x, ref w2), accumulate);
        Put(ref Unsafe.Add(ref c, 3), L.Sum(s3) + Tail(p, k, ref x, ref w3), accumulate);
    }

    private static void TwoByFour<L>(nint k, ref float x, nint ldx, ref float w, nint ldw, ref float c, nint ldc, bool accumulate) where L : struct, ILanes<L>
    {
        L s0 = L.Create(0f), s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
        ref float y = ref Unsafe.Add(ref x, ldx);
        ref float w1 = ref Unsafe.Add(ref w, ldw);
        ref float w2 = ref Unsafe.Add(ref w, 2 * ldw);
        ref float w3 = ref Unsafe.Add(ref w, 3 * ldw);
        nint p = 0;
        for (; p + L.Count <= k; p += L.Count)
        {
            L u = L.Load(ref x, p), v = L.Load(ref y, p);
            L r = L.Load(ref w, p);
            s0 = L.MultiplyAdd(u, r, s0);
            t0 = L.MultiplyAdd(v, r, t0);
            r = L.Load(ref w1, p);
            s1 = L.MultiplyAdd(u, r, s1);
            t1 = L.MultiplyAdd(v, r, t1);
            r = L.Load(ref w2, p);
            s2 = L.MultiplyAdd(u, r, s2);
            t2 = L.MultiplyAdd(v, r, t2);
            r = L.Load(ref w3, p);
            s3 = L.MultiplyAdd(u, r, s3);
            t3 = L.MultiplyAdd(v, r, t3);
        }

        Put(ref c, L.Sum(s0) + Tail(p, k, ref x, ref w), accumulate);
        Put(ref Unsafe.Add(ref c, 1), L.Sum(s1) + Tail(p, k, ref x, ref w1), accumulate);
        Put(ref Unsafe.Add(ref c, 2), L.Sum(s2) + Tail(p, k, ref x, ref w2), accumulate);
        Put(ref Unsafe.Add(ref c, 3), L.Sum(s3) + Tail(p, k, ref x, ref w3), accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, L.Sum(t0) + Tail(p, k, ref y, ref w), accumulate);
        Put(ref Unsafe.Add(ref c, 1), L.Sum(t1) + Tail(p, k, ref y, ref w1), accumulate);
        Put(ref Unsafe.Add(ref c, 2), L.Sum(t2) + Tail(p, k, ref y, ref w2), accumulate);
        Put(ref Unsafe.Add(ref c, 3), L.Sum(t3) + Tail(p, k, ref y, ref w3), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Tail(nint p, nint k, ref float x, ref float w)
    {
        float sum = 0f;
        for (; p < k; p++)
            sum = float.MultiplyAddEstimate(Unsafe.Add(ref x, p), Unsafe.Add(ref w, p), sum);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(ref float c, float value, bool accumulate) => c = accumulate ? c + value : value;
}
