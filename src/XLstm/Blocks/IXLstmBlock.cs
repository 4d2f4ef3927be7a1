namespace XLstm;

/// <summary>A residual block of a stack: state in, state out, for whole sequences, segments and single steps alike.</summary>
public interface IXLstmBlock
{
    /// <summary>What messages call it: "sLSTM" or "mLSTM".</summary>
    string Kind { get; }

    /// <summary>
    /// x [B, T, D], the state before it or null, and the steps of each row or null for T. Up to its length a row gives the same
    /// numbers as alone, and the state stands where the row ends; what the output holds beyond it means nothing.
    /// </summary>
    (Tensor Output, CellState State) Forward(Tensor x, CellState? state, Pass pass, int[]? lengths = null);

    /// <summary>A state of zeros, the caller's own.</summary>
    CellState CreateState(int batch);
}

/// <summary>
/// A block whose end works on each position by itself: <see cref="IXLstmBlock.Forward"/> is one part after the other, and positions that nobody asks for
/// need not go through the second.
/// </summary>
internal interface ISplitBlock : IXLstmBlock
{
    /// <summary>The part that reads other positions.</summary>
    (Tensor Output, CellState State) MixPositions(Tensor x, CellState? state, Pass pass, int[]? lengths);

    /// <summary>The part after it, for any positions: [..., D] to [..., D].</summary>
    Tensor EachPosition(Tensor x, Pass pass);
}
