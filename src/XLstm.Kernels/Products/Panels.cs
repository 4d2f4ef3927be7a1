using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace XLstm.Kernels;

/// <summary>Rearranges strips of a matrix into panels [depth, width], contiguous in the order in which a tile reads them.</summary>
internal static class Panels
{
    /// <summary>
    /// Panels of 2 L.Count columns, one after the other, from as many columns as fill them: row by row over all panels, since
    /// a source that is read in order is fetched ahead of time.
    /// </summary>
    public static void Copy<L>(ref float source, nint stride, int columns, nint depth, ref float panels) where L : struct, ILanes<L>
    {
        nint panel = 2 * L.Count * depth;
        for (nint p = 0; p < depth; p++)
        {
            ref float from = ref Unsafe.Add(ref source, p * stride);
            ref float to = ref Unsafe.Add(ref panels, p * 2 * L.Count);
            Rows.AheadOf(ref from, stride, columns);
            for (int j = 0; j < columns; j += 2 * L.Count)
            {
                L.Store(L.Load(ref from, j), ref to, 0);
                L.Store(L.Load(ref from, j + L.Count), ref to, L.Count);
                to = ref Unsafe.Add(ref to, panel);
            }
        }
    }

    /// <summary>panel[p, j] = source[p, j] for j below <paramref name="columns"/>, 0 up to <paramref name="width"/>.</summary>
    public static void Copy(ref float source, nint stride, int columns, int depth, ref float panel, int width)
    {
        for (int p = 0; p < depth; p++)
        {
            ref float from = ref Unsafe.Add(ref source, p * stride);
            ref float to = ref Unsafe.Add(ref panel, (nint)p * width);
            int j = 0;
            for (; j + 16 <= columns; j += 16)
                Vector512.LoadUnsafe(ref from, (nuint)j).StoreUnsafe(ref to, (nuint)j);
            for (; j + 4 <= columns; j += 4)
                Vector128.LoadUnsafe(ref from, (nuint)j).StoreUnsafe(ref to, (nuint)j);
            for (; j < columns; j++)
                Unsafe.Add(ref to, j) = Unsafe.Add(ref from, j);
            for (; j < width; j++)
                Unsafe.Add(ref to, j) = 0f;
        }
    }

    /// <summary>
    /// panel[p, j] = source[j, p] for j below <paramref name="columns"/>, 0 up to <paramref name="width"/>. Rows of the source come from
    /// memory in stretches too short to be foreseen: the next eight are asked for, also those after these if they are wanted next.
    /// </summary>
    public static void Transpose(ref float source, nint stride, int columns, int depth, ref float panel, int width, bool more = false)
    {
        int j = 0;
        for (; j + 8 <= columns; j += 8)
            Transpose8(ref Unsafe.Add(ref source, j * stride), stride, more || j + 16 <= columns ? 8 * stride : 0, depth, ref Unsafe.Add(ref panel, j), width);
        for (; j + 4 <= columns; j += 4)
            Transpose4(ref Unsafe.Add(ref source, j * stride), stride, depth, ref Unsafe.Add(ref panel, j), width);
        for (; j < columns; j++)
        {
            for (nint p = 0; p < depth; p++)
                Unsafe.Add(ref panel, p * width + j) = Unsafe.Add(ref source, j * stride + p);
        }

        for (; j < width; j++)
        {
            for (nint p = 0; p < depth; p++)
                Unsafe.Add(ref panel, p * width + j) = 0f;
        }
    }

    /// <summary>panel[p, j] = source[j, p] for 32 columns that the caller asks for ahead of time.</summary>
    public static void Transpose32(ref float source, nint stride, int depth, ref float panel)
    {
        for (int j = 0; j < 32; j += 8)
            Transpose8(ref Unsafe.Add(ref source, j * stride), stride, 0, depth, ref Unsafe.Add(ref panel, j), 32);
    }

    private static void Transpose8(ref float source, nint stride, nint next, nint depth, ref float panel, nint width)
    {
        if (!Avx.IsSupported)
        {
            Transpose4(ref source, stride, depth, ref panel, width);
            Transpose4(ref Unsafe.Add(ref source, 4 * stride), stride, depth, ref Unsafe.Add(ref panel, 4), width);
            return;
        }

        // Row j beside row j + 4: the same two rounds as for four rows, on both halves at once.
        ref float upper = ref Unsafe.Add(ref source, 4 * stride);
        nint p = 0;
        for (; p + 4 <= depth; p += 4)
        {
            // Two rows each time: after four times every row has been asked for one line.
            nint ask = next + (p >> 1 & 6) * stride + p;
            Prefetch.Ahead(ref source, ask, 1);
            Prefetch.Ahead(ref source, ask + stride, 1);
            Vector256<float> r0 = Beside(ref source, ref upper, p);
            Vector256<float> r1 = Beside(ref source, ref upper, p + stride);
            Vector256<float> r2 = Beside(ref source, ref upper, p + 2 * stride);
            Vector256<float> r3 = Beside(ref source, ref upper, p + 3 * stride);
            Vector256<float> low02 = Avx.UnpackLow(r0, r2), high02 = Avx.UnpackHigh(r0, r2);
            Vector256<float> low13 = Avx.UnpackLow(r1, r3), high13 = Avx.UnpackHigh(r1, r3);
            Avx.UnpackLow(low02, low13).StoreUnsafe(ref panel, (nuint)(p * width));
            Avx.UnpackHigh(low02, low13).StoreUnsafe(ref panel, (nuint)((p + 1) * width));
            Avx.UnpackLow(high02, high13).StoreUnsafe(ref panel, (nuint)((p + 2) * width));
            Avx.UnpackHigh(high02, high13).StoreUnsafe(ref panel, (nuint)((p + 3) * width));
        }

        for (; p < depth; p++)
        {
            for (nint j = 0; j < 8; j++)
                Unsafe.Add(ref panel, p * width + j) = Unsafe.Add(ref source, j * stride + p);
        }
    }

    private static void Transpose4(ref float source, nint stride, nint depth, ref float panel, nint width)
    {
        nint p = 0;
        for (; p + 4 <= depth; p += 4)
        {
            Vector128<float> r0 = Vector128.LoadUnsafe(ref source, (nuint)p);
            Vector128<float> r1 = Vector128.LoadUnsafe(ref source, (nuint)(p + stride));
            Vector128<float> r2 = Vector128.LoadUnsafe(ref source, (nuint)(p + 2 * stride));
            Vector128<float> r3 = Vector128.LoadUnsafe(ref source, (nuint)(p + 3 * stride));
            Vector128<float> low02 = ZipLow(r0, r2), high02 = ZipHigh(r0, r2);
            Vector128<float> low13 = ZipLow(r1, r3), high13 = ZipHigh(r1, r3);
            ZipLow(low02, low13).StoreUnsafe(ref panel, (nuint)(p * width));
            ZipHigh(low02, low13).StoreUnsafe(ref panel, (nuint)((p + 1) * width));
            ZipLow(high02, high13).StoreUnsafe(ref panel, (nuint)((p + 2) * width));
            ZipHigh(high02, high13).StoreUnsafe(ref panel, (nuint)((p + 3) * width));
        }

        for (; p < depth; p++)
        {
            for (nint j = 0; j < 4; j++)
                Unsafe.Add(ref panel, p * width + j) = Unsafe.Add(ref source, j * stride + p);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Beside(ref float low, ref float high, nint offset) =>
        Vector256.Create(Vector128.LoadUnsafe(ref low, (nuint)offset), Vector128.LoadUnsafe(ref high, (nuint)offset));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipLow(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
        : Vector128.Create(a[0], b[0], a[1], b[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipHigh(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
        : Vector128.Create(a[2], b[2], a[3], b[3]);
}
