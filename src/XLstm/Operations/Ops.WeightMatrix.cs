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
    public static Tensor Linear(Pass pass, Tensor x, WeightMatrix weight, Parameter? bias = null) => Linear(pass, x, weight, bias, 0, weight.Outputs);

    /// <summary>As <see cref="Linear(Pass, Tensor, WeightMatrix, Parameter?)"/>, with rows <paramref name="from"/> to from + count of W and b only.</summary>
    /// <exception cref="ArgumentException">A panel format would have to be cut within a group of 16 rows.</exception>
    public static Tensor Linear(Pass pass, Tensor x, WeightMatrix weight, Parameter? bias, int from, int count)
    {
        CheckNotRecording(pass, weight);
        weight.CheckRows(from, count);
        if (x.Shape.Last != weight.Inputs)
            throw new ArgumentException($"x is {x.Shape}; {weight} expects {weight.Inputs} as the last dimension.", nameof(x));
        Tensor y = pass.Rent(x.Shape.WithLast(count));
        int rows = x.Shape.Rows;
        if (weight.IsPacked)
            MultiplyPacked(pass, rows, x, weight, from, y);
        else if (QuantizedWeights.IsQuantized(weight.Format))
            MultiplyPanels(pass, rows, x, weight, from, y);
        else
            MultiplyRows(pass, rows, x, weight, from, y);
        // A span does not hold a mapping.
        GC.KeepAlive(weight);
        if (bias is not null)
            Elementwise.AddBias(rows, count, bias.Span.Slice(from, count), y.Span);
        return y;
    }

    /// <summary>Rows of a table: tokens [B * T] row by row, table [V, D]; returns [B, T, D].</summary>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the table.</exception>
    /// <exception cref="InvalidOperationException">The pass records: such a table has no gradient.</exception>
    public static Tensor Embed(Pass pass, int[] tokens, int batch, WeightMatrix table)
    {
        CheckNotRecording(pass, table);
        if (batch < 1 || tokens.Length % batch != 0)
            throw new ArgumentException($"{tokens.Length} tokens do not make {batch} rows of equal length.", nameof(tokens));
        Tensor y = pass.Rent(new Shape(batch, tokens.Length / batch, table.Inputs));
        for (int i = 0; i < tokens.Length; i++)
        {
            if ((uint)tokens[i] >= (uint)table.Outputs)
                throw new ArgumentOutOfRangeException(nameof(tokens), tokens[i], $"Token {tokens[i]} at position {i} is outside the vocabulary of {table.Outputs}.");
            table.ReadRow(tokens[i], y.Span.Slice(i * table.Inputs, table.Inputs));
        }
        return y;
    }

    private static void CheckNotRecording(Pass pass, WeightMatrix weight)
    {
        if (pass.Options.Record)
            throw new InvalidOperationException($"{weight} is for inference only: no gradient passes through it. To train, load the model with its weights as parameters.");
    }

    // Few rows are shared out by columns, so that each weight is read by one thread; many by rows.
    private static void MultiplyPacked(Pass pass, int m, Tensor x, WeightMatrix weight, int from, Tensor y)
    {
        int n = y.Shape.Last, k = weight.Inputs, blocks = (m + RowBlock - 1) / RowBlock;
        if (from % MatrixProduct.PackedColumns != 0 || (n % MatrixProduct.PackedColumns != 0 && from + n < weight.Outputs))
        {
            // Between two panels nothing can be cut: of odd widths all is computed.
            Tensor all = pass.Rent(x.Shape.WithLast(weight.Outputs));
            MultiplyPacked(pass, m, x, weight, 0, all);
            for (int i = 0; i < m; i++)
                all.Span.Slice(i * weight.Outputs + from, n).CopyTo(y.Span[(i * n)..]);
            pass.Return(all);
            return;
        }
        int columns = blocks > 1 ? n : ColumnsOf(k);
        pass.Workers.Run(blocks * ((n + columns - 1) / columns), new PackedWork(m, columns, blocks, x, weight, from, y), (long)n * k * ((m + 3) / 4));
    }

    private readonly struct PackedWork(int m, int columns, int blocks, Tensor x, WeightMatrix weight, int first, Tensor y) : IWork
    {
        public int ScratchLength => MatrixProduct.PackedScratchLength(Math.Min(m, RowBlock), weight.Inputs);

        public void Run(int index, Span<float> scratch)
        {
            int row = index % blocks * RowBlock, column = index / blocks * columns, n = y.Shape.Last, k = weight.Inputs;
            MatrixProduct.MultiplyPackedColumns(
                false, Math.Min(RowBlock, m - row), weight.Outputs, first + column, Math.Min(columns, n - column), k, x.Span[(row * k)..], k,
                MemoryMarshal.Cast<byte, float>(weight.Bytes), y.Span[(row * n + column)..], n, accumulate: false, scratch);
        }
    }

    // A row of x becomes whole numbers once for all of W.
    private static void MultiplyPanels(Pass pass, int m, Tensor x, WeightMatrix weight, int first, Tensor y)
    {
        int outputs = Math.Max(1, MatrixPiece / QuantizedWeights.GroupRows / weight.Inputs) * QuantizedWeights.GroupRows;
        int blocks = (m + RowBlock - 1) / RowBlock, pieces = (y.Shape.Last + outputs - 1) / outputs;
        Tensor rows = pass.Rent(new Shape(m, QuantizedProduct.RowLength(weight.Format, weight.Inputs)));
        pass.Workers.Run(blocks, new QuantizeWork(m, x, weight, rows), x.Length);
        pass.Workers.Run(blocks * pieces, new PanelWork(m, outputs, blocks, rows, weight, first, y), (long)m * y.Shape.Last * weight.Inputs);
        pass.Return(rows);
    }

    private static void MultiplyRows(Pass pass, int m, Tensor x, WeightMatrix weight, int first, Tensor y)
    {
        int outputs = Math.Max(16, (m <= FewRows ? MatrixPiece : 4 * MatrixPiece) / weight.Inputs), pieces = (y.Shape.Last + outputs - 1) / outputs;
        pass.Workers.Run(pieces, new StoredRowsWork(m, outputs, x, weight, first, y), (long)m * y.Shape.Last * weight.Inputs);
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
    private readonly struct PanelWork(int m, int outputs, int blocks, Tensor rows, WeightMatrix weight, int first, Tensor y) : IWork
    {
        public int ScratchLength => QuantizedProduct.ScratchLength(Math.Min(m, RowBlock));

        public void Run(int index, Span<float> scratch)
        {
            int from = index % blocks * RowBlock, row = index / blocks * outputs, length = rows.Shape.Last, width = y.Shape.Last;
            int start = (int)QuantizedWeights.ByteLength(weight.Format, first + row, weight.Inputs);
            QuantizedProduct.Multiply(
                weight.Format, Math.Min(RowBlock, m - from), Math.Min(outputs, width - row), weight.Inputs, rows.Span[(from * length)..],
                weight.Bytes[start..], y.Span[(from * width + row)..], width, scratch);
        }
    }

    private readonly struct StoredRowsWork(int m, int outputs, Tensor x, WeightMatrix weight, int first, Tensor y) : IWork
    {
        public int ScratchLength => StoredProduct.ScratchLength(weight.Format, m, outputs, weight.Inputs);

        public void Run(int index, Span<float> scratch)
        {
            int row = index * outputs, width = y.Shape.Last;
            StoredProduct.Multiply(
                weight.Format, m, Math.Min(outputs, width - row), weight.Inputs, x.Span,
                weight.Bytes[(int)QuantizedWeights.ByteLength(weight.Format, first + row, weight.Inputs)..], y.Span[row..], width, scratch);
        }
    }
}
