namespace XLstm.Kernels;

/// <summary>The recurrence inside a scan: the paper's sLSTM, or the plain LSTM as its baseline in the same frame.</summary>
public enum CellFunction
{
    /// <summary>Exponential gating with normaliser and stabiliser; state (y, c, n, m).</summary>
    SLstm,

    /// <summary>Sigmoid gates, tanh on the cell; state (y, c).</summary>
    Lstm,
}

/// <summary>Sizes of an sLSTM scan.</summary>
/// <param name="Batch">B, sequences.</param>
/// <param name="Time">T, steps.</param>
/// <param name="Heads">N, heads; memory mixes within a head only.</param>
/// <param name="HeadWidth">Cells in one head; H = Heads * HeadWidth.</param>
public readonly record struct SLstmShape(int Batch, int Time, int Heads, int HeadWidth)
{
    /// <summary>H, the cells of all heads.</summary>
    public int Width => Heads * HeadWidth;

    /// <summary>Length of the gate pre-activations [B, T, 4 H] (gates i, f, z, o; then head; then cell).</summary>
    public int GatesLength => Batch * Time * 4 * Width;

    /// <summary>Length of the output [B, T, H].</summary>
    public int OutputLength => Batch * Time * Width;

    /// <summary>Length of the recurrent kernel [N, 4 HeadWidth (gate, out), HeadWidth (in)].</summary>
    public int KernelLength => Heads * 4 * HeadWidth * HeadWidth;

    /// <summary>Length of what the forward scan keeps for the backward scan.</summary>
    public int SavedLength => Batch * Time * SLstmScan.SavedPerCell * Width;

    /// <summary>Length of a state [S, B, H].</summary>
    public int StateLength(CellFunction function) => StateCount(function) * Batch * Width;

    /// <summary>S: 4 (y, c, n, m) for the sLSTM, 2 (y, c) for the LSTM.</summary>
    public static int StateCount(CellFunction function) => function == CellFunction.SLstm ? 4 : 2;
}
