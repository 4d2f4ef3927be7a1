namespace XLstm;

/// <summary>Blocks one after the other, and a norm after the last: what every stack is, whatever its blocks.</summary>
/// <param name="blocks">In order.</param>
/// <param name="outputNorm">After the last block, or null.</param>
public class BlockSequence(IReadOnlyList<IXLstmBlock> blocks, Norm? outputNorm)
{
    // Where nobody looks back, what the blocks need for so many steps is all they need for any number of them.
    private const int Segment = 2048;

    /// <summary>The blocks, in order.</summary>
    public IReadOnlyList<IXLstmBlock> Blocks { get; } = blocks;

    /// <summary>The norm after the last block, or null.</summary>
    public Norm? OutputNorm { get; } = outputNorm;

    /// <summary>x [B, T, D], the state before it or null, and the steps of each row or null for T; returns [B, T, D] and the state after each row's last step.</summary>
    public (Tensor Output, StackState State) Forward(Tensor x, StackState? state, Pass pass, int[]? lengths = null) =>
        pass.Record || lengths is not null || x.Shape[1] <= Segment ? Forward(x, state, pass, lengths, null) : InSegments(x, state, pass);

    /// <summary>As the other, with an output for the positions only that <paramref name="pick"/> picks of [B, T, D]; not for a pass that records.</summary>
    internal (Tensor Output, StackState State) Forward(Tensor x, StackState? state, Pass pass, int[]? lengths, Func<Tensor, Tensor>? pick)
    {
        if (state is not null && state.Blocks.Count != Blocks.Count)
            throw new ArgumentException($"The state has {state.Blocks.Count} blocks, the stack {Blocks.Count}.", nameof(state));
        bool inPlace = state is not null && pass.UpdatesStates;
        CellState[]? states = inPlace ? null : new CellState[Blocks.Count];
        for (int i = 0; i < Blocks.Count; i++)
        {
            pass.Cancellation.ThrowIfCancellationRequested();
            long mark = pass.Rents;
            Tensor input = x;
            (x, CellState next) = pass.Record && pass.Options.Recompute
                ? pass.Recomputed(Blocks[i], x, state?.Blocks[i], lengths)
                : i == Blocks.Count - 1 && pick is not null
                ? Picked(Blocks[i], x, state?.Blocks[i], pass, lengths, pick)
                : Blocks[i].Forward(x, state?.Blocks[i], pass, lengths);
            if (!pass.Record)
            {
                // Nobody looks back: the next block works in the memory of this one, however many there are.
                pass.ReturnSince(mark, x, inPlace ? null : next);
                if (i > 0)
                    pass.Return(input);
            }
            if (states is not null)
                states[i] = next;
            pass.BlockDone?.Invoke(i + 1);
            if (pass.WatchesBlocks)
                pass.Watch(x, $"block {i} ({Blocks[i].Kind})");
        }
        Tensor output = OutputNorm is null ? x : OutputNorm.Forward(x, pass);
        if (!pass.Record && OutputNorm is not null && Blocks.Count > 0)
            pass.Return(x);
        return (output, inPlace ? state! : new StackState(states!));
    }

    private (Tensor Output, StackState State) InSegments(Tensor x, StackState? state, Pass pass)
    {
        (int B, int T, int D) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        Tensor y = pass.Rent(x.Shape);
        for (int from = 0; from < T; from += Segment)
        {
            int count = Math.Min(Segment, T - from);
            Tensor part = pass.Rent(new Shape(B, count, D));
            for (int b = 0; b < B; b++)
                x.Span.Slice(((b * T) + from) * D, count * D).CopyTo(part.Span[(b * count * D)..]);
            (Tensor output, StackState next) = Forward(part, state, pass, null, null);
            for (int b = 0; b < B; b++)
                output.Span.Slice(b * count * D, count * D).CopyTo(y.Span[(((b * T) + from) * D)..]);
            pass.Return(output);
            pass.Return(part);
            // The first one is the caller's.
            if (from > 0 && next != state)
                foreach ((_, Tensor tensor) in state!.Tensors)
                    pass.Return(tensor);
            state = next;
        }
        return (y, state!);
    }

    private static (Tensor Output, CellState State) Picked(IXLstmBlock block, Tensor x, CellState? state, Pass pass, int[]? lengths, Func<Tensor, Tensor> pick)
    {
        var split = block as ISplitBlock;
        (Tensor mixed, CellState next) = split is null ? block.Forward(x, state, pass, lengths) : split.MixPositions(x, state, pass, lengths);
        Tensor picked = pick(mixed);
        return (split is null ? picked : split.EachPosition(picked, pass), next);
    }

    /// <summary>A state of zeros, the caller's own.</summary>
    public StackState CreateState(int batch = 1) => new([.. Blocks.Select(b => b.CreateState(batch))]);
}
