using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// y = (h + skip * a) * silu(z): the output of the mLSTM block before its down-projection (arXiv 2405.04517, figure 11).
/// Rows of z start <c>zStride</c> floats apart, so that z can lie in the [rows, 2 width] up-projection.
/// </summary>
public static class SkipGate
{
    /// <summary>y = (h + skip * a) * silu(z).</summary>
    /// <param name="rows">Rows of all matrices.</param>
    /// <param name="width">Columns of all matrices.</param>
    /// <param name="h">Output of the cell [rows, width].</param>
    /// <param name="a">Activated convolution [rows, width].</param>
    /// <param name="z">Gate before its SiLU [rows, width], rows <paramref name="zStride"/> apart.</param>
    /// <param name="zStride">Distance between the rows of z, at least <paramref name="width"/>.</param>
    /// <param name="skip">Learned factor of a [width].</param>
    /// <param name="y">[rows, width]; may be h's or a's own memory.</param>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Forward(
        int rows, int width, ReadOnlySpan<float> h, ReadOnlySpan<float> a, ReadOnlySpan<float> z, int zStride,
        ReadOnlySpan<float> skip, Span<float> y) =>
        Forward(Simd.Width, rows, width, h, a, z, zStride, skip, y);

    /// <summary>
    /// With g = silu(z): dh += dy g, da += dy g skip, dz += dy (h + skip a) silu'(z), dskip += sum over rows of dy g a.
    /// An empty gradient is not wanted.
    /// </summary>
    /// <param name="rows">Rows of all matrices.</param>
    /// <param name="width">Columns of all matrices.</param>
    /// <param name="h">As in the forward pass.</param>
    /// <param name="a">As in the forward pass.</param>
    /// <param name="z">As in the forward pass.</param>
    /// <param name="zStride">Distance between the rows of z and of dz.</param>
    /// <param name="skip">As in the forward pass.</param>
    /// <param name="dy">[rows, width].</param>
    /// <param name="dh">[rows, width].</param>
    /// <param name="da">[rows, width].</param>
    /// <param name="dz">[rows, width], rows <paramref name="zStride"/> apart.</param>
    /// <param name="dskip">[width].</param>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Backward(
        int rows, int width, ReadOnlySpan<float> h, ReadOnlySpan<float> a, ReadOnlySpan<float> z, int zStride,
        ReadOnlySpan<float> skip, ReadOnlySpan<float> dy, Span<float> dh, Span<float> da, Span<float> dz, Span<float> dskip) =>
        Backward(Simd.Width, rows, width, h, a, z, zStride, skip, dy, dh, da, dz, dskip);

    internal static void Forward(
        int lanes, int rows, int width, ReadOnlySpan<float> h, ReadOnlySpan<float> a, ReadOnlySpan<float> z, int zStride,
        ReadOnlySpan<float> skip, Span<float> y)
    {
        Check.Length(h, Extent.Of(rows, width));
        Check.Length(a, Extent.Of(rows, width));
        Check.Length(z, Extent.Of(rows, width, zStride));
        Check.Length(skip, width);
        Check.Length(y, Extent.Of(rows, width));
        switch (lanes)
        {
            case 16: Forward<Lanes16>(rows, width, h, a, z, zStride, skip, y); break;
            case 8: Forward<Lanes8>(rows, width, h, a, z, zStride, skip, y); break;
            case 4: Forward<Lanes4>(rows, width, h, a, z, zStride, skip, y); break;
            default: Forward<Lanes1>(rows, width, h, a, z, zStride, skip, y); break;
        }
    }

    internal static void Backward(
        int lanes, int rows, int width, ReadOnlySpan<float> h, ReadOnlySpan<float> a, ReadOnlySpan<float> z, int zStride,
        ReadOnlySpan<float> skip, ReadOnlySpan<float> dy, Span<float> dh, Span<float> da, Span<float> dz, Span<float> dskip)
    {
        Check.Length(h, Extent.Of(rows, width));
        Check.Length(a, Extent.Of(rows, width));
        Check.Length(z, Extent.Of(rows, width, zStride));
        Check.Length(skip, width);
        Check.Length(dy, Extent.Of(rows, width));
        Check.LengthOrEmpty(dh, Extent.Of(rows, width));
        Check.LengthOrEmpty(da, Extent.Of(rows, width));
        Check.LengthOrEmpty(dz, Extent.Of(rows, width, zStride));
        Check.LengthOrEmpty(dskip, width);
        switch (lanes)
        {
            case 16: Backward<Lanes16>(rows, width, h, a, z, zStride, skip, dy, dh, da, dz, dskip); break;
            case 8: Backward<Lanes8>(rows, width, h, a, z, zStride, skip, dy, dh, da, dz, dskip); break;
            case 4: Backward<Lanes4>(rows, width, h, a, z, zStride, skip, dy, dh, da, dz, dskip); break;
            default: Backward<Lanes1>(rows, width, h, a, z, zStride, skip, dy, dh, da, dz, dskip); break;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forward<L>(
        int rows, int width, ReadOnlySpan<float> h, ReadOnlySpan<float> a, ReadOnlySpan<float> z, int zStride,
        ReadOnlySpan<float> skip, Span<float> y)
        where L : struct, ILanes<L>
    {
        for (int r = 0; r < rows; r++)
        {
            Rows.AheadOf(a[(r * width)..], width);
            Rows.AheadOf(ref MemoryMarshal.GetReference(z[(r * zStride)..]), zStride, width);
            int done = ForwardRow<L>(0, width, h[(r * width)..], a[(r * width)..], z[(r * zStride)..], skip, y[(r * width)..]);
            ForwardRow<Lanes1>(done, width, h[(r * width)..], a[(r * width)..], z[(r * zStride)..], skip, y[(r * width)..]);
        }
    }

    private static int ForwardRow<L>(
        int i, int width, ReadOnlySpan<float> h, ReadOnlySpan<float> a, ReadOnlySpan<float> z, ReadOnlySpan<float> skip, Span<float> y)
        where L : struct, ILanes<L>
    {
        ref float ph = ref MemoryMarshal.GetReference(h), pa = ref MemoryMarshal.GetReference(a), pz = ref MemoryMarshal.GetReference(z);
        ref float ps = ref MemoryMarshal.GetReference(skip), py = ref MemoryMarshal.GetReference(y);
        for (; i <= width - L.Count; i += L.Count)
        {
            L sum = L.MultiplyAdd(L.Load(ref ps, i), L.Load(ref pa, i), L.Load(ref ph, i));
            L.Store(sum * Swish.Value(L.Load(ref pz, i)), ref py, i);
        }

        return i;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Backward<L>(
        int rows, int width, ReadOnlySpan<float> h, ReadOnlySpan<float> a, ReadOnlySpan<float> z, int zStride,
        ReadOnlySpan<float> skip, ReadOnlySpan<float> dy, Span<float> dh, Span<float> da, Span<float> dz, Span<float> dskip)
        where L : struct, ILanes<L>
    {
        for (int r = 0; r < rows; r++)
        {
            Rows.AheadOf(a[(r * width)..], width);
            Rows.AheadOf(dy[(r * width)..], width);
            Rows.AheadOf(ref MemoryMarshal.GetReference(z[(r * zStride)..]), zStride, width);
            int dense = r * width, strided = r * zStride;
            Span<float> dhRow = dh.IsEmpty ? [] : dh[dense..], daRow = da.IsEmpty ? [] : da[dense..], dzRow = dz.IsEmpty ? [] : dz[strided..];
            int done = BackwardRow<L>(0, width, h[dense..], a[dense..], z[strided..], skip, dy[dense..], dhRow, daRow, dzRow, dskip);
            BackwardRow<Lanes1>(done, width, h[dense..], a[dense..], z[strided..], skip, dy[dense..], dhRow, daRow, dzRow, dskip);
        }
    }

    private static int BackwardRow<L>(
        int i, int width, ReadOnlySpan<float> h, ReadOnlySpan<float> a, ReadOnlySpan<float> z, ReadOnlySpan<float> skip,
        ReadOnlySpan<float> dy, Span<float> dh, Span<float> da, Span<float> dz, Span<float> dskip)
        where L : struct, ILanes<L>
    {
        ref float ph = ref MemoryMarshal.GetReference(h), pa = ref MemoryMarshal.GetReference(a), pz = ref MemoryMarshal.GetReference(z);
        ref float ps = ref MemoryMarshal.GetReference(skip), pd = ref MemoryMarshal.GetReference(dy);
        for (; i <= width - L.Count; i += L.Count)
        {
            L d = L.Load(ref pd, i), av = L.Load(ref pa, i), s = L.Load(ref ps, i);
            L slope = Swish.Slope(L.Load(ref pz, i), out L gate);
            L dSum = d * gate;
            Map.Accumulate(dSum, dh, i);
            Map.Accumulate(dSum * s, da, i);
            Map.Accumulate(d * L.MultiplyAdd(s, av, L.Load(ref ph, i)) * slope, dz, i);
            Map.Accumulate(dSum * av, dskip, i);
        }

        return i;
    }
}
