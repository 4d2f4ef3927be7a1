using XLstm.Kernels;

namespace XLstm;

public static partial class Ops
{
    /// <summary>y_h = x_h W_h^T + b, head by head: x [..., N I], W [N, O, I], b [N O] or null; y [..., N O].</summary>
    public static Tensor BlockDiagonalLinear(Pass pass, Tensor x, Parameter weight, Parameter? bias = null)
    {
        int heads = weight.Shape[0], outputs = weight.Shape[1], inputs = weight.Shape[2];
        if (x.Shape.Last != heads * inputs)
            throw new ArgumentException($"x is {x.Shape}; {weight.Name} {weight.Shape} expects {heads * inputs} as the last dimension.", nameof(x));
        Tensor y = pass.Rent(x.Shape.WithLast(heads * outputs));
        int rows = x.Shape.Rows;
        pass.Workers.Run(Blocks(rows), new BlockDiagonalWork(rows, heads, outputs, inputs, x, weight, bias, y));
        if (pass.Record)
            pass.Add(new BlockDiagonalNode(x, weight, bias, y));
        return y;
    }

    private const int DiagonalRows = 128;

    private static int Blocks(int rows) => (rows + DiagonalRows - 1) / DiagonalRows;

    private readonly struct BlockDiagonalWork(int rows, int heads, int outputs, int inputs, Tensor x, Parameter weight, Parameter? bias, Tensor y) : IWork
    {
        public int ScratchLength => BlockDiagonal.ScratchLength(Math.Min(rows, DiagonalRows), heads, outputs, inputs);

        public void Run(int index, Span<float> scratch)
        {
            int from = index * DiagonalRows, xStride = x.Shape.Last, yStride = y.Shape.Last;
            BlockDiagonal.Forward(
                Math.Min(DiagonalRows, rows - from), heads, outputs, inputs, x.Span[(from * xStride)..], xStride,
                weight.Span, bias is null ? default : bias.Span, y.Span[(from * yStride)..], yStride, scratch);
        }
    }

    private sealed class BlockDiagonalNode(Tensor x, Parameter weight, Parameter? bias, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            int heads = weight.Shape[0], outputs = weight.Shape[1], inputs = weight.Shape[2], rows = x.Shape.Rows;
            // Each block of rows sums its own gradient of the weight; the blocks are then added in order.
            int blocks = Blocks(rows);
            Tensor partial = pass.Rent(new Shape(blocks, weight.Length + heads * outputs));
            partial.Span.Clear();
            pass.Workers.Run(blocks, new BlockDiagonalBackwardWork(rows, heads, outputs, inputs, x, weight, bias is { RequiresGradient: true }, y, pass.SumOf(x), partial));
            AddParts(pass, partial, weight, bias);
        }
    }

    // partial holds, for each piece of a backward pass, what it adds to the gradients of some parameters, one after the other.
    private static void AddParts(Pass pass, Tensor partial, params ReadOnlySpan<Parameter?> parameters)
    {
        int width = partial.Shape.Last, start = 0;
        foreach (Parameter? parameter in parameters)
        {
            if (parameter is null)
                continue;
            if (parameter.RequiresGradient)
            {
                Span<float> sum = pass.GradientOf(parameter);
                for (int i = 0; i < partial.Shape[0]; i++)
                    Elementwise.AddTo(partial.Span.Slice(i * width + start, parameter.Length), sum);
            }
            start += parameter.Length;
        }
        pass.Return(partial);
    }

    private readonly struct BlockDiagonalBackwardWork(int rows, int heads, int outputs, int inputs, Tensor x, Parameter weight, bool withBias, Tensor y, GradientSum dX, Tensor partial) : IWork
    {
        public int ScratchLength => BlockDiagonal.ScratchLength(Math.Min(rows, DiagonalRows), heads, outputs, inputs);

        public void Run(int index, Span<float> scratch)
        {
            int from = index * DiagonalRows, count = Math.Min(DiagonalRows, rows - from), xStride = x.Shape.Last, yStride = y.Shape.Last;
            Span<float> part = partial.Span.Slice(index * partial.Shape.Last, partial.Shape.Last);
            BlockDiagonal.Backward(
                count, heads, outputs, inputs, x.Span[(from * xStride)..], xStride, weight.Span,
                y.Gradient!.Span[(from * yStride)..], yStride,
                dX.Part(from * xStride, count * xStride), xStride, part[..weight.Length], withBias ? part[weight.Length..] : default, scratch);
        }
    }
}
