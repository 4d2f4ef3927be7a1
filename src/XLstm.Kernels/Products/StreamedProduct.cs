using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace XLstm.Kernels;

/// <summary>
/// A few rows times B^T where B comes from memory. <see cref="BlockedProduct"/> rearranges a block of B, while the arithmetic is idle, and multiplies it, while
/// the memory is; here 32 columns by 32 terms at a time are rearranged and used at once, and what comes next is on its way meanwhile. Every sum is the one of
/// <see cref="BlockedProduct"/>, to the bit.
/// </summary>
internal static class StreamedProduct
{
    // With fewer rows two threads wait for the memory either way; sums of more leave the first-level cache (measured).
    private const int MinRows = 9, MaxRows = 64;

    private const int Columns = 32, Terms = 32, TileRows = 8, TileLength = TileRows * Columns;

    // Floats of each row of B that are asked for before they are used.
    private const int Ahead = 128;

    /// <summary>How many of the first columns it can do; none without 32 registers of 512 bits.</summary>
    public static int ColumnsOf(int m, int n, int k) => Avx512F.IsSupported && m is >= MinRows and <= MaxRows && k > 0 ? n / Columns * Columns : 0;

    /// <summary>C[m, n] (+)= A[m, k] B[n, k]^T for as many columns as <see cref="ColumnsOf"/> says; <see cref="BlockedProduct.ScratchLength"/> is more than enough.</summary>
    public static void Multiply(int m, int n, int k, ref float a, nint lda, ref float b, nint ldb, ref float c, nint ldc, bool accumulate, Span<float> scratch)
    {
        int depthBlock = BlockedProduct.DepthBlock(k), whole = m / TileRows * TileRows, rest = m - whole;
        ref float sum = ref BlockedProduct.Aligned(scratch);
        Span<float> sums = MemoryMarshal.CreateSpan(ref sum, (m + TileRows - 1) / TileRows * TileLength);
        ref float panel = ref Unsafe.Add(ref sum, sums.Length);
        ref float padded = ref Unsafe.Add(ref panel, Columns * Terms);
        for (int p = 0; p < k; p += depthBlock)
        {
            int depth = Math.Min(depthBlock, k - p);
            // The last rows are part of a whole tile; what the others of it become is thrown away.
            for (int r = 0; r < rest; r++)
                MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref a, (whole + r) * lda + p), depth).CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.Add(ref padded, r * depth), depth));
            for (int j = 0; j < n; j += Columns)
            {
                sums.Clear();
                for (int q = 0; q < depth; q += Terms)
                {
                    int terms = Math.Min(Terms, depth - q);
                    ref float block = ref Unsafe.Add(ref b, j * ldb + p + q);
                    // Of these 32 rows, or of the next.
                    nint next = q + Ahead < depth ? Ahead : Columns * ldb + Ahead - depth;
                    Panels.Transpose32(ref block, ldb, terms, ref panel);
                    for (int r = 0; r < whole; r += TileRows)
                        Tile(terms, ref Unsafe.Add(ref a, r * lda + p + q), lda, ref panel, ref Unsafe.Add(ref sum, r * Columns), ref block, next, ldb);
                    if (rest > 0)
                        Tile(terms, ref Unsafe.Add(ref padded, q), depth, ref panel, ref Unsafe.Add(ref sum, whole * Columns), ref block, next, ldb);
                }
                for (int r = 0; r < m; r++)
                    Put(ref Unsafe.Add(ref c, r * ldc + j), ref Unsafe.Add(ref sum, r * Columns), accumulate || p > 0);
            }
        }
    }

    private static void Put(ref float c, ref float sum, bool accumulate)
    {
        Vector512<float> low = Vector512.LoadUnsafe(ref sum), high = Vector512.LoadUnsafe(ref sum, 16);
        if (accumulate)
        {
            low = Vector512.LoadUnsafe(ref c) + low;
            high = Vector512.LoadUnsafe(ref c, 16) + high;
        }

        low.StoreUnsafe(ref c);
        high.StoreUnsafe(ref c, 16);
    }

    /// <summary>The sums [8, 32] go on by A[8, terms] times a panel [terms, 32]; meanwhile the lines of a row of B each are asked for.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tile(nint terms, ref float a, nint lda, ref float panel, ref float c, ref float block, nint next, nint ldb)
    {
        Vector512<float> c00 = Vector512.LoadUnsafe(ref c, 0), c01 = Vector512.LoadUnsafe(ref c, 16);
        Vector512<float> c10 = Vector512.LoadUnsafe(ref c, 32), c11 = Vector512.LoadUnsafe(ref c, 48);
        Vector512<float> c20 = Vector512.LoadUnsafe(ref c, 64), c21 = Vector512.LoadUnsafe(ref c, 80);
        Vector512<float> c30 = Vector512.LoadUnsafe(ref c, 96), c31 = Vector512.LoadUnsafe(ref c, 112);
        Vector512<float> c40 = Vector512.LoadUnsafe(ref c, 128), c41 = Vector512.LoadUnsafe(ref c, 144);
        Vector512<float> c50 = Vector512.LoadUnsafe(ref c, 160), c51 = Vector512.LoadUnsafe(ref c, 176);
        Vector512<float> c60 = Vector512.LoadUnsafe(ref c, 192), c61 = Vector512.LoadUnsafe(ref c, 208);
        Vector512<float> c70 = Vector512.LoadUnsafe(ref c, 224), c71 = Vector512.LoadUnsafe(ref c, 240);
        nint lda2 = 2 * lda, lda3 = 3 * lda;
        ref float a4 = ref Unsafe.Add(ref a, 4 * lda);
        for (; terms > 0; terms--)
        {
            Prefetch.Ahead(ref block, next, 32);
            next += ldb;
            Vector512<float> b0 = Vector512.LoadUnsafe(ref panel), b1 = Vector512.LoadUnsafe(ref panel, 16), x;
            x = Vector512.Create(a);
            c00 = Vector512.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector512.MultiplyAddEstimate(x, b1, c01);
            x = Vector512.Create(Unsafe.Add(ref a, lda));
            c10 = Vector512.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector512.MultiplyAddEstimate(x, b1, c11);
            x = Vector512.Create(Unsafe.Add(ref a, lda2));
            c20 = Vector512.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector512.MultiplyAddEstimate(x, b1, c21);
            x = Vector512.Create(Unsafe.Add(ref a, lda3));
            c30 = Vector512.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector512.MultiplyAddEstimate(x, b1, c31);
            x = Vector512.Create(a4);
            c40 = Vector512.MultiplyAddEstimate(x, b0, c40);
            c41 = Vector512.MultiplyAddEstimate(x, b1, c41);
            x = Vector512.Create(Unsafe.Add(ref a4, lda));
            c50 = Vector512.MultiplyAddEstimate(x, b0, c50);
            c51 = Vector512.MultiplyAddEstimate(x, b1, c51);
            x = Vector512.Create(Unsafe.Add(ref a4, lda2));
            c60 = Vector512.MultiplyAddEstimate(x, b0, c60);
            c61 = Vector512.MultiplyAddEstimate(x, b1, c61);
            x = Vector512.Create(Unsafe.Add(ref a4, lda3));
            c70 = Vector512.MultiplyAddEstimate(x, b0, c70);
            c71 = Vector512.MultiplyAddEstimate(x, b1, c71);
            a = ref Unsafe.Add(ref a, 1);
            a4 = ref Unsafe.Add(ref a4, 1);
            panel = ref Unsafe.Add(ref panel, Columns);
        }

        c00.StoreUnsafe(ref c, 0);
        c01.StoreUnsafe(ref c, 16);
        c10.StoreUnsafe(ref c, 32);
        c11.StoreUnsafe(ref c, 48);
        c20.StoreUnsafe(ref c, 64);
        c21.StoreUnsafe(ref c, 80);
        c30.StoreUnsafe(ref c, 96);
        c31.StoreUnsafe(ref c, 112);
        c40.StoreUnsafe(ref c, 128);
        c41.StoreUnsafe(ref c, 144);
        c50.StoreUnsafe(ref c, 160);
        c51.StoreUnsafe(ref c, 176);
        c60.StoreUnsafe(ref c, 192);
        c61.StoreUnsafe(ref c, 208);
        c70.StoreUnsafe(ref c, 224);
        c71.StoreUnsafe(ref c, 240);
    }
}
