namespace XLstm;

/// <summary>Rows of the states of a batch.</summary>
internal static class StateRows
{
    /// <summary>A new state of these rows, in this order; a row may be there several times.</summary>
    public static StackState Select(StackState state, ReadOnlySpan<int> rows)
    {
        int[] chosen = rows.ToArray();
        return new StackState([.. state.Blocks.Select(block => block.Map((name, tensor) => Gather(name, chosen.Length, chosen.Select(r => (tensor, r)))))]);
    }

    /// <summary>A new state of the rows of several states of one row each.</summary>
    public static StackState Join(IReadOnlyList<StackState> states) => new([.. states[0].Blocks.Select((block, i) =>
    {
        int next = 0;
        return block.Map((name, _) =>
        {
            int t = next++;
            return Gather(name, states.Count, states.Select(s => (s.Blocks[i].Tensors[t].Tensor, 0)));
        });
    })]);

    private static Tensor Gather(string name, int count, IEnumerable<(Tensor Tensor, int Row)> rows)
    {
        // [parts, B, H] of an sLSTM, [B, ...] of everything else.
        int at = name == "slstm" ? 1 : 0;
        Tensor? result = null;
        int to = 0;
        foreach ((Tensor tensor, int row) in rows)
        {
            result ??= new Tensor(WithRows(tensor.Shape, at, count));
            int outer = at == 0 ? 1 : tensor.Shape[0], batch = tensor.Shape[at], inner = tensor.Length / (outer * batch);
            for (int o = 0; o < outer; o++)
                tensor.Span.Slice((o * batch + row) * inner, inner).CopyTo(result.Span[((o * count + to) * inner)..]);
            to++;
        }
        return result!;
    }

    private static Shape WithRows(Shape shape, int at, int count)
    {
        Span<int> sizes = stackalloc int[shape.Rank];
        for (int i = 0; i < sizes.Length; i++)
            sizes[i] = i == at ? count : shape[i];
        return sizes switch
        {
            [var a] => new Shape(a),
            [var a, var b] => new Shape(a, b),
            [var a, var b, var c] => new Shape(a, b, c),
            [var a, var b, var c, var d] => new Shape(a, b, c, d),
            _ => throw new ArgumentException($"A state has {shape.Rank} dimensions.", nameof(shape)),
        };
    }
}
