namespace XLstm.Kernels;

/// <summary>Rows of a table by their index: y[i] = table[tokens[i]].</summary>
public static class Embedding
{
    /// <summary>y [tokens, width] = the tokens' rows of the table.</summary>
    /// <param name="tokens">Indices of rows.</param>
    /// <param name="width">D, the length of a row.</param>
    /// <param name="table">[V, D]; its length gives V.</param>
    /// <param name="y">[tokens, D].</param>
    /// <exception cref="ArgumentOutOfRangeException">A token is negative, or V or more.</exception>
    /// <exception cref="ArgumentException">A span does not fit its shape.</exception>
    public static void Forward(ReadOnlySpan<int> tokens, int width, ReadOnlySpan<float> table, Span<float> y)
    {
        int vocabulary = Vocabulary(table.Length, width);
        Check.Length(y, Extent.Of(tokens.Length, width));
        for (int i = 0; i < tokens.Length; i++)
            table.Slice(Row(tokens, i, vocabulary) * width, width).CopyTo(y.Slice(i * width, width));
    }

    /// <summary>dTable[tokens[i]] += dy[i], in the order of the tokens.</summary>
    /// <param name="tokens">As in the forward pass.</param>
    /// <param name="width">D, the length of a row.</param>
    /// <param name="dy">[tokens, D].</param>
    /// <param name="dTable">[V, D], added to.</param>
    /// <exception cref="ArgumentOutOfRangeException">A token is negative, or V or more.</exception>
    /// <exception cref="ArgumentException">A span does not fit its shape.</exception>
    public static void Backward(ReadOnlySpan<int> tokens, int width, ReadOnlySpan<float> dy, Span<float> dTable)
    {
        int vocabulary = Vocabulary(dTable.Length, width);
        Check.Length(dy, Extent.Of(tokens.Length, width));
        for (int i = 0; i < tokens.Length; i++)
            Elementwise.AddTo(dy.Slice(i * width, width), dTable.Slice(Row(tokens, i, vocabulary) * width, width));
    }

    private static int Vocabulary(int tableLength, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        return tableLength % width == 0 ? tableLength / width
            : throw new ArgumentException($"The table has {tableLength} elements, expected a multiple of the width, {width}.", nameof(width));
    }

    private static int Row(ReadOnlySpan<int> tokens, int position, int vocabulary)
    {
        int token = tokens[position];
        return (uint)token < (uint)vocabulary ? token
            : throw new ArgumentOutOfRangeException(
                nameof(tokens), token, $"Token {token} at position {position} is outside the vocabulary of {vocabulary}.");
    }
}
