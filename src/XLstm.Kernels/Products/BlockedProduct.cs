using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// The product in blocks: a [depth, columns] block of B becomes panels that stay in the second-level cache, one panel
/// at a time stays in the first, and rows of A pass along it in groups. A is read in place: a group reads it in order,
/// and packing it as well was measured slower for every shape here, but for columns whole pages apart.
/// </summary>
internal static class BlockedProduct
{
    private const int MaxDepth = 384;
    private const int MaxColumns = 256;

    // A multiple of both heights of a tile: few enough rows of A to stay in the second-level cache for all panels.
    private const int RowBlock = 96;

    // Rows between two requests for memory, a multiple of both heights too.
    private const int Step = 24;

    // Floats of a page: lines that far apart share one place of the first-level cache, and a few of the second.
    private const int PageLength = 1024;
    public const int WidestPanel = 32;
    private const int Alignment = 16;
    private const int TileLength = RowBlock * WidestPanel;

    /// <summary>Depth of the blocks of k terms, each summed apart: nearly equal parts of at most <see cref="MaxDepth"/>, from k alone.</summary>
    public static int DepthBlock(int k)
    {
        int blocks = (k + MaxDepth - 1) / MaxDepth;
        return blocks <= 1 ? k : ((k + blocks - 1) / blocks + 7) & ~7;
    }

    private static int RoundUp(int n) => checked(n + (WidestPanel - 1)) & -WidestPanel;

    public static int ScratchLength(int n, int k) => Alignment + TileLength + Math.Min(k, MaxDepth) * Math.Min(RoundUp(n), MaxColumns);

    public static int PackedLength(int k, int n) => checked(k * RoundUp(n));

    public static int PackedScratchLength(int m, int k) => Alignment + TileLength + (k > MaxDepth ? 2 * StripLength(m) : 0);

    private static int StripLength(int m) => Math.Min(m, ColumnsAhead.MaxRows) * MaxDepth;

    private static int PanelWidth<L>() where L : struct, ILanes<L> => 2 * L.Count;

    /// <summary>Width of the panel that holds the last <paramref name="columns"/> columns: whole, a half or a quarter.</summary>
    private static int PanelWidth<L>(int columns) where L : struct, ILanes<L>
    {
        int width = PanelWidth<L>();
        while (width > 8 && columns <= width / 2)
            width /= 2;
        return width;
    }

    public static void Multiply<L>(bool transposeA, bool transposeB, int m, int n, int k, ref float a, nint lda, ref float b, nint ldb, ref float c, nint ldc, bool accumulate, Span<float> scratch) where L : struct, ILanes<L>
    {
        ref float tile = ref Aligned(scratch);
        ref float panels = ref Unsafe.Add(ref tile, TileLength);
        nint aRow = transposeA ? 1 : lda, aStep = transposeA ? lda : 1;
        bool inPlace = ReadsInPlace(transposeB, m, k, ldb);
        int depthBlock = DepthBlock(k);
        for (int p = 0; p < k; p += depthBlock)
        {
            int depth = Math.Min(depthBlock, k - p);
            for (int j = 0; j < n; j += MaxColumns)
            {
                int columns = Math.Min(MaxColumns, n - j);
                ref float block = ref Unsafe.Add(ref b, transposeB ? j * ldb + p : p * ldb + j);
                int fromB = inPlace ? WholePanels<L>(columns) : 0;
                PackBlock<L>(transposeB, fromB, columns, depth, ref block, ldb, ref panels);
                ColumnsAhead ahead = transposeA && j == 0 ? Ahead<L>(m, columns, k, p + depth, ref a, lda, ref Unsafe.NullRef<float>()) : default;
                Block<L>(m, columns, depth, ref Unsafe.Add(ref a, p * aStep), aRow, aStep, fromB, ref block, ldb, ref panels, ref Unsafe.Add(ref c, j), ldc, accumulate || p > 0, ref tile, ref ahead);
            }
        }
    }

    /// <summary>Blocks of k that are packed, and later multiplied, one after the other.</summary>
    public static int DepthBlocks(int k) => k == 0 ? 0 : (k + DepthBlock(k) - 1) / DepthBlock(k);

    public static void Pack<L>(int piece, bool transposeB, int k, int n, ref float b, nint ldb, ref float packed) where L : struct, ILanes<L>
    {
        int p = piece * DepthBlock(k);
        ref float block = ref Unsafe.Add(ref b, transposeB ? p : p * ldb);
        PackBlock<L>(transposeB, 0, n, Math.Min(DepthBlock(k), k - p), ref block, ldb, ref Unsafe.Add(ref packed, (nint)p * RoundUp(n)));
    }

    /// <summary>Columns <paramref name="from"/> to from + count of the n that were packed; a part of them begins and ends between panels of any width.</summary>
    public static void MultiplyPacked<L>(bool transposeA, int m, int n, int from, int count, int k, ref float a, nint lda, ref float packed, ref float c, nint ldc, bool accumulate, Span<float> scratch) where L : struct, ILanes<L>
    {
        ref float tile = ref Aligned(scratch);
        if (transposeA && k > MaxDepth && lda % PageLength == 0 && count == n)
        {
            for (int i = 0; i < m; i += ColumnsAhead.MaxRows)
                MultiplyStrips<L>(Math.Min(ColumnsAhead.MaxRows, m - i), n, k, ref Unsafe.Add(ref a, i), lda, ref packed, ref Unsafe.Add(ref c, i * ldc), ldc, accumulate, ref tile);
            return;
        }

        nint aRow = transposeA ? 1 : lda, aStep = transposeA ? lda : 1;
        int depthBlock = DepthBlock(k);
        for (int p = 0; p < k; p += depthBlock)
        {
            int depth = Math.Min(depthBlock, k - p);
            for (int j = 0; j < count; j += MaxColumns)
            {
                int columns = Math.Min(MaxColumns, count - j);
                ref float panels = ref Unsafe.Add(ref packed, (nint)p * RoundUp(n) + (nint)(from + j) * depth);
                ColumnsAhead ahead = transposeA && j == 0 ? Ahead<L>(m, columns, k, p + depth, ref a, lda, ref Unsafe.NullRef<float>()) : default;
                Block<L>(m, columns, depth, ref Unsafe.Add(ref a, p * aStep), aRow, aStep, 0, ref packed, 0, ref panels, ref Unsafe.Add(ref c, j), ldc, accumulate || p > 0, ref tile, ref ahead);
            }
        }
    }

    /// <summary>
    /// Columns whole pages apart fall into the same few places of a cache and drive each other out. So they are copied next to
    /// each other, those of the next block while this one is multiplied.
    /// </summary>
    private static void MultiplyStrips<L>(int m, int n, int k, ref float a, nint lda, ref float packed, ref float c, nint ldc, bool accumulate, ref float tile) where L : struct, ILanes<L>
    {
        ref float strip = ref Unsafe.Add(ref tile, TileLength);
        ref float other = ref Unsafe.Add(ref strip, StripLength(m));
        int depthBlock = DepthBlock(k);
        ColumnsAhead ahead = Ahead<L>(m, n, k, 0, ref a, lda, ref strip);
        ahead.Finish();
        for (int p = 0; p < k; p += depthBlock)
        {
            int depth = Math.Min(depthBlock, k - p);
            ahead = Ahead<L>(m, n, k, p + depth, ref a, lda, ref other);
            Block<L>(m, n, depth, ref strip, 1, m, 0, ref packed, 0, ref Unsafe.Add(ref packed, (nint)p * RoundUp(n)), ref c, ldc, accumulate || p > 0, ref tile, ref ahead);
            ahead.Finish();
            ref float done = ref strip;
            strip = ref other;
            other = ref done;
        }
    }

    /// <summary>The block of terms from p on, to be had in equal shares by the steps of one <see cref="Block"/>.</summary>
    private static ColumnsAhead Ahead<L>(int m, int n, int k, int p, ref float a, nint lda, ref float strip) where L : struct, ILanes<L>
    {
        int terms = Math.Min(DepthBlock(k), k - p);
        int steps = (m + Step - 1) / Step * ((n + PanelWidth<L>() - 1) / PanelWidth<L>());
        return new ColumnsAhead(m, terms, (terms + steps - 1) / steps, ref Unsafe.Add(ref a, p * lda), lda, ref strip);
    }

    /// <summary>Whether packing B costs more than it saves: few rows use it, or it stays near anyway (measured).</summary>
    private static bool ReadsInPlace(bool transposeB, int m, int k, nint ldb) => !transposeB && (m <= 32 || k * ldb <= 16384);

    /// <summary>How many of the first columns fill panels without a rest.</summary>
    private static int WholePanels<L>(int columns) where L : struct, ILanes<L>
    {
        int rest = columns % PanelWidth<L>();
        return rest == PanelWidth<L>(rest) ? columns : columns - rest;
    }

    /// <summary>Panels of the columns from <paramref name="first"/> on, each [depth, width], one after the other.</summary>
    private static void PackBlock<L>(bool transposeB, int first, int columns, int depth, ref float b, nint ldb, ref float panels) where L : struct, ILanes<L>
    {
        if (!transposeB)
        {
            int whole = (columns - first) / PanelWidth<L>() * PanelWidth<L>();
            for (int j = 0; j < whole; j += MaxColumns)
                Panels.Copy<L>(ref Unsafe.Add(ref b, first + j), ldb, Math.Min(MaxColumns, whole - j), depth, ref Unsafe.Add(ref panels, (nint)j * depth));
            panels = ref Unsafe.Add(ref panels, (nint)whole * depth);
            first += whole;
        }

        for (int j = first; j < columns; j += PanelWidth<L>())
        {
            int used = Math.Min(PanelWidth<L>(), columns - j);
            int width = PanelWidth<L>(used);
            ref float panel = ref Unsafe.Add(ref panels, (nint)(j - first) * depth);
            if (transposeB)
                Panels.Transpose(ref Unsafe.Add(ref b, j * ldb), ldb, used, depth, ref panel, width, more: j + PanelWidth<L>() < columns);
            else
                Panels.Copy(ref Unsafe.Add(ref b, j), ldb, used, depth, ref panel, width);
        }
    }

    /// <summary>
    /// C[m, columns] (+)= A[m, depth] B[depth, columns]: the first <paramref name="fromB"/> columns are read from b, the others
    /// from panels. Between tiles <paramref name="ahead"/> gets what comes next.
    /// </summary>
    private static void Block<L>(int m, int columns, int depth, ref float a, nint aRow, nint aStep, int fromB, ref float b, nint ldb, ref float panels, ref float c, nint ldc, bool accumulate, ref float tile, ref ColumnsAhead ahead) where L : struct, ILanes<L>
    {
        for (int i = 0; i < m; i += RowBlock)
        {
            int end = Math.Min(i + RowBlock, m), j = 0;
            for (; ProductTile.HasManyRegisters && j + 2 * PanelWidth<L>() <= fromB; j += 2 * PanelWidth<L>())
                ProductTile.Multiply<Pair<L>>(end - i, depth, ref Unsafe.Add(ref a, i * aRow), aRow, aStep, ref Unsafe.Add(ref b, j), ldb, ref Unsafe.Add(ref c, i * ldc + j), ldc, accumulate);
            for (; j < columns; j += PanelWidth<L>())
            {
                int used = Math.Min(PanelWidth<L>(), columns - j);
                int width = PanelWidth<L>(used);
                bool inPlace = j < fromB;
                ref float panel = ref inPlace ? ref Unsafe.Add(ref b, j) : ref Unsafe.Add(ref panels, (nint)(j - fromB) * depth);
                nint bStep = inPlace ? ldb : width;
                for (int r = i, rows; r < end; r += rows)
                {
                    rows = ahead.Take() ? Math.Min(Step, end - r) : end - r;
                    ref float ar = ref Unsafe.Add(ref a, r * aRow);
                    ref float cr = ref Unsafe.Add(ref c, r * ldc + j);
                    if (used == width)
                    {
                        Tile<L>(width, rows, depth, ref ar, aRow, aStep, ref panel, bStep, ref cr, ldc, accumulate);
                        continue;
                    }

                    Tile<L>(width, rows, depth, ref ar, aRow, aStep, ref panel, bStep, ref tile, width, false);
                    PutPart(rows, used, ref tile, width, ref cr, ldc, accumulate);
                }
            }
        }
    }

    private static void Tile<L>(int width, int rows, nint depth, ref float a, nint aRow, nint aStep, ref float b, nint bStep, ref float c, nint ldc, bool accumulate) where L : struct, ILanes<L>
    {
        if (width == PanelWidth<L>())
            ProductTile.Multiply<L>(rows, depth, ref a, aRow, aStep, ref b, bStep, ref c, ldc, accumulate);
        else if (width == 16)
            ProductTile.Multiply<Lanes8>(rows, depth, ref a, aRow, aStep, ref b, bStep, ref c, ldc, accumulate);
        else
            ProductTile.Multiply<Lanes4>(rows, depth, ref a, aRow, aStep, ref b, bStep, ref c, ldc, accumulate);
    }

    private static void PutPart(int rows, int columns, ref float tile, nint width, ref float c, nint ldc, bool accumulate)
    {
        for (int r = 0; r < rows; r++)
        {
            for (int j = 0; j < columns; j++)
            {
                ref float to = ref Unsafe.Add(ref c, r * ldc + j);
                float value = Unsafe.Add(ref tile, r * width + j);
                to = accumulate ? to + value : value;
            }
        }
    }

    /// <summary>The first 64-byte boundary: a register across two cache lines costs two loads.</summary>
    public static ref float Aligned(Span<float> scratch)
    {
        ref float start = ref MemoryMarshal.GetReference(scratch);
        nint address = Unsafe.ByteOffset(ref Unsafe.NullRef<float>(), ref start);
        return ref Unsafe.AddByteOffset(ref start, -address & 63);
    }
}
