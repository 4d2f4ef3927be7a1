using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace XLstm.Kernels;

/// <summary>
/// The innermost product: a few rows of A times two lanes of columns of B, with every sum in a register.
/// A is read as A[i, p] at <c>a + i aRow + p aStep</c> and B as B[p, j] at <c>b + p bStep + j</c>, so packed panels and
/// matrices in place run through the same code. Each sum is one chain over p in order, whatever the number of rows and
/// the lane width: that is why results do not depend on how the rows or columns were split.
/// The loops are not inlined: where a profile led the JIT to inline them into all their callers, it ran out of its budget
/// before it came to the arithmetic, and a call for each multiply-add was ten times slower.
/// </summary>
internal static class ProductTile
{
    /// <summary>32 registers rather than 16: room for eight rows, or for six rows of a <see cref="Pair{L}"/>.</summary>
    public static bool HasManyRegisters => Avx512F.VL.IsSupported || AdvSimd.IsSupported;

    /// <summary>C[rows, 2 L.Count] = A[rows, depth] B[depth, 2 L.Count], added to C if <paramref name="accumulate"/>.</summary>
    public static void Multiply<L>(int rows, nint depth, ref float a, nint aRow, nint aStep, ref float b, nint bStep, ref float c, nint ldc, bool accumulate) where L : struct, ISums<L>
    {
        bool eight = HasManyRegisters && L.Count <= Simd.Width;
        while (rows > 0)
        {
            int height;
            if (rows >= 8 && eight)
            {
                height = 8;
                Rows8<L>(depth, ref a, aRow, aStep, ref b, bStep, ref c, ldc, accumulate);
            }
            // Eight rows in fours: two rows alone are too few sums to run at once.
            else if (rows >= 6 && rows != 8)
            {
                height = 6;
                Rows6<L>(depth, ref a, aRow, aStep, ref b, bStep, ref c, ldc, accumulate);
            }
            else if (rows >= 4)
            {
                height = 4;
                Rows4<L>(depth, ref a, aRow, aStep, ref b, bStep, ref c, ldc, accumulate);
            }
            else if (rows >= 2)
            {
                height = 2;
                Rows2<L>(depth, ref a, aRow, aStep, ref b, bStep, ref c, ldc, accumulate);
            }
            else
            {
                height = 1;
                Rows1<L>(depth, ref a, aRow, aStep, ref b, bStep, ref c, ldc, accumulate);
            }

            a = ref Unsafe.Add(ref a, height * aRow);
            c = ref Unsafe.Add(ref c, height * ldc);
            rows -= height;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<L>(ref float c, L low, L high, bool accumulate) where L : struct, ISums<L>
    {
        if (accumulate)
        {
            low = L.Load(ref c, 0) + low;
            high = L.Load(ref c, L.Count) + high;
        }

        L.Store(low, ref c, 0);
        L.Store(high, ref c, L.Count);
    }

    /// <summary>Eight rows: 16 accumulators, for 32 registers.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Rows8<L>(nint depth, ref float a, nint aRow, nint aStep, ref float b, nint bStep, ref float c, nint ldc, bool accumulate) where L : struct, ISums<L>
    {
        L c00 = L.Create(0f), c01 = L.Create(0f);
        L c10 = L.Create(0f), c11 = L.Create(0f);
        L c20 = L.Create(0f), c21 = L.Create(0f);
        L c30 = L.Create(0f), c31 = L.Create(0f);
        L c40 = L.Create(0f), c41 = L.Create(0f);
        L c50 = L.Create(0f), c51 = L.Create(0f);
        L c60 = L.Create(0f), c61 = L.Create(0f);
        L c70 = L.Create(0f), c71 = L.Create(0f);
        nint aRow2 = 2 * aRow, aRow3 = 3 * aRow;
        ref float a4 = ref Unsafe.Add(ref a, 4 * aRow);
        for (; depth > 0; depth--)
        {
            L b0 = L.Load(ref b, 0), b1 = L.Load(ref b, L.Count);
            L x = L.Create(a);
            c00 = L.MultiplyAdd(x, b0, c00);
            c01 = L.MultiplyAdd(x, b1, c01);
            x = L.Create(Unsafe.Add(ref a, aRow));
            c10 = L.MultiplyAdd(x, b0, c10);
            c11 = L.MultiplyAdd(x, b1, c11);
            x = L.Create(Unsafe.Add(ref a, aRow2));
            c20 = L.MultiplyAdd(x, b0, c20);
            c21 = L.MultiplyAdd(x, b1, c21);
            x = L.Create(Unsafe.Add(ref a, aRow3));
            c30 = L.MultiplyAdd(x, b0, c30);
            c31 = L.MultiplyAdd(x, b1, c31);
            x = L.Create(a4);
            c40 = L.MultiplyAdd(x, b0, c40);
            c41 = L.MultiplyAdd(x, b1, c41);
            x = L.Create(Unsafe.Add(ref a4, aRow));
            c50 = L.MultiplyAdd(x, b0, c50);
            c51 = L.MultiplyAdd(x, b1, c51);
            x = L.Create(Unsafe.Add(ref a4, aRow2));
            c60 = L.MultiplyAdd(x, b0, c60);
            c61 = L.MultiplyAdd(x, b1, c61);
            x = L.Create(Unsafe.Add(ref a4, aRow3));
            c70 = L.MultiplyAdd(x, b0, c70);
            c71 = L.MultiplyAdd(x, b1, c71);
            a = ref Unsafe.Add(ref a, aStep);
            a4 = ref Unsafe.Add(ref a4, aStep);
            b = ref Unsafe.Add(ref b, bStep);
        }

        Put(ref c, c00, c01, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c10, c11, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c20, c21, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c30, c31, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c40, c41, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c50, c51, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c60, c61, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c70, c71, accumulate);
    }

    /// <summary>Six rows: 12 accumulators, two columns of B and one element of A fill 16 registers, pairs 29 of 32.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Rows6<L>(nint depth, ref float a, nint aRow, nint aStep, ref float b, nint bStep, ref float c, nint ldc, bool accumulate) where L : struct, ISums<L>
    {
        L c00 = L.Create(0f), c01 = L.Create(0f);
        L c10 = L.Create(0f), c11 = L.Create(0f);
        L c20 = L.Create(0f), c21 = L.Create(0f);
        L c30 = L.Create(0f), c31 = L.Create(0f);
        L c40 = L.Create(0f), c41 = L.Create(0f);
        L c50 = L.Create(0f), c51 = L.Create(0f);
        nint aRow2 = 2 * aRow, aRow3 = 3 * aRow;
        ref float a4 = ref Unsafe.Add(ref a, 4 * aRow);
        for (; depth > 0; depth--)
        {
            L b0 = L.Load(ref b, 0), b1 = L.Load(ref b, L.Count);
            L x = L.Create(a);
            c00 = L.MultiplyAdd(x, b0, c00);
            c01 = L.MultiplyAdd(x, b1, c01);
            x = L.Create(Unsafe.Add(ref a, aRow));
            c10 = L.MultiplyAdd(x, b0, c10);
            c11 = L.MultiplyAdd(x, b1, c11);
            x = L.Create(Unsafe.Add(ref a, aRow2));
            c20 = L.MultiplyAdd(x, b0, c20);
            c21 = L.MultiplyAdd(x, b1, c21);
            x = L.Create(Unsafe.Add(ref a, aRow3));
            c30 = L.MultiplyAdd(x, b0, c30);
            c31 = L.MultiplyAdd(x, b1, c31);
            x = L.Create(a4);
            c40 = L.MultiplyAdd(x, b0, c40);
            c41 = L.MultiplyAdd(x, b1, c41);
            x = L.Create(Unsafe.Add(ref a4, aRow));
            c50 = L.MultiplyAdd(x, b0, c50);
            c51 = L.MultiplyAdd(x, b1, c51);
            a = ref Unsafe.Add(ref a, aStep);
            a4 = ref Unsafe.Add(ref a4, aStep);
            b = ref Unsafe.Add(ref b, bStep);
        }

        Put(ref c, c00, c01, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c10, c11, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c20, c21, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c30, c31, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c40, c41, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c50, c51, accumulate);
    }

    /// <summary>Four rows.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Rows4<L>(nint depth, ref float a, nint aRow, nint aStep, ref float b, nint bStep, ref float c, nint ldc, bool accumulate) where L : struct, ISums<L>
    {
        L c00 = L.Create(0f), c01 = L.Create(0f);
        L c10 = L.Create(0f), c11 = L.Create(0f);
        L c20 = L.Create(0f), c21 = L.Create(0f);
        L c30 = L.Create(0f), c31 = L.Create(0f);
        nint aRow2 = 2 * aRow, aRow3 = 3 * aRow;
        for (; depth > 0; depth--)
        {
            L b0 = L.Load(ref b, 0), b1 = L.Load(ref b, L.Count);
            L x = L.Create(a);
            c00 = L.MultiplyAdd(x, b0, c00);
            c01 = L.MultiplyAdd(x, b1, c01);
            x = L.Create(Unsafe.Add(ref a, aRow));
            c10 = L.MultiplyAdd(x, b0, c10);
            c11 = L.MultiplyAdd(x, b1, c11);
            x = L.Create(Unsafe.Add(ref a, aRow2));
            c20 = L.MultiplyAdd(x, b0, c20);
            c21 = L.MultiplyAdd(x, b1, c21);
            x = L.Create(Unsafe.Add(ref a, aRow3));
            c30 = L.MultiplyAdd(x, b0, c30);
            c31 = L.MultiplyAdd(x, b1, c31);
            a = ref Unsafe.Add(ref a, aStep);
            b = ref Unsafe.Add(ref b, bStep);
        }

        Put(ref c, c00, c01, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c10, c11, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c20, c21, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c30, c31, accumulate);
    }

    /// <summary>Two rows.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Rows2<L>(nint depth, ref float a, nint aRow, nint aStep, ref float b, nint bStep, ref float c, nint ldc, bool accumulate) where L : struct, ISums<L>
    {
        L c00 = L.Create(0f), c01 = L.Create(0f);
        L c10 = L.Create(0f), c11 = L.Create(0f);
        for (; depth > 0; depth--)
        {
            L b0 = L.Load(ref b, 0), b1 = L.Load(ref b, L.Count);
            L x = L.Create(a);
            c00 = L.MultiplyAdd(x, b0, c00);
            c01 = L.MultiplyAdd(x, b1, c01);
            x = L.Create(Unsafe.Add(ref a, aRow));
            c10 = L.MultiplyAdd(x, b0, c10);
            c11 = L.MultiplyAdd(x, b1, c11);
            a = ref Unsafe.Add(ref a, aStep);
            b = ref Unsafe.Add(ref b, bStep);
        }

        Put(ref c, c00, c01, accumulate);
        c = ref Unsafe.Add(ref c, ldc);
        Put(ref c, c10, c11, accumulate);
    }

    /// <summary>One row.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Rows1<L>(nint depth, ref float a, nint aRow, nint aStep, ref float b, nint bStep, ref float c, nint ldc, bool accumulate) where L : struct, ISums<L>
    {
        L c00 = L.Create(0f), c01 = L.Create(0f);
        for (; depth > 0; depth--)
        {
            L b0 = L.Load(ref b, 0), b1 = L.Load(ref b, L.Count);
            L x = L.Create(a);
            c00 = L.MultiplyAdd(x, b0, c00);
            c01 = L.MultiplyAdd(x, b1, c01);
            a = ref Unsafe.Add(ref a, aStep);
            b = ref Unsafe.Add(ref b, bStep);
        }

        Put(ref c, c00, c01, accumulate);
    }
}
