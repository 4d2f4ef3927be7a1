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
        ConvolutionRows rows = ConvolutionOf(pass, x, state, weight, bias, lengths);
        Tensor y = pass.Rent(x.Shape);
        var pieces = new TimePieces(x, Math.Max(DiagonalRows, rows.Past));
        pass.Workers.Run(pieces.Count, new ConvolutionWork(rows, pieces, y));
        rows.Carry(pieces);
        if (pass.Record)
            pass.Add(new ConvolutionNode(rows, x, state, weight, bias, y));
        return (y, rows.Next!);
    }

    private static ConvolutionRows ConvolutionOf(Pass pass, Tensor x, Tensor? state, Parameter? weight, Parameter? bias, int[]? lengths)
    {
        int B = x.Shape[0], F = x.Shape[2];
        CheckLengths(lengths, B, x.Shape[1]);
        if (weight is null)
            return new ConvolutionRows(x, null, null, null, lengths, null);
        if (weight.Shape[0] != F || (weight.Shape[1] != 1 && weight.Shape[1] != F))
            throw new ArgumentException($"x is {x.Shape}; {weight.Name} {weight.Shape} expects {weight.Shape[0]} features.", nameof(x));
        var stateShape = new Shape(B, weight.Shape[2] - 1, F);
        if (state is not null && state.Shape != stateShape)
            throw new ArgumentException($"state is {state.Shape}, expected {stateShape}.", nameof(state));
        return new ConvolutionRows(x, state, weight, bias, lengths, pass.UpdatesStates && state is not null ? state : pass.Rent(stateShape));
    }

    // Blocks of steps of each row of a batch.
    private readonly struct TimePieces(Tensor x, int block)
    {
        private readonly int _blocks = Math.Max(1, (x.Shape[1] + block - 1) / block);

        public int Block => block;

        public int Longest => Math.Min(block, x.Shape[1]);

        public int Count => x.Shape[0] * _blocks;

        public (int Row, int From, int Steps) At(int index)
        {
            int from = index % _blocks * block;
            return (index / _blocks, from, Math.Min(block, x.Shape[1] - from));
        }
    }

    // The convolution of some steps of one row, for operations that do more with these steps. Without a weight, y = x.
    private readonly struct ConvolutionRows(Tensor x, Tensor? state, Parameter? weight, Parameter? bias, int[]? lengths, Tensor? next)
    {
        private int F => x.Shape[2];

        /// <summary>Steps before the present that y sees.</summary>
        public int Past => weight is null ? 0 : weight.Shape[2] - 1;

        public Tensor? Next => next;

        /// <summary>Whether a sum for the weight's gradient is too much for each block of steps.</summary>
        public bool Mixes => weight is not null && weight.Shape[1] != 1;

        /// <summary>Sums for the gradients of weight and bias.</summary>
        public int SumsLength => (weight?.Length ?? 0) + (bias?.Length ?? 0);

        public int ForwardScratchLength => weight is null ? 0
            : Mixes ? Kernels.CausalConvolution.MixingScratchLength(Past + 1, F) : Kernels.CausalConvolution.ScratchLength(Past + 1, F);

        public int BackwardScratchLength => weight is null ? 0
            : Past * F + (Mixes ? Kernels.CausalConvolution.MixingBackwardScratchLength(Past + 1, F) : Kernels.CausalConvolution.BackwardScratchLength(Past + 1, F));

        private int Length(int b) => lengths is null ? x.Shape[1] : lengths[b];

        /// <summary>Steps after these, within the row, that see some of these.</summary>
        public int Seeing(int b, int from, int steps) => Math.Clamp(Length(b) - from - steps, 0, Past);

        public ReadOnlySpan<float> Input(int b, int from, int steps) => x.Span.Slice((b * x.Shape[1] + from) * F, steps * F);

        private ReadOnlySpan<float> Before(int b, int from) =>
            from > 0 ? Input(b, from - Past, Past) : state is null ? default : state.Span.Slice(b * Past * F, Past * F);

        /// <summary>The convolution of these steps; 0 past the row's length.</summary>
        public void Forward(int b, int from, int steps, Span<float> y, Span<float> after, Span<float> scratch)
        {
            int within = Math.Clamp(Length(b) - from, 0, steps);
            ReadOnlySpan<float> input = Input(b, from, within), offset = bias is null ? default : bias.Span;
            if (weight is null)
                input.CopyTo(y);
            else if (Mixes)
                Kernels.CausalConvolution.MixingForward(within, F, Past + 1, input, Before(b, from), weight.Span, offset, y, after, scratch);
            else
                Kernels.CausalConvolution.Forward(within, F, Past + 1, input, Before(b, from), weight.Span, offset, y, after, scratch);
            y[(within * F)..(steps * F)].Clear();
        }

        /// <summary>Where the row is one block its next state is written with it: the state may be the same memory.</summary>
        public Span<float> After(int b, int from, TimePieces pieces) =>
            weight is not null && from == 0 && Length(b) <= pieces.Block ? next!.Span.Slice(b * Past * F, Past * F) : default;

        /// <summary>The next states of all other rows.</summary>
        public void Carry(TimePieces pieces)
        {
            for (int b = 0; b < x.Shape[0] && weight is not null; b++)
                if (Length(b) > pieces.Block)
                    Input(b, Length(b) - Past, Past).CopyTo(next!.Span[(b * Past * F)..]);
        }

        /// <summary>
        /// Adds to the gradients of these steps of x, of the state, and of weight and bias. dY has these steps and those that see
        /// some of them.
        /// </summary>
        public void Backward(int b, int from, int steps, ReadOnlySpan<float> dY, Span<float> dX, GradientSum dState, Span<float> sums, Span<float> scratch)
        {
            int within = Math.Clamp(Length(b) - from, 0, steps), S = Past * F;
            if (weight is null)
            {
                Elementwise.AddTo(dY[..dX.Length], dX);
                return;
            }
            if (within == 0 && from > 0)
                return;
            ReadOnlySpan<float> dAfter = next!.Gradient is { } dNext ? dNext.Span.Slice(b * S, S) : default;
            if (Seeing(b, from, steps) is int seeing and > 0)
            {
                // To these steps, the later ones are what follows a segment.
                Span<float> dPast = scratch[..S];
                dPast.Clear();
                Kernel(
                    seeing, Input(b, from + steps, seeing), Input(b, from + steps - Past, Past), dY[(steps * F)..], seeing < Past ? dAfter : default,
                    default, dPast, default, default, scratch[S..]);
                dAfter = dPast;
            }
            Kernel(
                within, Input(b, from, within), Before(b, from), dY, dAfter, dX, from == 0 ? dState.Part(b * S, S) : default,
                sums[..weight.Length], bias is null ? default : sums[weight.Length..], scratch[S..]);
        }

        private void Kernel(
            int steps, ReadOnlySpan<float> input, ReadOnlySpan<float> before, ReadOnlySpan<float> dY, ReadOnlySpan<float> dAfter,
            Span<float> dX, Span<float> dBefore, Span<float> dWeight, Span<float> dBias, Span<float> scratch)
        {
            if (Mixes)
                Kernels.CausalConvolution.MixingBackward(steps, F, Past + 1, input, before, weight!.Span, dY, dAfter, dX, dBefore, dWeight, dBias, scratch);
            else
                Kernels.CausalConvolution.Backward(steps, F, Past + 1, input, before, weight!.Span, dY, dAfter, dX, dBefore, dWeight, dBias, scratch);
        }
    }

    private readonly struct ConvolutionWork(ConvolutionRows convolution, TimePieces pieces, Tensor y) : IWork
    {
        public int ScratchLength => convolution.ForwardScratchLength;

        public void Run(int index, Span<float> scratch)
        {
            (int b, int from, int steps) = pieces.At(index);
            int F = y.Shape[2];
            convolution.Forward(b, from, steps, y.Span.Slice((b * y.Shape[1] + from) * F, steps * F), convolution.After(b, from, pieces), scratch);
        }
    }

    private sealed class ConvolutionNode(ConvolutionRows rows, Tensor x, Tensor? state, Parameter weight, Parameter? bias, Tensor y) : Node(y, rows.Next)
    {
        public override void Backward(Pass pass)
        {
            pass.GradientOf(y);
            var pieces = new TimePieces(x, Math.Max(rows.Mixes ? x.Shape[1] : DiagonalRows, Math.Max(DiagonalRows, rows.Past)));
            Tensor partial = pass.Rent(new Shape(pieces.Count, rows.SumsLength));
            pass.Workers.Run(pieces.Count, new ConvolutionBackwardWork(rows, pieces, y, pass.SumOf(x), pass.SumOf(state), partial));
            AddParts(pass, partial, weight, bias);
        }
    }

    private readonly struct ConvolutionBackwardWork(ConvolutionRows convolution, TimePieces pieces, Tensor y, GradientSum dX, GradientSum dState, Tensor partial) : IWork
    {
        public int ScratchLength => convolution.BackwardScratchLength;

        public void Run(int index, Span<float> scratch)
        {
            (int b, int from, int steps) = pieces.At(index);
            int F = y.Shape[2], start = (b * y.Shape[1] + from) * F;
            Span<float> sums = partial.Span.Slice(index * partial.Shape.Last, partial.Shape.Last);
            sums.Clear();
            ReadOnlySpan<float> dY = y.Gradient!.Span.Slice(start, (steps + convolution.Seeing(b, from, steps)) * F);
            convolution.Backward(b, from, steps, dY, dX.Part(start, steps * F), dState, sums, scratch);
        }
    }
}
