namespace XLstm.Forecasting;

/// <summary>Moves the states of single sequences between batches.</summary>
internal static class StateRows
{
    /// <summary>One state of the given rows of others, in the memory of the pass.</summary>
    public static StackState Gather(IReadOnlyList<(StackState State, int Row)> rows, Pass pass) => new([.. rows[0].State.Blocks.Select((block, i) => block.Map((name, tensor) =>
    {
        Tensor gathered = pass.Rent(WithRows(tensor.Shape, name, rows.Count));
        for (int r = 0; r < rows.Count; r++)
            Copy(Named(rows[r].State.Blocks[i], name), rows[r].Row, gathered, r, name);
        return gathered;
    }))]);

    /// <summary>Writes row <paramref name="from"/> of one state over row <paramref name="to"/> of another.</summary>
    public static void Copy(StackState source, int from, StackState destination, int to)
    {
        for (int i = 0; i < source.Blocks.Count; i++)
            foreach ((string name, Tensor tensor) in source.Blocks[i].Tensors)
                Copy(tensor, from, Named(destination.Blocks[i], name), to, name);
    }

    private static Tensor Named(CellState state, string name) => state.Tensors.First(t => t.Name == name).Tensor;

    // The cells of the sLSTM are [4, B, H], all else has B first.
    private static int Axis(string name) => name == "slstm" ? 1 : 0;

    private static Shape WithRows(Shape s, string name, int rows) => (Axis(name), s.Rank) switch
    {
        (1, _) => new Shape(s[0], rows, s[2]),
        (_, 2) => new Shape(rows, s[1]),
        (_, 3) => new Shape(rows, s[1], s[2]),
        _ => new Shape(rows, s[1], s[2], s[3]),
    };

    private static void Copy(Tensor source, int from, Tensor destination, int to, string name)
    {
        int axis = Axis(name), parts = axis == 0 ? 1 : source.Shape[0], sourceRows = source.Shape[axis], destinationRows = destination.Shape[axis];
        int length = source.Length / (parts * sourceRows);
        for (int p = 0; p < parts; p++)
            source.Span.Slice(((p * sourceRows) + from) * length, length).CopyTo(destination.Span[(((p * destinationRows) + to) * length)..]);
    }
}
