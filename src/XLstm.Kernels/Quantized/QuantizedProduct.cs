using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// y[m, O] = x[m, I] W^T with W in the panels of <see cref="QuantizedWeights"/>. Rows of x are brought into whole numbers, 32 at
/// a time (8 bits for Q4, 16 for Q8), so that the sum over a block is exact; the blocks' sums are scaled and added in order,
/// without fused operations. So y has the same bits on every machine, however rows of x and groups of W are split over calls.
/// </summary>
public static class QuantizedProduct
{
    /// <summary>Floats that a row of x takes in whole numbers.</summary>
    public static int RowLength(WeightFormat format, int inputs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(inputs);
        QuantizedWeights.BlockBytes(format);
        return checked(QuantizedWeights.Blocks(inputs) * QuantizedRows.BlockBytes(format) / sizeof(float));
    }

    /// <summary>Rows of x in whole numbers, once for all groups of W.</summary>
    /// <param name="format">Format of the W they are multiplied with.</param>
    /// <param name="m">Rows of x.</param>
    /// <param name="inputs">I.</param>
    /// <param name="x">[m, I].</param>
    /// <param name="rows">m RowLength(format, I) floats of memory; what they hold are no floats.</param>
    /// <exception cref="ArgumentException">A span does not fit its shape.</exception>
    public static void Quantize(WeightFormat format, int m, int inputs, ReadOnlySpan<float> x, Span<float> rows)
    {
        int length = RowLength(format, inputs);
        Check.Length(x, Extent.Of(m, inputs));
        Check.Length(rows, Extent.Of(m, length));
        for (int i = 0; i < m; i++)
            QuantizedRows.Quantize(format, x.Slice(i * inputs, inputs), MemoryMarshal.AsBytes(rows.Slice(i * length, length)));
    }

    /// <summary>Floats of scratch for <see cref="Multiply"/>.</summary>
    public static int ScratchLength(int m)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(m);
        return checked(m * QuantizedWeights.GroupRows);
    }

    /// <summary>y[m, O] = x W^T.</summary>
    /// <param name="format">Q8 or Q4.</param>
    /// <param name="m">Rows of x.</param>
    /// <param name="outputs">O: rows of W.</param>
    /// <param name="inputs">I.</param>
    /// <param name="rows">What <see cref="Quantize"/> made of x for the same format.</param>
    /// <param name="w">The groups of W.</param>
    /// <param name="y">Row i begins at i ldy; what lies between rows is left alone.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="scratch">At least <see cref="ScratchLength"/> floats.</param>
    /// <exception cref="ArgumentException">A span does not fit its shape.</exception>
    public static void Multiply(WeightFormat format, int m, int outputs, int inputs, ReadOnlySpan<float> rows, ReadOnlySpan<byte> w, Span<float> y, int ldy, Span<float> scratch)
    {
        switch (Simd.Width)
        {
            case 16: Multiply<ByteLanes16>(format, m, outputs, inputs, rows, w, y, ldy, scratch); break;
            case 8: Multiply<ByteLanes8>(format, m, outputs, inputs, rows, w, y, ldy, scratch); break;
            default: Multiply<ByteLanes4>(format, m, outputs, inputs, rows, w, y, ldy, scratch); break;
        }
    }

    internal static void Multiply<T>(WeightFormat format, int m, int outputs, int inputs, ReadOnlySpan<float> rows, ReadOnlySpan<byte> w, Span<float> y, int ldy, Span<float> scratch)
        where T : struct, IByteLanes<T>
    {
        Check.Length(rows, Extent.Of(m, RowLength(format, inputs)));
        if (w.Length < QuantizedWeights.ByteLength(format, outputs, inputs))
            throw new ArgumentException($"w has {w.Length} bytes; {format} [{outputs}, {inputs}] needs {QuantizedWeights.ByteLength(format, outputs, inputs)}.", nameof(w));
        MatrixProduct.CheckMatrix(y.Length, m, outputs, ldy, nameof(y), nameof(ldy));
        Check.Length(scratch, ScratchLength(m));
        int blocks = QuantizedWeights.Blocks(inputs), groupBytes = blocks * QuantizedWeights.BlockBytes(format);
        ref byte x = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(rows));
        for (int o = 0; o < outputs; o += QuantizedWeights.GroupRows)
        {
            ref byte group = ref MemoryMarshal.GetReference(w.Slice(o / QuantizedWeights.GroupRows * groupBytes));
            ref byte sums = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(scratch));
            if (blocks == 0)
                scratch[..(m * QuantizedWeights.GroupRows)].Clear();
            else if (format == WeightFormat.Q4)
                FourBitProduct.Multiply<T>(m, blocks, ref x, ref group, ref sums);
            else
                EightBitProduct.Multiply<T>(m, blocks, ref x, ref group, ref sums);
            int count = Math.Min(QuantizedWeights.GroupRows, outputs - o);
            for (int i = 0; i < m; i++)
                scratch.Slice(i * QuantizedWeights.GroupRows, count).CopyTo(y[(i * ldy + o)..]);
        }
    }
}
