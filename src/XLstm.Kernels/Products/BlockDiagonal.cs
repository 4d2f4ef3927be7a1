using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// A linear map of each head apart: y[r, h O + o] = sum_i w[h, o, i] x[r, h I + i] + bias[h O + o], with w [H, O, I].
/// Square blocks of 4 (the q, k, v projections), and of 8 from 8 lanes on, run with lanes along the features: there rows
/// may be split over calls in any way without changing a bit. All others are one matrix product per head, and may be
/// split as <see cref="MatrixProduct"/> says.
/// </summary>
public static class BlockDiagonal
{
    /// <summary>Floats of scratch for <see cref="Forward"/> and <see cref="Backward"/>.</summary>
    public static int ScratchLength(int rows, int heads, int outputs, int inputs)
    {
        CheckSizes(rows, heads, outputs, inputs);
        int product = Math.Max(
            MatrixProduct.ScratchLength(rows, outputs, inputs),
            Math.Max(MatrixProduct.ScratchLength(rows, inputs, outputs), MatrixProduct.ScratchLength(outputs, inputs, rows)));
        return outputs == inputs && outputs <= 8 ? Math.Max(product, checked(2 * heads * outputs * inputs)) : product;
    }

    /// <summary>y = x w^T + bias per head; overwrites y.</summary>
    /// <param name="rows">Rows of x and y.</param>
    /// <param name="heads">H, the number of blocks.</param>
    /// <param name="outputs">O, outputs of a block.</param>
    /// <param name="inputs">I, inputs of a block.</param>
    /// <param name="x">[rows, H I], rows <paramref name="xStride"/> apart.</param>
    /// <param name="xStride">Floats from one row of x to the next.</param>
    /// <param name="weight">[H, O, I].</param>
    /// <param name="bias">[H O], or empty for none.</param>
    /// <param name="y">[rows, H O], rows <paramref name="yStride"/> apart; must not overlap x.</param>
    /// <param name="yStride">Floats from one row of y to the next.</param>
    /// <param name="scratch">At least <see cref="ScratchLength"/> floats.</param>
    /// <exception cref="ArgumentOutOfRangeException">A negative size, or a row distance below the row's width.</exception>
    /// <exception cref="ArgumentException">A span too short for its shape.</exception>
    public static void Forward(int rows, int heads, int outputs, int inputs, ReadOnlySpan<float> x, int xStride, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, Span<float> y, int yStride, Span<float> scratch)
    {
        int scratchLength = ScratchLength(rows, heads, outputs, inputs);
        MatrixProduct.CheckMatrix(x.Length, rows, checked(heads * inputs), xStride, nameof(x), nameof(xStride));
        MatrixProduct.CheckMatrix(y.Length, rows, checked(heads * outputs), yStride, nameof(y), nameof(yStride));
        Check.Length(weight, checked(heads * outputs * inputs));
        Check.LengthOrEmpty(bias, heads * outputs);
        Check.Length(scratch, scratchLength);
        switch (Simd.Width)
        {
            case 16: Forward<Lanes16>(rows, heads, outputs, inputs, x, xStride, weight, bias, y, yStride, scratch); break;
            case 8: Forward<Lanes8>(rows, heads, outputs, inputs, x, xStride, weight, bias, y, yStride, scratch); break;
            default: Forward<Lanes4>(rows, heads, outputs, inputs, x, xStride, weight, bias, y, yStride, scratch); break;
        }
    }

    /// <summary>
    /// dx[r, h I + i] += sum_o w[h, o, i] dy[r, h O + o]; dWeight[h, o, i] += sum_r dy[r, h O + o] x[r, h I + i];
    /// dBias[h O + o] += sum_r dy[r, h O + o].
    /// </summary>
    /// <param name="rows">Rows of x and dy.</param>
    /// <param name="heads">H, the number of blocks.</param>
    /// <param name="outputs">O, outputs of a block.</param>
    /// <param name="inputs">I, inputs of a block.</param>
    /// <param name="x">[rows, H I] as in <see cref="Forward"/>; not read without <paramref name="dWeight"/>.</param>
    /// <param name="xStride">Floats from one row of x to the next.</param>
    /// <param name="weight">[H, O, I]; not read without <paramref name="dx"/>.</param>
    /// <param name="dy">[rows, H O].</param>
    /// <param name="dyStride">Floats from one row of dy to the next.</param>
    /// <param name="dx">[rows, H I], added to, or empty; must not overlap dy.</param>
    /// <param name="dxStride">Floats from one row of dx to the next.</param>
    /// <param name="dWeight">[H, O, I], added to, or empty.</param>
    /// <param name="dBias">[H O], added to, or empty.</param>
    /// <param name="scratch">At least <see cref="ScratchLength"/> floats.</param>
    /// <exception cref="ArgumentOutOfRangeException">A negative size, or a row distance below the row's width.</exception>
    /// <exception cref="ArgumentException">A span too short for its shape.</exception>
    public static void Backward(int rows, int heads, int outputs, int inputs, ReadOnlySpan<float> x, int xStride, ReadOnlySpan<float> weight, ReadOnlySpan<float> dy, int dyStride, Span<float> dx, int dxStride, Span<float> dWeight, Span<float> dBias, Span<float> scratch)
    {
        int scratchLength = ScratchLength(rows, heads, outputs, inputs), weights = checked(heads * outputs * inputs);
        MatrixProduct.CheckMatrix(dy.Length, rows, heads * outputs, dyStride, nameof(dy), nameof(dyStride));
        if (!dx.IsEmpty)
        {
            MatrixProduct.CheckMatrix(dx.Length, rows, heads * inputs, dxStride, nameof(dx), nameof(dxStride));
            Check.Length(weight, weights);
        }

        if (!dWeight.IsEmpty)
        {
            Check.Length(dWeight, weights);
            MatrixProduct.CheckMatrix(x.Length, rows, heads * inputs, xStride, nameof(x), nameof(xStride));
        }

        Check.LengthOrEmpty(dBias, heads * outputs);
        Check.Length(scratch, scratchLength);
        switch (Simd.Width)
        {
            case 16: Backward<Lanes16>(rows, heads, outputs, inputs, x, xStride, weight, dy, dyStride, dx, dxStride, dWeight, dBias, scratch); break;
            case 8: Backward<Lanes8>(rows, heads, outputs, inputs, x, xStride, weight, dy, dyStride, dx, dxStride, dWeight, dBias, scratch); break;
            default: Backward<Lanes4>(rows, heads, outputs, inputs, x, xStride, weight, dy, dyStride, dx, dxStride, dWeight, dBias, scratch); break;
        }
    }

    internal static void Forward<L>(int rows, int heads, int outputs, int inputs, ReadOnlySpan<float> x, int xStride, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, Span<float> y, int yStride, Span<float> scratch) where L : struct, ILanes<L>
    {
        if (rows == 0 || heads == 0 || outputs == 0)
            return;
        if (TinyBlocks.Fits<L>(outputs, inputs))
        {
            ref float weights = ref MemoryMarshal.GetReference(scratch);
            TinyBlocks.ByInput(heads, inputs, ref MemoryMarshal.GetReference(weight), ref weights);
            ref float start = ref bias.IsEmpty ? ref Unsafe.NullRef<float>() : ref MemoryMarshal.GetReference(bias);
            TinyBlocks.Multiply<L>(rows, heads * inputs, inputs, ref MemoryMarshal.GetReference(x), xStride, ref weights, ref start, ref MemoryMarshal.GetReference(y), yStride, false);
            return;
        }

        bool addToBias = !bias.IsEmpty;
        for (int r = 0; r < rows && addToBias; r++)
            bias[..(heads * outputs)].CopyTo(y[(r * yStride)..]);
        int block = outputs * inputs;
        for (int h = 0; h < heads; h++)
            MatrixProduct.Multiply<L>(false, true, rows, outputs, inputs, x[(h * inputs)..], xStride, weight.Slice(h * block, block), inputs, y[(h * outputs)..], yStride, addToBias, scratch);
    }

    internal static void Backward<L>(int rows, int heads, int outputs, int inputs, ReadOnlySpan<float> x, int xStride, ReadOnlySpan<float> weight, ReadOnlySpan<float> dy, int dyStride, Span<float> dx, int dxStride, Span<float> dWeight, Span<float> dBias, Span<float> scratch) where L : struct, ILanes<L>
    {
        if (rows == 0 || heads == 0 || outputs == 0)
            return;
        for (int r = 0; r < rows && !dBias.IsEmpty; r++)
            Rows.Add<L>(dy.Slice(r * dyStride, heads * outputs), dBias);
        if (inputs == 0)
            return;
        if (TinyBlocks.Fits<L>(outputs, inputs))
        {
            TinyBackward<L>(rows, heads, inputs, x, xStride, weight, dy, dyStride, dx, dxStride, dWeight, scratch);
            return;
        }

        int block = outputs * inputs;
        for (int h = 0; h < heads; h++)
        {
            ReadOnlySpan<float> dyHead = dy[(h * outputs)..];
            if (!dx.IsEmpty)
                MatrixProduct.Multiply<L>(false, false, rows, inputs, outputs, dyHead, dyStride, weight.Slice(h * block, block), inputs, dx[(h * inputs)..], dxStride, true, scratch);
            if (!dWeight.IsEmpty)
                MatrixProduct.Multiply<L>(true, false, outputs, inputs, rows, dyHead, dyStride, x[(h * inputs)..], xStride, dWeight.Slice(h * block, block), inputs, true, scratch);
        }
    }

    private static void TinyBackward<L>(int rows, int heads, int block, ReadOnlySpan<float> x, int xStride, ReadOnlySpan<float> weight, ReadOnlySpan<float> dy, int dyStride, Span<float> dx, int dxStride, Span<float> dWeight, Span<float> scratch) where L : struct, ILanes<L>
    {
        int features = heads * block, length = features * block;
        ref float first = ref MemoryMarshal.GetReference(scratch);
        if (!dx.IsEmpty)
        {
            TinyBlocks.ByOutput(heads, block, ref MemoryMarshal.GetReference(weight), ref first);
            TinyBlocks.Multiply<L>(rows, features, block, ref MemoryMarshal.GetReference(dy), dyStride, ref first, ref Unsafe.NullRef<float>(), ref MemoryMarshal.GetReference(dx), dxStride, true);
        }

        if (!dWeight.IsEmpty)
        {
            scratch[..length].Clear();
            TinyBlocks.Gradient<L>(rows, features, block, ref MemoryMarshal.GetReference(x), xStride, ref MemoryMarshal.GetReference(dy), dyStride, ref first);
            Panels.Transpose(ref first, features, block, features, ref Unsafe.Add(ref first, length), block);
            Rows.Add<L>(scratch.Slice(length, length), dWeight);
        }
    }

    private static void CheckSizes(int rows, int heads, int outputs, int inputs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(heads);
        ArgumentOutOfRangeException.ThrowIfNegative(outputs);
        ArgumentOutOfRangeException.ThrowIfNegative(inputs);
    }
}
