namespace XLstm;

/// <summary>What a recurrent cell (and the causal convolution before it) remembers of a sequence.</summary>
public abstract record CellState
{
    /// <summary>The tensors with their names, in a fixed order.</summary>
    public abstract IReadOnlyList<(string Name, Tensor Tensor)> Tensors { get; }

    internal bool Holds(Tensor tensor) => Tensors.Any(t => t.Tensor == tensor);

    /// <summary>Bytes of the state.</summary>
    public long Bytes => Tensors.Sum(t => (long)t.Tensor.Length * sizeof(float));

    /// <summary>The same kind of state with each tensor replaced.</summary>
    public abstract CellState Map(Func<string, Tensor, Tensor> replace);

    /// <summary>A copy that is the caller's, cut off from gradients: the start of the next segment in truncated back-propagation.</summary>
    public CellState Copy() => Map(static (_, tensor) => tensor.Clone());
}

/// <summary>
/// State of an sLSTM cell.
/// </summary>
/// <param name="Cells">
/// [4, B, H] = (y, c, n, m), or [2, B, H] = (y, c) of a plain LSTM. c and n are stored divided by exp(m):
/// the unstabilised cell is c exp(m).
/// </param>
/// <param name="Convolution">The last k-1 inputs of the causal convolution, [B, k-1, D], oldest first, or null without one.</param>
public sealed record SLstmState(Tensor Cells, Tensor? Convolution = null) : CellState
{
    /// <inheritdoc/>
    public override IReadOnlyList<(string Name, Tensor Tensor)> Tensors =>
        Convolution is null ? [("slstm", Cells)] : [("slstm", Cells), ("conv", Convolution)];

    /// <inheritdoc/>
    public override CellState Map(Func<string, Tensor, Tensor> replace) =>
        new SLstmState(replace("slstm", Cells), Convolution is null ? null : replace("conv", Convolution));
}

/// <summary>
/// State of an mLSTM cell. Keys are stored scaled by 1/sqrt(K), as in the paper; the kernels of xLSTM Large scale queries
/// instead, so their C and n are sqrt(K) larger. C and n are stored divided by exp(m).
/// </summary>
/// <param name="C">Matrix memory [B, N, K, V].</param>
/// <param name="N">Normaliser [B, N, K].</param>
/// <param name="M">Stabiliser [B, N].</param>
/// <param name="Convolution">The last k-1 inputs of the causal convolution, [B, k-1, F], oldest first, or null without one.</param>
public sealed record MLstmState(Tensor C, Tensor N, Tensor M, Tensor? Convolution = null) : CellState
{
    /// <inheritdoc/>
    public override IReadOnlyList<(string Name, Tensor Tensor)> Tensors =>
        Convolution is null ? [("C", C), ("n", N), ("m", M)] : [("C", C), ("n", N), ("m", M), ("conv", Convolution)];

    /// <inheritdoc/>
    public override CellState Map(Func<string, Tensor, Tensor> replace) =>
        new MLstmState(replace("C", C), replace("n", N), replace("m", M), Convolution is null ? null : replace("conv", Convolution));
}

/// <summary>The states of all blocks of a stack, in order.</summary>
public sealed record StackState(IReadOnlyList<CellState> Blocks)
{
    /// <summary>Every tensor, named "block_{i}.{name}".</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Tensors =>
        Blocks.SelectMany((block, i) => block.Tensors.Select(t => ($"block_{i}.{t.Name}", t.Tensor)));

    /// <summary>Bytes of all states.</summary>
    public long Bytes => Blocks.Sum(b => b.Bytes);

    /// <summary>A copy that is the caller's, cut off from gradients.</summary>
    public StackState Copy() => new([.. Blocks.Select(b => b.Copy())]);
}
