using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;

namespace XLstm.Kernels;

/// <summary>
/// The product in blocks: [depth, columns] blocks of B become panels that stay in the second-level cache, one panel at
/// a time stays in the first, and strips of A pass along it.
/// </summary>
internal static class BlockedProduct
{
    private const int MaxDepth = 256;
    private const int MaxColumns = 512;
    private const int RowBlock = 96;

    // Six used rows are laid out eight apart too, so that a strip is always transposed in whole registers.
    private const int StripWidth = 8;
    private const int WidestPanel = 32;

    /// <summary>Depth of the blocks of k terms, each summed apart: nearly equal parts of at most <see cref="MaxDepth"/>, from k alone.</summary>
    private static int DepthBlock(int k)
    {
        int blocks = (k + MaxDepth - 1) / MaxDepth;
        return blocks <= 1 ? k : ((k + blocks - 1) / blocks + 7) & ~7;
    }

    private static int RoundUp(int n) => checked((n + (WidestPanel - 1)) & -WidestPanel);

    public static int ScratchLength(int m, int n, int k) =>
        PackedScratchLength(m, k) + DepthBlock(k) * Math.Min(RoundUp(n), MaxColumns);

    public static int PackedLength(int k, int n) => checked(k * RoundUp(n));

    public static int PackedScratchLength(int m, int k) =>
        Alignment + StripWidth * WidestPanel + DepthBlock(k) * ((Math.Min(m, RowBlock) + (StripWidth - 1)) / StripWidth * StripWidth + StripWidth * 4);

    private const int Alignment = 16;

    /// <summary>Rows of a tile: 8 where there are 32 registers, 6 where there are 16.</summary>
    private static int TileRows<L>() where L : struct, ILanes<L> => L.Count == 16 || AdvSimd.IsSupported ? 8 : 6;

    private static int PanelWidth<L>() where L : struct, ILanes<L> => 2 * L.Count;

    /// <summary>Width of the panel that holds <paramref name="columns"/> columns: the last one may be a half or a quarter.</summary>
    private static int PanelWidth<L>(int columns) where L : struct, ILanes<L>
    {
        int width = PanelWidth<L>();
        while (width > 8 && columns <= width / 2)
            width /= 2;
        return width;
    }

    public static void Multiply<L>(bool transposeA, bool transposeB, int m, int n, int k, ref float a, nint lda, ref float b, nint ldb, ref float c, nint ldc, bool accumulate, Span<float> scratch) where L : struct, ILanes<L>
    {
        ref float strips = ref Aligned(scratch);
        ref float panels = ref Unsafe.Add(ref strips, PackedScratchLength(m, k) - Alignment);
        int depthBlock = DepthBlock(k);
        bool inPlace = !transposeB && (m <= 2 * StripWidth || k * ldb <= 8192);
        for (int p = 0; p < k; p += depthBlock)
        {
            int depth = Math.Min(depthBlock, k - p);
            for (int j = 0; j < n; j += MaxColumns)
            {
                int columns = Math.Min(MaxColumns, n - j);
                ref float block = ref Unsafe.Add(ref b, transposeB ? j * ldb + p : p * ldb + j);
                int first = inPlace ? columns / PanelWidth<L>() * PanelWidth<L>() : 0;
                PackBlock<L>(transposeB, first, columns, depth, ref block, ldb, ref panels);
                Block<L>(transposeA, m, columns, depth, ref Unsafe.Add(ref a, transposeA ? p * lda : p), lda, first, ref block, ldb, ref panels, ref Unsafe.Add(ref c, j), ldc, accumulate || p > 0, ref strips);
            }
        }
    }

    public static void Pack<L>(bool transposeB, int k, int n, ref float b, nint ldb, ref float packed) where L : struct, ILanes<L>
    {
        int depthBlock = DepthBlock(k);
        for (int p = 0; p < k; p += depthBlock)
            PackBlock<L>(transposeB, 0, n, Math.Min(depthBlock, k - p), ref Unsafe.Add(ref b, transposeB ? p : p * ldb), ldb, ref Unsafe.Add(ref packed, (nint)p * RoundUp(n)));
    }

    public static void MultiplyPacked<L>(bool transposeA, int m, int n, int k, ref float a, nint lda, ref float packed, ref float c, nint ldc, bool accumulate, Span<float> scratch) where L : struct, ILanes<L>
    {
        ref float strips = ref Aligned(scratch);
        int depthBlock = DepthBlock(k);
        for (int p = 0; p < k; p += depthBlock)
        {
            int depth = Math.Min(depthBlock, k - p);
            for (int j = 0; j < n; j += MaxColumns)
                Block<L>(transposeA, m, Math.Min(MaxColumns, n - j), depth, ref Unsafe.Add(ref a, transposeA ? p * lda : p), lda, 0, ref packed, 0, ref Unsafe.Add(ref packed, (nint)p * RoundUp(n) + (nint)j * depth), ref Unsafe.Add(ref c, j), ldc, accumulate || p > 0, ref strips);
        }
    }

    /// <summary>Panels of the columns from <paramref name="first"/> on, each [depth, width], one after the other.</summary>
    private static void PackBlock<L>(bool transposeB, int first, int columns, int depth, ref float b, nint ldb, ref float panels) where L : struct, ILanes<L>
    {
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

    /// <summary>C[m, columns] (+)= A[m, depth] B[depth, columns]; columns below <paramref name="inPlace"/> are read from b, the others from panels.</summary>
    private static void Block<L>(bool transposeA, int m, int columns, int depth, ref float a, nint lda, int inPlace, ref float b, nint ldb, ref float panels, ref float c, nint ldc, bool accumulate, ref float strips) where L : struct, ILanes<L>
    {
        int tileRows = TileRows<L>();
        nint aRow = transposeA ? 1 : lda, aStep = transposeA ? lda : 1;
        bool packA = columns > 2 * PanelWidth<L>();
        ref float tile = ref strips;
        strips = ref Unsafe.Add(ref strips, StripWidth * WidestPanel);
        for (int i0 = 0; i0 < m; i0 += RowBlock)
        {
            int rows = Math.Min(RowBlock, m - i0);
            ref float ai = ref Unsafe.Add(ref a, i0 * aRow);
            ref float ci = ref Unsafe.Add(ref c, i0 * ldc);
            if (packA)
            {
                for (int i = 0, s = 0; i < rows; i += tileRows, s++)
                {
                    ref float strip = ref Unsafe.Add(ref strips, (nint)s * StripWidth * depth);
                    int used = Math.Min(tileRows, rows - i);
                    if (transposeA)
                        Panels.Copy(ref Unsafe.Add(ref ai, i), lda, used, depth, ref strip, StripWidth);
                    else
                        Panels.Transpose(ref Unsafe.Add(ref ai, i * lda), lda, used, depth, ref strip, StripWidth);
                }
            }

            for (int j = 0; j < columns; j += PanelWidth<L>())
            {
                int used = Math.Min(PanelWidth<L>(), columns - j);
                int width = PanelWidth<L>(used);
                bool fromB = j < inPlace;
                ref float panel = ref fromB ? ref Unsafe.Add(ref b, j) : ref Unsafe.Add(ref panels, (nint)(j - inPlace) * depth);
                nint bStep = fromB ? ldb : width;
                for (int i = 0, s = 0; i < rows; i += tileRows, s++)
                {
                    ref float strip = ref packA ? ref Unsafe.Add(ref strips, (nint)s * StripWidth * depth) : ref Unsafe.Add(ref ai, i * aRow);
                    nint stripRow = packA ? 1 : aRow, stripStep = packA ? StripWidth : aStep;
                    int count = Math.Min(tileRows, rows - i);
                    ref float cij = ref Unsafe.Add(ref ci, i * ldc + j);
                    if (used == width)
                    {
                        Tile<L>(width, count, depth, ref strip, stripRow, stripStep, ref panel, bStep, ref cij, ldc, accumulate);
                    }
                    else
                    {
                        Tile<L>(width, count, depth, ref strip, stripRow, stripStep, ref panel, bStep, ref tile, width, false);
                        for (int r = 0; r < count; r++)
                        {
                            for (int q = 0; q < used; q++)
                            {
                                ref float to = ref Unsafe.Add(ref cij, r * ldc + q);
                                float value = Unsafe.Add(ref tile, r * width + q);
                                to = accumulate ? to + value : value;
                            }
                        }
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<L>(int width, int rows, nint depth, ref float a, nint aRow, nint aStep, ref float b, nint bStep, ref float c, nint ldc, bool accumulate) where L : struct, ILanes<L>
    {
        if (width == PanelWidth<L>())
            ProductTile.Multiply<L>(rows, depth, ref a, aRow, aStep, ref b, bStep, ref c, ldc, accumulate);
        else if (width == 16)
            ProductTile.Multiply<Lanes8>(rows, depth, ref a, aRow, aStep, ref b, bStep, ref c, ldc, accumulate);
        else
            ProductTile.Multiply<Lanes4>(rows, depth, ref a, aRow, aStep, ref b, bStep, ref c, ldc, accumulate);
    }

    /// <summary>The first 64-byte boundary: a register across two cache lines costs two loads.</summary>
    private static ref float Aligned(Span<float> scratch)
    {
        ref float start = ref MemoryMarshal.GetReference(scratch);
        nint address = Unsafe.ByteOffset(ref Unsafe.NullRef<float>(), ref start);
        return ref Unsafe.AddByteOffset(ref start, -address & 63);
    }
}
