using XLstm.Kernels;

namespace XLstm;

public static partial class Ops
{
    /// <summary>
    /// Causal convolution over time, depthwise (weight [F, 1, k]) or channel-mixing ([F, F, k]): x [B, T, F], state [B, k-1, F]
    /// or null for zeros. Returns y and the state for the next segment: the last k-1 inputs of each row.
    /// </summary>
    public static (Tensor Y, Tensor State) CausalConvolution(Pass pass, Tensor x, Tensor? state, Parameter weight, Parameter? bias, int[]? lengths = null)
    {
        int B = x.Shape[0], F = x.Shape[2], k = weight.Shape[2];
        var stateShape = new Shape(B, k - 1, F);
        if (weight.Shape[0] != F || (weight.Shape[1] != 1 && weight.Shape[1] != F))
            throw new ArgumentException($"x is {x.Shape}; {weight.Name} {weight.Shape} expects {weight.Shape[0]} features.", nameof(x));
        CheckLengths(lengths, B, x.Shape[1]);
        if (state is not null && state.Shape != stateShape)
            throw new ArgumentException($"state is {state.Shape}, expected {stateShape}.", nameof(state));
        Tensor y = pass.Rent(x.Shape);
        Tensor next = pass.UpdatesStates && state is not null ? state : pass.Rent(stateShape);
        int block = Math.Max(DiagonalRows, k - 1), blocks = Math.Max(1, (x.Shape[1] + block - 1) / block);
        pass.Workers.Run(B * blocks, new ConvolutionWork(block, blocks, x, state, weight, bias, lengths, y, next));
        for (int b = 0; b < B; b++)
            if ((lengths is null ? x.Shape[1] : lengths[b]) is int steps && steps > block)
                x.Span.Slice((b * x.Shape[1] + steps - k + 1) * F, (k - 1) * F).CopyTo(next.Span[(b * (k - 1) * F)..]);
        if (pass.Record)
            pass.Add(new ConvolutionNode(x, state, weight, bias, lengths, y, next));
        return (y, next);
    }

    // A block of steps of one row. The next state may be the state's own memory: it is written here only where the row is one block.
    private readonly struct ConvolutionWork(int block, int blocks, Tensor x, Tensor? state, Parameter weight, Parameter? bias, int[]? lengths, Tensor y, Tensor next) : IWork
    {
        public int ScratchLength => weight.Shape[1] == 1
            ? Kernels.CausalConvolution.ScratchLength(weight.Shape[2], weight.Shape[0])
            : Kernels.CausalConvolution.MixingScratchLength(weight.Shape[2], weight.Shape[0]);

        public void Run(int index, Span<float> scratch)
        {
            int b = index / blocks, from = index % blocks * block, T = x.Shape[1], F = x.Shape[2], k = weight.Shape[2], S = (k - 1) * F;
            int length = lengths is null ? T : lengths[b], start = (b * T + from) * F, rows = Math.Min(block, T - from), steps = Math.Clamp(length - from, 0, rows);
            ReadOnlySpan<float> input = x.Span.Slice(start, steps * F), offset = bias is null ? default : bias.Span;
            ReadOnlySpan<float> before = from > 0 ? x.Span.Slice(start - S, S) : state is null ? default : state.Span.Slice(b * S, S);
            Span<float> output = y.Span.Slice(start, rows * F), after = length <= block && from == 0 ? next.Span.Slice(b * S, S) : default;
            if (weight.Shape[1] == 1)
                Kernels.CausalConvolution.Forward(steps, F, k, input, before, weight.Span, offset, output, after, scratch);
            else
                Kernels.CausalConvolution.MixingForward(steps, F, k, input, before, weight.Span, offset, output, after, scratch);
            output[(steps * F)..].Clear();
        }
    }

    private sealed class ConvolutionNode(Tensor x, Tensor? state, Parameter weight, Parameter? bias, int[]? lengths, Tensor y, Tensor next) : Node(y, next)
    {
        public override void Backward(Pass pass)
        {
            pass.GradientOf(y);
            int B = x.Shape[0], F = x.Shape[2];
            Tensor partial = pass.Rent(new Shape(B, weight.Length + F));
            partial.Span.Clear();
            pass.Workers.Run(B, new ConvolutionBackwardWork(x, state, weight, lengths, y, next, pass.SumOf(x), pass.SumOf(state), partial));
            AddParts(pass, partial, weight, bias);
        }
    }

    private readonly struct ConvolutionBackwardWork(Tensor x, Tensor? state, Parameter weight, int[]? lengths, Tensor y, Tensor next, GradientSum sumX, GradientSum sumState, Tensor partial) : IWork
    {
        public int ScratchLength => weight.Shape[1] == 1
            ? Kernels.CausalConvolution.BackwardScratchLength(weight.Shape[2], weight.Shape[0])
            : Kernels.CausalConvolution.MixingBackwardScratchLength(weight.Shape[2], weight.Shape[0]);

        public void Run(int b, Span<float> scratch)
        {
            int T = x.Shape[1], F = x.Shape[2], k = weight.Shape[2], steps = lengths is null ? T : lengths[b], S = (k - 1) * F;
            ReadOnlySpan<float> input = x.Span.Slice(b * T * F, T * F), before = state is null ? default : state.Span.Slice(b * S, S);
            ReadOnlySpan<float> dY = y.Gradient!.Span.Slice(b * T * F, T * F), dNext = next.Gradient is { } g ? g.Span.Slice(b * S, S) : default;
            Span<float> dX = sumX.Part(b * T * F, T * F), dState = sumState.Part(b * S, S);
            Span<float> part = partial.Span.Slice(b * partial.Shape.Last, partial.Shape.Last);
            if (weight.Shape[1] == 1)
                Kernels.CausalConvolution.Backward(steps, F, k, input, before, weight.Span, dY, dNext, dX, dState, part[..weight.Length], part[weight.Length..], scratch);
            else
                Kernels.CausalConvolution.MixingBackward(steps, F, k, input, before, weight.Span, dY, dNext, dX, dState, part[..weight.Length], part[weight.Length..], scratch);
        }
    }
}
