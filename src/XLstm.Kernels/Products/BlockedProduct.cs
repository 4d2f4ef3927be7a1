using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;

namespace XLstm.Kernels;

/// <summary>
/// The product in blocks: a [depth, columns] block of B becomes panels that stay in the second-level cache, one panel
/// at a time stays in the first, and rows of A pass along it in groups. A is read in place: a group reads it in order,
/// and packing it as well was measured slower for every shape here.
/// </summary>
internal static class BlockedProduct
{
    private const int MaxDepth = 384;
    private const int MaxColumns = 256;

    // A multiple of both heights of a tile: few enough rows of A to stay in the second-level cache for all panels.
    private const int RowBlock = 48;
    private const int MaxTileRows = 8;
    private const int WidestPanel = 32;
    private const int Alignment = 16;
    private const int TileLength = MaxTileRows * WidestPanel;

    /// <summary>Depth of the blocks of k terms, each summed apart: nearly equal parts of at most <see cref="MaxDepth"/>, from k alone.</summary>
    private static int DepthBlock(int k)
    {
        int blocks = (k + MaxDepth - 1) / MaxDepth;
        return blocks <= 1 ? k : ((k + blocks - 1) / blocks + 7) & ~7;
    }

    private static int RoundUp(int n) => checked(n + (WidestPanel - 1)) & -WidestPanel;

    public static int ScratchLength(int n, int k) => PackedScratchLength + DepthBlock(k) * Math.Min(RoundUp(n), MaxColumns);

    public static int PackedLength(int k, int n) => checked(k * RoundUp(n));

    public static int PackedScratchLength => Alignment + TileLength;

    /// <summary>Rows of a tile: 8 where there are 32 registers, 6 where there are 16.</summary>
    private static int TileRows<L>() where L : struct, ILanes<L> => L.Count == 16 || AdvSimd.IsSupported ? MaxTileRows : 6;

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
        if (transposeA)
            Multiply<L, Transposed>(transposeB, m, n, k, ref a, lda, ref b, ldb, ref c, ldc, accumulate, scratch);
        else
            Multiply<L, Plain>(transposeB, m, n, k, ref a, lda, ref b, ldb, ref c, ldc, accumulate, scratch);
    }

    private static void Multiply<L, A>(bool transposeB, int m, int n, int k, ref float a, nint lda, ref float b, nint ldb, ref float c, nint ldc, bool accumulate, Span<float> scratch) where L : struct, ILanes<L> where A : IOrder
    {
        ref float tile = ref Aligned(scratch);
        ref float panels = ref Unsafe.Add(ref tile, TileLength);
        bool inPlace = ReadsInPlace(transposeB, m, k, ldb);
        int depthBlock = DepthBlock(k);
        for (int p = 0; p < k; p += depthBlock)
        {
            int depth = Math.Min(depthBlock, k - p);
            ref float ap = ref Unsafe.Add(ref a, A.Transposed ? p * lda : p);
            for (int j = 0; j < n; j += MaxColumns)
            {
                int columns = Math.Min(MaxColumns, n - j);
                ref float block = ref Unsafe.Add(ref b, transposeB ? j * ldb + p : p * ldb + j);
                int fromB = inPlace ? WholePanels<L>(columns) : 0;
                PackBlock<L>(transposeB, fromB, columns, depth, ref block, ldb, ref panels);
                Block<L, A>(m, columns, depth, j == 0 ? Math.Min(depthBlock, k - p - depth) : 0, ref ap, lda, fromB, ref block, ldb, ref panels, ref Unsafe.Add(ref c, j), ldc, accumulate || p > 0, ref tile);
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

    public static void MultiplyPacked<L>(bool transposeA, int m, int n, int k, ref float a, nint lda, ref float packed, ref float c, nint ldc, bool accumulate, Span<float> scratch) where L : struct, ILanes<L>
    {
        if (transposeA)
            MultiplyPacked<L, Transposed>(m, n, k, ref a, lda, ref packed, ref c, ldc, accumulate, scratch);
        else
            MultiplyPacked<L, Plain>(m, n, k, ref a, lda, ref packed, ref c, ldc, accumulate, scratch);
    }

    private static void MultiplyPacked<L, A>(int m, int n, int k, ref float a, nint lda, ref float packed, ref float c, nint ldc, bool accumulate, Span<float> scratch) where L : struct, ILanes<L> where A : IOrder
    {
        ref float tile = ref Aligned(scratch);
        int depthBlock = DepthBlock(k);
        for (int p = 0; p < k; p += depthBlock)
        {
            int depth = Math.Min(depthBlock, k - p);
            ref float ap = ref Unsafe.Add(ref a, A.Transposed ? p * lda : p);
            for (int j = 0; j < n; j += MaxColumns)
            {
                ref float panels = ref Unsafe.Add(ref packed, (nint)p * RoundUp(n) + (nint)j * depth);
                Block<L, A>(m, Math.Min(MaxColumns, n - j), depth, j == 0 ? Math.Min(depthBlock, k - p - depth) : 0, ref ap, lda, 0, ref packed, 0, ref panels, ref Unsafe.Add(ref c, j), ldc, accumulate || p > 0, ref tile);
            }
        }
    }

    /// <summary>Whether packing B costs more than it saves: few rows use it, or it stays near anyway (measured).</summary>
    private static bool ReadsInPlace(bool transposeB, int m, int k, nint ldb) => !transposeB && (m <= 4 * MaxTileRows || k * ldb <= 16384);

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
                Panels.Transpose(ref Unsafe.Add(ref b, j * ldb), ldb, used, depth, ref panel, width);
            else
                Panels.Copy(ref Unsafe.Add(ref b, j), ldb, used, depth, ref panel, width);
        }
    }

    /// <summary>
    /// C[m, columns] (+)= A[m, depth] B[depth, columns]: the first <paramref name="fromB"/> columns are read from b, the others
    /// from panels. Rows of A that are columns in memory do not come into the cache ahead of time by themselves: each tile
    /// asks for a share of the <paramref name="next"/> terms.
    /// </summary>
    private static void Block<L, A>(int m, int columns, int depth, int next, ref float a, nint lda, int fromB, ref float b, nint ldb, ref float panels, ref float c, nint ldc, bool accumulate, ref float tile) where L : struct, ILanes<L> where A : IOrder
    {
        nint aRow = A.Transposed ? 1 : lda, aStep = A.Transposed ? lda : 1;
        int asked = 0, share = A.Transposed ? next * TileRows<L>() * PanelWidth<L>() / (m * columns) + 1 : 0;
        for (int i = 0; i < m; i += RowBlock)
        {
            int end = Math.Min(i + RowBlock, m);
            for (int j = 0; j < columns; j += PanelWidth<L>())
            {
                int used = Math.Min(PanelWidth<L>(), columns - j);
                int width = PanelWidth<L>(used);
                bool inPlace = j < fromB;
                ref float panel = ref inPlace ? ref Unsafe.Add(ref b, j) : ref Unsafe.Add(ref panels, (nint)(j - fromB) * depth);
                nint bStep = inPlace ? ldb : width;
                for (int r = i; r < end; r += TileRows<L>())
                {
                    int rows = Math.Min(TileRows<L>(), end - r);
                    for (int stop = Math.Min(next, asked + share); A.Transposed && asked < stop; asked++)
                        Prefetch.Ahead(ref a, (depth + asked) * lda, Math.Min(m, 64));
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

    private interface IOrder
    {
        static abstract bool Transposed { get; }
    }

    private readonly struct Plain : IOrder
    {
        public static bool Transposed => false;
    }

    private readonly struct Transposed : IOrder
    {
        static bool IOrder.Transposed => true;
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
    private static ref float Aligned(Span<float> scratch)
    {
        ref float start = ref MemoryMarshal.GetReference(scratch);
        nint address = Unsafe.ByteOffset(ref Unsafe.NullRef<float>(), ref start);
        return ref Unsafe.AddByteOffset(ref start, -address & 63);
    }
}
