using XLstm.Kernels;

namespace XLstm;

public static partial class Ops
{
    /// <summary>
    /// Normalises each of <paramref name="groups"/> equal parts of the last dimension by itself (LayerNorm: one group;
    /// head-wise norm: one group a head; RMSNorm by <paramref name="kind"/>), then multiplies by w or 1 + w and adds b.
    /// </summary>
    public static Tensor Normalize(Pass pass, Tensor x, NormKind kind, int groups, float epsilon, bool onePlusWeight, Parameter? weight, Parameter? bias = null)
    {
        int width = x.Shape.Last, rows = x.Shape.Rows;
        if (width % groups != 0)
            throw new ArgumentException($"x is {x.Shape}; {groups} groups do not divide its last dimension.", nameof(x));
        Tensor y = pass.Rent(x.Shape), statistics = pass.Rent(new Shape(rows, groups * 2));
        pass.Workers.Run(Blocks(rows), new NormalizeWork(kind, groups, epsilon, onePlusWeight, x, weight, bias, y, statistics));
        if (pass.Record)
            pass.Add(new NormalizeNode(kind, groups, onePlusWeight, x, weight, bias, y, statistics));
        else
            pass.Return(statistics);
        return y;
    }

    private readonly struct NormalizeWork(NormKind kind, int groups, float epsilon, bool onePlusWeight, Tensor x, Parameter? weight, Parameter? bias, Tensor y, Tensor statistics) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            (int start, int count, int rows) = RowRange(x, index);
            Normalization.Forward(
                kind, rows, groups, x.Shape.Last / groups, epsilon, onePlusWeight, x.Span.Slice(start, count),
                weight is null ? default : weight.Span, bias is null ? default : bias.Span, y.Span.Slice(start, count),
                statistics.Span.Slice(index * DiagonalRows * groups * 2, rows * groups * 2));
        }
    }

    private sealed class NormalizeNode(NormKind kind, int groups, bool onePlusWeight, Tensor x, Parameter? weight, Parameter? bias, Tensor y, Tensor statistics) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            int blocks = Blocks(x.Shape.Rows), width = x.Shape.Last;
            Tensor partial = pass.Rent(new Shape(2, blocks, width));
            partial.Span.Clear();
            pass.Workers.Run(blocks, new NormalizeBackwardWork(kind, groups, onePlusWeight, x, weight, y, statistics, pass.SumOf(x), partial));
            AddRows(pass, blocks, width, partial.Span[..(blocks * width)], weight);
            AddRows(pass, blocks, width, partial.Span[(blocks * width)..], bias);
            pass.Return(partial);
        }
    }

    private readonly struct NormalizeBackwardWork(NormKind kind, int groups, bool onePlusWeight, Tensor x, Parameter? weight, Tensor y, Tensor statistics, GradientSum dX, Tensor partial) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            (int start, int count, int rows) = RowRange(x, index);
            int width = x.Shape.Last, blocks = partial.Shape[1];
            Normalization.Backward(
                kind, rows, groups, width / groups, onePlusWeight, x.Span.Slice(start, count), weight is null ? default : weight.Span,
                statistics.Span.Slice(index * DiagonalRows * groups * 2, rows * groups * 2), y.Gradient!.Span.Slice(start, count),
                dX.Part(start, count), partial.Span.Slice(index * width, width), partial.Span.Slice((blocks + index) * width, width));
        }
    }
}
