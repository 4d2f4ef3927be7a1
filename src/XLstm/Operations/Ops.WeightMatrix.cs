using System.Runtime.InteropServices;
using XLstm.Kernels;

namespace XLstm;

public static partial class Ops
{
    // Weights that one thread takes at a time: some microseconds of reading them.
    private const int MatrixPiece = 1 << 17;

    /// <summary>y = x W^T + b over the last dimension: x [..., I], W [O, I], b [O] or null; y [..., O].</summary>
    /// <remarks>
    /// Panel formats give a row of x the same bits whatever rows it is computed with, and on every machine
    /// (<see cref="QuantizedProduct"/>).
    /// </remarks>
    /// <exception cref="InvalidOperationException">The pass records: such a weight has no gradient.</exception>
    public static Tensor Linear(Pass pass, Tensor x, WeightMatrix weight, Parameter? bias = null)
    {
        if (pass.Options.Record)
            throw new InvalidOperationException($"{weight} is for inference only: no gradient passes through it. Load the model for training, with all weights as F32 parameters.");
        if (x.Shape.Last != weight.Inputs)
            throw new ArgumentException($"x is {x.Shape}; {weight} expects {weight.Inputs} as the last dimension.", nameof(x));
        Tensor y = pass.Rent(x.Shape.WithLast(weight.Outputs));
        int rows = x.Shape.Rows;
        if (QuantizedWeights.IsQuantized(weight.Format))
            MultiplyPanels(pass, rows, x, weight, y);
        else
            MultiplyRows(pass, rows, x, weight, y);
        if (bias is not null)
            Elementwise.AddBias(rows, weight.Outputs, bias.Span, y.Span);
        return y;
    }

    private static void MultiplyPanels(Pass pass, int m, Tensor x, WeightMatrix weight, Tensor y)
    {
        int outputs = Math.Max(1, MatrixPiece / (QuantizedWeights.GroupRows * weight.Inputs)) * QuantizedWeights.GroupRows;
        int blocks = (m + RowBlock - 1) / RowBlock, pieces = (weight.Outputs + outputs - 1) / outputs;
        Tensor rows = pass.Rent(new Shape(m, QuantizedProduct.RowLength(weight.Format, weight.Inputs)));
        pass.Workers.Run(blocks, new QuantizeWork(m, x, weight, rows), x.Length);
        pass.Workers.Run(blocks * pieces, new PanelWork(m, outputs, blocks, rows, weight, y), (long)m * weight.Outputs * weight.Inputs);
        pass.Return(rows);
    }

    private static void MultiplyRows(Pass pass, int m, Tensor x, WeightMatrix weight, Tensor y)
    {
        int outputs = Math.Max(16, (m <= FewRows ? FewRowsPiece : 4 * MatrixPiece) / weight.Inputs);
        pass.Workers.Run((weight.Outputs + outputs - 1) / outputs, new StoredRowsWork(m, outputs, x, weight, y), (long)m * weight.Outputs * weight.Inputs);
    }

    private readonly struct QuantizeWork(int m, Tensor x, WeightMatrix weight, Tensor rows) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            int from = index * RowBlock, count = Math.Min(RowBlock, m - from);
            QuantizedProduct.Quantize(weight.Format, count, weight.Inputs, x.Span[(from * weight.Inputs)..], rows.Span[(from * rows.Shape.Last)..]);
        }
    }

    // Some rows of W for a block of rows of x; the blocks of x follow each other, so that these rows of W are still at hand.
    private readonly struct PanelWork(int m, int outputs, int blocks, Tensor rows, WeightMatrix weight, Tensor y) : IWork
    {
        public int ScratchLength => QuantizedProduct.ScratchLength(Math.Min(m, RowBlock));

        public void Run(int index, Span<float> scratch)
        {
            int from = index % blocks * RowBlock, row = index / blocks * outputs, length = rows.Shape.Last;
            int start = (int)QuantizedWeights.ByteLength(weight.Format, row, weight.Inputs);
            QuantizedProduct.Multiply(
                weight.Format, Math.Min(RowBlock, m - from), Math.Min(outputs, weight.Outputs - row), weight.Inputs, rows.Span[(from * length)..],
                weight.Bytes[start..], y.Span[(from * weight.Outputs + row)..], weight.Outputs, scratch);
        }
    }

    private readonly struct StoredRowsWork(int m, int outputs, Tensor x, WeightMatrix weight, Tensor y) : IWork
    {
        public int ScratchLength => MatrixProduct.ScratchLength(m, outputs, weight.Inputs);

        public void Run(int index, Span<float> scratch)
        {
            int row = index * outputs, inputs = weight.Inputs;
            ReadOnlySpan<float> w = MemoryMarshal.Cast<byte, float>(weight.Bytes);
            MatrixProduct.Multiply(
                false, true, m, Math.Min(outputs, weight.Outputs - row), inputs, x.Span, inputs, w[(row * inputs)..], inputs,
                y.Span[row..], weight.Outputs, accumulate: false, scratch);
        }
    }
}
