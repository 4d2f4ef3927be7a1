using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// C = op(A) op(B) in single precision, row-major, each matrix with the distance between its rows (ld).
/// <para>
/// Every C[i, j] is a sum whose order depends only on k (and the machine): blocks of at most 384 terms, each a chain in
/// order, added one after the other. So the result of a row does not depend on m, on n, on how rows are split over
/// calls, or on whether B was packed. The one exception is <see cref="Multiply"/> with transposeB and m of at most 4,
/// which sums along lanes; there too the order depends only on k.
/// </para>
/// </summary>
public static class MatrixProduct
{
    /// <summary>Columns of what <see cref="Pack"/> wrote can be multiplied apart by multiples of so many.</summary>
    public const int PackedColumns = BlockedProduct.WidestPanel;

    /// <summary>Floats of scratch for <see cref="Multiply"/>; grows with k and n up to about 100,000 (400 KB).</summary>
    public static int ScratchLength(int m, int n, int k)
    {
        CheckSizes(m, n, k);
        return BlockedProduct.ScratchLength(n, k);
    }

    /// <summary>Floats that <see cref="Pack"/> writes for B[k, n].</summary>
    public static int PackedLength(int k, int n)
    {
        CheckSizes(0, n, k);
        return BlockedProduct.PackedLength(k, n);
    }

    /// <summary>Floats of scratch for <see cref="MultiplyPacked"/>; grows with m and k up to about 50,000 (200 KB).</summary>
    public static int PackedScratchLength(int m, int k)
    {
        CheckSizes(m, 0, k);
        return BlockedProduct.PackedScratchLength(m, k);
    }

    /// <summary>C[m, n] = op(A)[m, k] op(B)[k, n], added to C if <paramref name="accumulate"/>.</summary>
    /// <param name="transposeA">A is stored [k, m] instead of [m, k].</param>
    /// <param name="transposeB">B is stored [n, k] instead of [k, n].</param>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="k">Terms of each sum; 0 makes C zero (or leaves it, if accumulating).</param>
    /// <param name="a">A.</param>
    /// <param name="lda">Floats from one stored row of A to the next.</param>
    /// <param name="b">B.</param>
    /// <param name="ldb">Floats from one stored row of B to the next.</param>
    /// <param name="c">C; must not overlap A or B. What lies between its rows is left alone.</param>
    /// <param name="ldc">Floats from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    /// <param name="scratch">At least <see cref="ScratchLength"/> floats.</param>
    /// <exception cref="ArgumentOutOfRangeException">A negative size, or a row distance below the row's width.</exception>
    /// <exception cref="ArgumentException">A span too short for its shape.</exception>
    public static void Multiply(bool transposeA, bool transposeB, int m, int n, int k, ReadOnlySpan<float> a, int lda, ReadOnlySpan<float> b, int ldb, Span<float> c, int ldc, bool accumulate, Span<float> scratch)
    {
        CheckSizes(m, n, k);
        CheckMatrix(a.Length, transposeA ? k : m, transposeA ? m : k, lda, nameof(a), nameof(lda));
        CheckMatrix(b.Length, transposeB ? n : k, transposeB ? k : n, ldb, nameof(b), nameof(ldb));
        CheckMatrix(c.Length, m, n, ldc, nameof(c), nameof(ldc));
        Check.Length(scratch, BlockedProduct.ScratchLength(n, k));
        switch (Simd.Width)
        {
            case 16: Multiply<Lanes16>(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, scratch); break;
            case 8: Multiply<Lanes8>(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, scratch); break;
            default: Multiply<Lanes4>(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, scratch); break;
        }
    }

    /// <summary>Rearranges op(B)[k, n] for <see cref="MultiplyPacked"/> on this machine: not a format to store.</summary>
    /// <param name="transposeB">B is stored [n, k] instead of [k, n].</param>
    /// <param name="k">Rows of op(B).</param>
    /// <param name="n">Columns of op(B).</param>
    /// <param name="b">B.</param>
    /// <param name="ldb">Floats from one stored row of B to the next.</param>
    /// <param name="packed">At least <see cref="PackedLength"/> floats; fastest if it begins on a 64-byte boundary.</param>
    public static void Pack(bool transposeB, int k, int n, ReadOnlySpan<float> b, int ldb, Span<float> packed)
    {
        for (int piece = 0; piece < PackPieces(k); piece++)
            PackPiece(piece, transposeB, k, n, b, ldb, packed);
    }

    /// <summary>Independent pieces of <see cref="Pack"/>, to be shared out among threads; depends on <paramref name="k"/> only.</summary>
    public static int PackPieces(int k)
    {
        CheckSizes(0, 0, k);
        return BlockedProduct.DepthBlocks(k);
    }

    /// <summary>Piece <paramref name="piece"/> of <see cref="PackPieces"/>; all of them together are <see cref="Pack"/>.</summary>
    public static void PackPiece(int piece, bool transposeB, int k, int n, ReadOnlySpan<float> b, int ldb, Span<float> packed)
    {
        CheckSizes(0, n, k);
        Check.Range(piece, PackPieces(k));
        CheckMatrix(b.Length, transposeB ? n : k, transposeB ? k : n, ldb, nameof(b), nameof(ldb));
        Check.Length(packed, BlockedProduct.PackedLength(k, n));
        switch (Simd.Width)
        {
            case 16: PackPiece<Lanes16>(piece, transposeB, k, n, b, ldb, packed); break;
            case 8: PackPiece<Lanes8>(piece, transposeB, k, n, b, ldb, packed); break;
            default: PackPiece<Lanes4>(piece, transposeB, k, n, b, ldb, packed); break;
        }
    }

    /// <summary>
    /// C[m, n] = op(A)[m, k] B[k, n] with B from <see cref="Pack"/>, added to C if <paramref name="accumulate"/>. Row
    /// blocks may run on several threads over one packed B, each with its own scratch.
    /// </summary>
    /// <param name="transposeA">A is stored [k, m] instead of [m, k].</param>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="k">Terms of each sum.</param>
    /// <param name="a">A.</param>
    /// <param name="lda">Floats from one stored row of A to the next.</param>
    /// <param name="packed">What <see cref="Pack"/> wrote for the same k and n.</param>
    /// <param name="c">C; must not overlap A.</param>
    /// <param name="ldc">Floats from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    /// <param name="scratch">At least <see cref="PackedScratchLength"/> floats.</param>
    public static void MultiplyPacked(bool transposeA, int m, int n, int k, ReadOnlySpan<float> a, int lda, ReadOnlySpan<float> packed, Span<float> c, int ldc, bool accumulate, Span<float> scratch) =>
        MultiplyPackedColumns(transposeA, m, n, 0, n, k, a, lda, packed, c, ldc, accumulate, scratch);

    /// <summary>As <see cref="MultiplyPacked"/>, for some of the columns of B: the first of them at column 0 of C[m, count].</summary>
    /// <param name="transposeA">A is stored [k, m] instead of [m, k].</param>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of B.</param>
    /// <param name="from">The first column: a multiple of <see cref="PackedColumns"/>.</param>
    /// <param name="count">Columns: a multiple of <see cref="PackedColumns"/>, or those up to the last.</param>
    /// <param name="k">Terms of each sum.</param>
    /// <param name="a">A.</param>
    /// <param name="lda">Floats from one stored row of A to the next.</param>
    /// <param name="packed">What <see cref="Pack"/> wrote for the same k and n.</param>
    /// <param name="c">C; must not overlap A.</param>
    /// <param name="ldc">Floats from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    /// <param name="scratch">At least <see cref="PackedScratchLength"/> floats.</param>
    /// <exception cref="ArgumentOutOfRangeException">Columns that are not there, or that begin or end within a panel.</exception>
    public static void MultiplyPackedColumns(bool transposeA, int m, int n, int from, int count, int k, ReadOnlySpan<float> a, int lda, ReadOnlySpan<float> packed, Span<float> c, int ldc, bool accumulate, Span<float> scratch)
    {
        CheckSizes(m, n, k);
        if (from < 0 || count < 0 || count > n - from || from % PackedColumns != 0 || (count % PackedColumns != 0 && from + count < n))
            throw new ArgumentOutOfRangeException(nameof(from), from, $"Columns {from} to {from + (long)count} of {n}; expected multiples of {PackedColumns}, or the end.");
        CheckMatrix(a.Length, transposeA ? k : m, transposeA ? m : k, lda, nameof(a), nameof(lda));
        Check.Length(packed, BlockedProduct.PackedLength(k, n));
        CheckMatrix(c.Length, m, count, ldc, nameof(c), nameof(ldc));
        Check.Length(scratch, BlockedProduct.PackedScratchLength(m, k));
        switch (Simd.Width)
        {
            case 16: MultiplyPacked<Lanes16>(transposeA, m, n, from, count, k, a, lda, packed, c, ldc, accumulate, scratch); break;
            case 8: MultiplyPacked<Lanes8>(transposeA, m, n, from, count, k, a, lda, packed, c, ldc, accumulate, scratch); break;
            default: MultiplyPacked<Lanes4>(transposeA, m, n, from, count, k, a, lda, packed, c, ldc, accumulate, scratch); break;
        }
    }

    internal static void Multiply<L>(bool transposeA, bool transposeB, int m, int n, int k, ReadOnlySpan<float> a, int lda, ReadOnlySpan<float> b, int ldb, Span<float> c, int ldc, bool accumulate, Span<float> scratch) where L : struct, ILanes<L>
    {
        if (IsEmpty(m, n, k, c, ldc, accumulate))
            return;
        ref float ra = ref MemoryMarshal.GetReference(a);
        ref float rb = ref MemoryMarshal.GetReference(b);
        ref float rc = ref MemoryMarshal.GetReference(c);
        if (transposeB && !transposeA && m <= DirectProduct.MaxRows)
            DirectProduct.Multiply<L, StoredSingles>(m, n, k, ref ra, lda, ref Unsafe.As<float, byte>(ref rb), ldb, ref rc, ldc, accumulate);
        else
        {
            int streamed = transposeB && !transposeA && L.Count == Lanes16.Count ? StreamedProduct.ColumnsOf(m, n, k) : 0;
            if (streamed > 0)
                StreamedProduct.Multiply(m, streamed, k, ref ra, lda, ref rb, ldb, ref rc, ldc, accumulate, scratch);
            if (streamed < n)
                BlockedProduct.Multiply<L>(transposeA, transposeB, m, n - streamed, k, ref ra, lda, ref Unsafe.Add(ref rb, streamed * ldb), ldb, ref Unsafe.Add(ref rc, streamed), ldc, accumulate, scratch);
        }
    }

    internal static void PackPiece<L>(int piece, bool transposeB, int k, int n, ReadOnlySpan<float> b, int ldb, Span<float> packed) where L : struct, ILanes<L>
    {
        if (n > 0)
            BlockedProduct.Pack<L>(piece, transposeB, k, n, ref MemoryMarshal.GetReference(b), ldb, ref MemoryMarshal.GetReference(packed));
    }

    internal static void MultiplyPacked<L>(bool transposeA, int m, int n, int from, int count, int k, ReadOnlySpan<float> a, int lda, ReadOnlySpan<float> packed, Span<float> c, int ldc, bool accumulate, Span<float> scratch) where L : struct, ILanes<L>
    {
        if (!IsEmpty(m, count, k, c, ldc, accumulate))
            BlockedProduct.MultiplyPacked<L>(transposeA, m, n, from, count, k, ref MemoryMarshal.GetReference(a), lda, ref MemoryMarshal.GetReference(packed), ref MemoryMarshal.GetReference(c), ldc, accumulate, scratch);
    }

    private static bool IsEmpty(int m, int n, int k, Span<float> c, int ldc, bool accumulate)
    {
        if (m == 0 || n == 0)
            return true;
        if (k > 0)
            return false;
        for (int i = 0; i < m && !accumulate; i++)
            c.Slice(i * ldc, n).Clear();
        return true;
    }

    private static void CheckSizes(int m, int n, int k)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(m);
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        ArgumentOutOfRangeException.ThrowIfNegative(k);
    }

    internal static void CheckMatrix(int length, int rows, int columns, int stride, string name, string strideName)
    {
        if (stride < columns)
            throw new ArgumentOutOfRangeException(strideName, stride, $"Rows of {name} are {columns} wide; the distance between them is less.");
        long needed = rows == 0 || columns == 0 ? 0 : (rows - 1L) * stride + columns;
        if (length < needed)
            throw new ArgumentException($"{name} has {length} floats; [{rows}, {columns}] with rows {stride} apart needs {needed}.", name);
    }
}
