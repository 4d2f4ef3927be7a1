using XLstm.Kernels;

namespace XLstm;

public static partial class Ops
{
    /// <summary>y_h = x_h W_h^T + b, head by head: x [..., N I], W [N, O, I], b [N O] or null; y [..., N O].</summary>
    public static Tensor BlockDiagonalLinear(Pass pass, Tensor x, Parameter weight, Parameter? bias = null)
    {
        Tensor y = pass.Rent(x.Shape.WithLast(weight.Shape[0] * weight.Shape[1]));
        BlockDiagonal(pass, x, weight, bias, y, 0);
        if (pass.Record)
            pass.Add(new BlockDiagonalNode(x, weight, bias, y));
        return y;
    }

    /// <summary>
    /// Gate pre-activations of an sLSTM from four block-diagonal projections: [B, T, 4 H], gates i, f, z, o. The input and
    /// forget gates see the convolved input, z and o the plain one.
    /// </summary>
    public static Tensor SLstmGates(Pass pass, Tensor convolved, Tensor x, Parameter input, Parameter forget, Parameter cell, Parameter output)
    {
        int H = x.Shape.Last;
        Tensor gates = pass.Rent(x.Shape.WithLast(4 * H));
        BlockDiagonal(pass, convolved, input, null, gates, 0);
        BlockDiagonal(pass, convolved, forget, null, gates, H);
        BlockDiagonal(pass, x, cell, null, gates, 2 * H);
        BlockDiagonal(pass, x, output, null, gates, 3 * H);
        if (pass.Record)
            pass.Add(new SLstmGatesNode(convolved, x, input, forget, cell, output, gates));
        return gates;
    }

    // Writes columns offset.. of y.
    private static void BlockDiagonal(Pass pass, Tensor x, Parameter weight, Parameter? bias, Tensor y, int offset)
    {
        int heads = weight.Shape[0], outputs = weight.Shape[1], inputs = weight.Shape[2];
        if (x.Shape.Last != heads * inputs)
            throw new ArgumentException($"x is {x.Shape}; {weight.Name} {weight.Shape} expects {heads * inputs} as the last dimension.", nameof(x));
        int rows = x.Shape.Rows;
        pass.Workers.Run(Blocks(rows), new BlockDiagonalWork(rows, heads, outputs, inputs, x, weight, bias, y, offset));
    }

    private const int DiagonalRows = 128;

    private static int Blocks(int rows) => (rows + DiagonalRows - 1) / DiagonalRows;

    private readonly struct BlockDiagonalWork(int rows, int heads, int outputs, int inputs, Tensor x, Parameter weight, Parameter? bias, Tensor y, int offset) : IWork
    {
        public int ScratchLength => Kernels.BlockDiagonal.ScratchLength(Math.Min(rows, DiagonalRows), heads, outputs, inputs);

        public void Run(int index, Span<float> scratch)
        {
            int from = index * DiagonalRows, xStride = x.Shape.Last, yStride = y.Shape.Last;
            Kernels.BlockDiagonal.Forward(
                Math.Min(DiagonalRows, rows - from), heads, outputs, inputs, x.Span[(from * xStride)..], xStride,
                weight.Span, bias is null ? default : bias.Span, y.Span[(from * yStride + offset)..], yStride, scratch);
        }
    }

    private sealed class BlockDiagonalNode(Tensor x, Parameter weight, Parameter? bias, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass) => BlockDiagonalBackward(pass, x, weight, bias, y, 0);
    }

    // One node for all four: a node gives back the gradient of its output when it is done.
    private sealed class SLstmGatesNode(Tensor convolved, Tensor x, Parameter input, Parameter forget, Parameter cell, Parameter output, Tensor gates) : Node(gates)
    {
        public override void Backward(Pass pass)
        {
            int H = x.Shape.Last;
            BlockDiagonalBackward(pass, convolved, input, null, gates, 0);
            BlockDiagonalBackward(pass, convolved, forget, null, gates, H);
            BlockDiagonalBackward(pass, x, cell, null, gates, 2 * H);
            BlockDiagonalBackward(pass, x, output, null, gates, 3 * H);
        }
    }

    private static void BlockDiagonalBackward(Pass pass, Tensor x, Parameter weight, Parameter? bias, Tensor y, int offset)
    {
        int heads = weight.Shape[0], outputs = weight.Shape[1], inputs = weight.Shape[2], rows = x.Shape.Rows;
        // Each block of rows sums its own gradient of the weight; the blocks are then added in order.
        int blocks = Blocks(rows);
        Tensor partial = pass.Rent(new Shape(blocks, weight.Length + heads * outputs));
        partial.Span.Clear();
        pass.Workers.Run(blocks, new BlockDiagonalBackwardWork(rows, heads, outputs, inputs, x, weight, bias is { RequiresGradient: true }, y, offset, pass.SumOf(x), partial));
        AddParts(pass, partial, weight, bias);
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

    private readonly struct BlockDiagonalBackwardWork(int rows, int heads, int outputs, int inputs, Tensor x, Parameter weight, bool withBias, Tensor y, int offset, GradientSum dX, Tensor partial) : IWork
    {
        public int ScratchLength => Kernels.BlockDiagonal.ScratchLength(Math.Min(rows, DiagonalRows), heads, outputs, inputs);

        public void Run(int index, Span<float> scratch)
        {
            int from = index * DiagonalRows, count = Math.Min(DiagonalRows, rows - from), xStride = x.Shape.Last, yStride = y.Shape.Last;
            Span<float> part = partial.Span.Slice(index * partial.Shape.Last, partial.Shape.Last);
            Kernels.BlockDiagonal.Backward(
                count, heads, outputs, inputs, x.Span[(from * xStride)..], xStride, weight.Span,
                y.Gradient!.Span[(from * yStride + offset)..], yStride,
                dX.Part(from * xStride, count * xStride), xStride, part[..weight.Length], withBias ? part[weight.Length..] : default, scratch);
        }
    }
}
