using XLstm.Kernels;

namespace XLstm;

/// <summary>
/// The operations that layers are made of: each runs a kernel over its pieces and, where the pass records, leaves a node
/// with its hand-derived backward. Operations are the only callers of kernels.
/// </summary>
public static partial class Ops
{
    // Rows of a product that one thread takes at a time: a function of the shape only.
    private const int RowBlock = 64;

    // A product of one block of rows is shared out by columns, so many weights at a time, in whole panels of the kernel.
    private const int ColumnsPiece = 32768;

    // The gradient of a weight with at most this many outputs is shared out by blocks of its inputs instead.
    private const int FewOutputs = 32;
    private const int ColumnBlock = 64;

    /// <summary>y = x W^T + b over the last dimension: x [..., I], W [O, I], b [O] or null; y [..., O].</summary>
    public static Tensor Linear(Pass pass, Tensor x, Parameter weight, Parameter? bias = null) =>
        Linear(pass, x, weight, bias, 0, weight.Shape[0]);

    /// <summary>As <see cref="Linear(Pass, Tensor, Parameter, Parameter?)"/>, with rows <paramref name="from"/> to from + count of W and b only.</summary>
    public static Tensor Linear(Pass pass, Tensor x, Parameter weight, Parameter? bias, int from, int count)
    {
        int inputs = weight.Shape.Last;
        if (x.Shape.Last != inputs)
            throw new ArgumentException($"x is {x.Shape}; {weight.Name} {weight.Shape} expects {inputs} as the last dimension.", nameof(x));
        Tensor y = pass.Rent(x.Shape.WithLast(count));
        int rows = x.Shape.Rows;
        MultiplyTransposed(pass, rows, count, inputs, x, weight, from * inputs, y, accumulate: false);
        if (bias is not null)
            Elementwise.AddBias(rows, count, bias.Span.Slice(from, count), y.Span);
        if (pass.Record)
            pass.Add(new LinearNode(x, weight, bias, from, y));
        return y;
    }

    private sealed class LinearNode(Tensor x, Parameter weight, Parameter? bias, int from, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            int outputs = y.Shape.Last, inputs = x.Shape.Last, rows = x.Shape.Rows;
            Tensor dY = y.Gradient!;
            AddRows(pass, rows, outputs, dY.Span, bias, from);
            if (!pass.GradientOf(weight).IsEmpty)
                MultiplyByRows(pass, outputs, inputs, rows, dY, x, weight.Gradient!, from * inputs);
            if (pass.SumOf(x) is { Wanted: true } dX)
                Multiply(pass, rows, inputs, outputs, dY, weight, from * inputs, dX);
        }
    }

    // The gradient of a bias or factor that all rows share, from element offset of it.
    private static void AddRows(Pass pass, int rows, int width, ReadOnlySpan<float> gradients, Parameter? parameter, int offset = 0)
    {
        if (parameter is { RequiresGradient: true })
            Elementwise.SumRows(rows, width, gradients, pass.GradientOf(parameter).Slice(offset, width));
    }

    // c[m, n] (+)= a[m, k] b^T with b [n, k] from bOffset
    private static void MultiplyTransposed(Pass pass, int m, int n, int k, Tensor a, Tensor b, int bOffset, Tensor c, bool accumulate, int ldb = 0)
    {
        ldb = ldb == 0 ? k : ldb;
        if (m <= RowBlock)
        {
            // Each weight is read once: nobody else uses what a thread packs.
            int columns = ColumnsOf(k);
            pass.Workers.Run((n + columns - 1) / columns, new ColumnsWork(m, n, k, columns, a, b, bOffset, ldb, c, accumulate), (long)n * k * ((m + 3) / 4));
            return;
        }
        Tensor packed = Packed(pass, true, k, n, b, bOffset, ldb);
        pass.Workers.Run((m + RowBlock - 1) / RowBlock, new RowBlockWork(false, m, n, k, a, k, packed, c, 0, n, accumulate));
        pass.Return(packed);
    }

    private static int ColumnsOf(int k) =>
        Math.Max(MatrixProduct.PackedColumns, ColumnsPiece / Math.Max(1, k) / MatrixProduct.PackedColumns * MatrixProduct.PackedColumns);

    // c[m, n] += a[m, k] b[k, n]
    private static void Multiply(Pass pass, int m, int n, int k, Tensor a, Tensor b, int bOffset, GradientSum c, int ldb = 0)
    {
        Tensor packed = Packed(pass, false, k, n, b, bOffset, ldb == 0 ? n : ldb);
        pass.Workers.Run((m + RowBlock - 1) / RowBlock, new RowBlockWork(false, m, n, k, a, k, packed, c.Tensor, 0, n, c.Holds));
        pass.Return(packed);
    }

    // c[m, n] += a^T b with a [k, m], b [k, n]: the gradient of a weight
    private static void MultiplyByRows(Pass pass, int m, int n, int k, Tensor a, Tensor b, Tensor c, int cOffset, int ldc = 0)
    {
        ldc = ldc == 0 ? n : ldc;
        if (m <= FewOutputs)
        {
            pass.Workers.Run((n + ColumnBlock - 1) / ColumnBlock, new ColumnBlockWork(m, n, k, a, b, c, cOffset, ldc));
            return;
        }
        Tensor packed = Packed(pass, false, k, n, b, 0, n);
        pass.Workers.Run((m + RowBlock - 1) / RowBlock, new RowBlockWork(true, m, n, k, a, m, packed, c, cOffset, ldc, true));
        pass.Return(packed);
    }

    private static Tensor Packed(Pass pass, bool transposeB, int k, int n, Tensor b, int bOffset, int ldb)
    {
        Tensor packed = pass.Rent(new Shape(MatrixProduct.PackedLength(k, n)));
        pass.Workers.Run(MatrixProduct.PackPieces(k), new PackWork(transposeB, k, n, b, bOffset, ldb, packed));
        return packed;
    }

    private readonly struct PackWork(bool transposeB, int k, int n, Tensor b, int bOffset, int ldb, Tensor packed) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch) => MatrixProduct.PackPiece(index, transposeB, k, n, b.Span[bOffset..], ldb, packed.Span);
    }

    // c += a^T b by blocks of columns, where there are too few rows to share out.
    private readonly struct ColumnBlockWork(int m, int n, int k, Tensor a, Tensor b, Tensor c, int cOffset, int ldc) : IWork
    {
        public int ScratchLength => MatrixProduct.ScratchLength(m, Math.Min(n, ColumnBlock), k);

        public void Run(int index, Span<float> scratch)
        {
            int from = index * ColumnBlock;
            MatrixProduct.Multiply(
                true, false, m, Math.Min(ColumnBlock, n - from), k, a.Span, m, b.Span[from..], n, c.Span[(cOffset + from)..], ldc, accumulate: true, scratch);
        }
    }

    private readonly struct RowBlockWork(bool transposeA, int m, int n, int k, Tensor a, int lda, Tensor packed, Tensor c, int cOffset, int ldc, bool accumulate) : IWork
    {
        public int ScratchLength => MatrixProduct.PackedScratchLength(Math.Min(m, RowBlock), k);

        public void Run(int index, Span<float> scratch)
        {
            int from = index * RowBlock, rows = Math.Min(RowBlock, m - from);
            MatrixProduct.MultiplyPacked(
                transposeA, rows, n, k, transposeA ? a.Span[from..] : a.Span[(from * lda)..], lda,
                packed.Span, c.Span[(cOffset + from * ldc)..], ldc, accumulate, scratch);
        }
    }

    private readonly struct ColumnsWork(int m, int n, int k, int columns, Tensor a, Tensor b, int bOffset, int ldb, Tensor c, bool accumulate) : IWork
    {
        public int ScratchLength => MatrixProduct.ScratchLength(m, Math.Min(n, columns), k);

        public void Run(int index, Span<float> scratch)
        {
            int from = index * columns;
            MatrixProduct.Multiply(
                false, true, m, Math.Min(columns, n - from), k, a.Span, k, b.Span[(bOffset + from * ldb)..], ldb,
                c.Span[from..], n, accumulate, scratch);
        }
    }
}
