using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// y[m, O] = x[m, I] W^T with W row-major as it is stored: F32, BF16 or F16. The result is that of
/// <see cref="MatrixProduct.Multiply"/> with the same numbers as floats, to the bit: with up to 4 rows of x, W is read once as it
/// stands; with more, some of it at a time becomes floats in scratch memory.
/// </summary>
public static class StoredProduct
{
    /// <summary>Floats of scratch for <see cref="Multiply"/>.</summary>
    public static int ScratchLength(WeightFormat format, int m, int outputs, int inputs)
    {
        int product = MatrixProduct.ScratchLength(m, outputs, inputs);
        return format == WeightFormat.F32 || m <= DirectProduct.MaxRows ? product : checked(product + outputs * BlockedProduct.DepthBlock(inputs));
    }

    /// <summary>y[m, O] = x W^T.</summary>
    /// <param name="format">F32, BF16 or F16.</param>
    /// <param name="m">Rows of x.</param>
    /// <param name="outputs">O: rows of W.</param>
    /// <param name="inputs">I.</param>
    /// <param name="x">[m, I].</param>
    /// <param name="w">[O, I], little-endian.</param>
    /// <param name="y">Row i begins at i ldy; what lies between rows is left alone.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="scratch">At least <see cref="ScratchLength"/> floats.</param>
    /// <exception cref="ArgumentOutOfRangeException">A format of another kind, or a negative size.</exception>
    /// <exception cref="ArgumentException">A span does not fit its shape.</exception>
    public static void Multiply(WeightFormat format, int m, int outputs, int inputs, ReadOnlySpan<float> x, ReadOnlySpan<byte> w, Span<float> y, int ldy, Span<float> scratch)
    {
        if (format == WeightFormat.F32)
        {
            MatrixProduct.Multiply(false, true, m, outputs, inputs, x, inputs, MemoryMarshal.Cast<byte, float>(w), inputs, y, ldy, accumulate: false, scratch);
            return;
        }
        switch (Simd.Width)
        {
            case 16: Multiply<Lanes16>(format, m, outputs, inputs, x, w, y, ldy, scratch); break;
            case 8: Multiply<Lanes8>(format, m, outputs, inputs, x, w, y, ldy, scratch); break;
            default: Multiply<Lanes4>(format, m, outputs, inputs, x, w, y, ldy, scratch); break;
        }
    }

    internal static void Multiply<L>(WeightFormat format, int m, int outputs, int inputs, ReadOnlySpan<float> x, ReadOnlySpan<byte> w, Span<float> y, int ldy, Span<float> scratch)
        where L : struct, ILanes<L>
    {
        if (format is not (WeightFormat.BF16 or WeightFormat.F16))
            throw new ArgumentOutOfRangeException(nameof(format), format, "Expected F32, BF16 or F16.");
        Check.Length(x, Extent.Of(m, inputs));
        Check.Length(w, checked((int)QuantizedWeights.ByteLength(format, outputs, inputs)));
        MatrixProduct.CheckMatrix(y.Length, m, outputs, ldy, nameof(y), nameof(ldy));
        Check.Length(scratch, ScratchLength(format, m, outputs, inputs));
        if (format == WeightFormat.BF16)
            Multiply<L, StoredUpper>(m, outputs, inputs, x, w, y, ldy, scratch);
        else
            Multiply<L, StoredHalves>(m, outputs, inputs, x, w, y, ldy, scratch);
    }

    private static void Multiply<L, W>(int m, int outputs, int inputs, ReadOnlySpan<float> x, ReadOnlySpan<byte> w, Span<float> y, int ldy, Span<float> scratch)
        where L : struct, ILanes<L> where W : struct, IStored
    {
        ref byte rw = ref MemoryMarshal.GetReference(w);
        if (m <= DirectProduct.MaxRows && inputs > 0)
        {
            DirectProduct.Multiply<L, W>(m, outputs, inputs, ref MemoryMarshal.GetReference(x), inputs, ref rw, inputs, ref MemoryMarshal.GetReference(y), ldy, accumulate: false);
            return;
        }
        // By the blocks of terms that the product has anyway, so that sums are the same as of a whole matrix.
        int step = Math.Max(1, BlockedProduct.DepthBlock(inputs)), p = 0;
        Span<float> block = scratch[..(outputs * step)], rest = scratch[block.Length..];
        do
        {
            int depth = Math.Min(step, inputs - p);
            for (int o = 0; o < outputs; o++)
                ToFloats<L, W>(ref rw, (nint)o * inputs + p, block.Slice(o * depth, depth));
            MatrixProduct.Multiply<L>(false, true, m, outputs, depth, x[p..], inputs, block, depth, y, ldy, accumulate: p > 0, rest);
            p += depth;
        }
        while (p < inputs);
    }

    private static void ToFloats<L, W>(ref byte source, nint index, Span<float> values) where L : struct, ILanes<L> where W : struct, IStored
    {
        ref float to = ref MemoryMarshal.GetReference(values);
        nint i = 0;
        for (; i + L.Count <= values.Length; i += L.Count)
            L.Store(W.Load<L>(ref source, index + i), ref to, i);
        for (; i < values.Length; i++)
            Lanes1.Store(W.Load<Lanes1>(ref source, index + i), ref to, i);
    }
}
