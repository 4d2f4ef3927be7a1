using XLstm.Kernels;

namespace XLstm;

public static partial class Ops
{
    /// <summary>
    /// Normalises each of the equal parts of the last dimension that <paramref name="norm"/> has by itself (LayerNorm and RMSNorm:
    /// one; head-wise norm: one a head), then multiplies by w or 1 + w and adds b.
    /// </summary>
    public static Tensor Normalize(Pass pass, Tensor x, Norm norm)
    {
        NormRows rows = NormOf(pass, x, norm);
        Tensor y = pass.Rent(x.Shape);
        pass.Workers.Run(Blocks(x.Shape.Rows), new NormalizeWork(rows, x, y));
        if (pass.Record)
            pass.Add(new NormalizeNode(rows, x, norm, y));
        else
            pass.Return(rows.Statistics);
        return y;
    }

    private static NormRows NormOf(Pass pass, Tensor x, Norm norm) => x.Shape.Last % norm.Heads == 0
        ? new NormRows(norm, x, pass.Rent(new Shape(x.Shape.Rows, norm.Heads * 2)))
        : throw new ArgumentException($"x is {x.Shape}; {norm.Heads} groups do not divide its last dimension.", nameof(x));

    // The norm of some rows of x, for operations that do more with these rows while they are at hand.
    private readonly struct NormRows(Norm norm, Tensor x, Tensor statistics)
    {
        public Tensor Statistics => statistics;

        /// <summary>Sums of a block of rows for the gradients of w and b.</summary>
        public int SumsLength => (norm.Weight?.Length ?? 0) + (norm.Bias?.Length ?? 0);

        public void Forward(int from, int rows, Span<float> y)
        {
            int width = x.Shape.Last;
            Normalization.Forward(
                norm.Kind, rows, norm.Heads, width / norm.Heads, norm.Epsilon, norm.OnePlusWeight, x.Span.Slice(from * width, rows * width),
                Values(norm.Weight), Values(norm.Bias), y, Of(from, rows));
        }

        public void Again(int from, int rows, Span<float> y)
        {
            int width = x.Shape.Last;
            Normalization.Again(
                rows, norm.Heads, width / norm.Heads, norm.OnePlusWeight, x.Span.Slice(from * width, rows * width),
                Values(norm.Weight), Values(norm.Bias), Of(from, rows), y);
        }

        public void Backward(int from, int rows, ReadOnlySpan<float> dy, GradientSum dX, Span<float> sums)
        {
            int width = x.Shape.Last;
            Normalization.Backward(
                norm.Kind, rows, norm.Heads, width / norm.Heads, norm.OnePlusWeight, x.Span.Slice(from * width, rows * width), Values(norm.Weight),
                Of(from, rows), dy, dX.Part(from * width, rows * width), norm.Weight is null ? default : sums[..width], norm.Bias is null ? default : sums[^width..]);
        }

        private Span<float> Of(int from, int rows) => statistics.Span.Slice(from * norm.Heads * 2, rows * norm.Heads * 2);

        private static Span<float> Values(Parameter? parameter) => parameter is null ? default : parameter.Span;
    }

    private readonly struct NormalizeWork(NormRows norm, Tensor x, Tensor y) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            (int from, int rows) = RowRange(x, index);
            norm.Forward(from, rows, y.Span[(from * y.Shape.Last)..]);
        }
    }

    private sealed class NormalizeNode(NormRows rows, Tensor x, Norm norm, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            int blocks = Blocks(x.Shape.Rows);
            Tensor partial = pass.Rent(new Shape(blocks, rows.SumsLength));
            pass.Workers.Run(blocks, new NormalizeBackwardWork(rows, y, pass.SumOf(x), partial));
            AddParts(pass, partial, norm.Weight, norm.Bias);
        }
    }

    private readonly struct NormalizeBackwardWork(NormRows norm, Tensor y, GradientSum dX, Tensor partial) : IWork
    {
        public int ScratchLength => norm.SumsLength;

        public void Run(int index, Span<float> scratch)
        {
            (int from, int rows) = RowRange(y, index);
            // In memory of one thread: sums of two blocks may lie in one cache line.
            scratch.Clear();
            norm.Backward(from, rows, y.Gradient!.Span[(from * y.Shape.Last)..], dX, scratch);
            scratch.CopyTo(partial.Span[(index * scratch.Length)..]);
        }
    }
}
