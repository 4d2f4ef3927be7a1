namespace XLstm;

/// <summary>Rows of a tensor in a file.</summary>
internal readonly record struct TensorRows(TensorInfo Tensor, long From, long Count)
{
    /// <summary>The whole of it.</summary>
    public static TensorRows All(TensorInfo tensor) => new(tensor, 0, tensor.Shape is [var rows, ..] ? rows : 1);
}

/// <summary>A tensor of a converted model, and the rows that it is put together from.</summary>
internal sealed record ConvertedTensor(string Name, IReadOnlyList<TensorRows> Parts)
{
    /// <summary>What a file would say of it, of the type of its first part.</summary>
    public TensorInfo Info => Parts[0].Tensor with { Name = Name, Shape = Parts[0].Tensor.Shape.Count == 0 ? [] : [Parts.Sum(p => p.Count), .. Parts[0].Tensor.Shape.Skip(1)] };

    /// <summary>Elements of a row.</summary>
    public long RowLength => Parts[0].Tensor.Shape.Skip(1).Aggregate(1L, (product, size) => product * size);

    /// <summary>The part that has a row, and where in its tensor.</summary>
    public (int Part, long Row) Find(long row)
    {
        int part = 0;
        for (; row >= Parts[part].Count; part++)
            row -= Parts[part].Count;
        return (part, Parts[part].From + row);
    }
}
