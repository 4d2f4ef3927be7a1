using XLstm.Kernels;

namespace XLstm;

/// <summary>
/// The mLSTM block with pre up-projection (arXiv 2405.04517, appendix, figure of the mLSTM block):
/// <code>
/// (u, z) = up(norm(x))         a = silu(conv(u))
/// q, k = block-diagonal projections of a,  v of u
/// y = x + down((headnorm(mlstm(q, k, v)) + skip * a) * silu(z))
/// </code>
/// </summary>
public sealed class MLstmBlock : IXLstmBlock
{
    private readonly int _inner;
    private readonly float _dropout;
    private readonly Projection[] _projections;

    /// <summary>Parameters "xlstm_norm" and "xlstm.*", named as the Python package names them.</summary>
    /// <param name="scope">Where the parameters live.</param>
    /// <param name="config">The layer.</param>
    /// <param name="embeddingDim">D.</param>
    /// <param name="bias">Biases on the projections.</param>
    /// <param name="dropout">On the output of the layer.</param>
    /// <param name="blocks">Blocks in the stack, for the initial scale of the down-projection.</param>
    public MLstmBlock(ParameterScope scope, MLstmBlockConfig config, int embeddingDim, bool bias = false, float dropout = 0f, int blocks = 1)
    {
        MLstmLayerConfig layer = config.Mlstm;
        ParameterScope at = scope.At("xlstm");
        _dropout = dropout;
        // A checkpoint's own width counts: other implementations round the factor differently.
        _inner = at.StoredShape("proj_down.weight") is { Count: 2 } stored && Fits(stored[1], layer) ? (int)stored[1] : layer.InnerSize(embeddingDim);

        InputNorm = new Norm(scope.At("xlstm_norm"), embeddingDim);
        Up = new Linear(at.At("proj_up"), embeddingDim, 2 * _inner, bias, Initializer.Small(embeddingDim));
        int projections = Projections(_inner, layer);
        Query = new BlockDiagonalLinear(at.At("q_proj"), _inner, _inner, projections, bias, Initializer.Small(embeddingDim));
        Key = new BlockDiagonalLinear(at.At("k_proj"), _inner, _inner, projections, bias, Initializer.Small(embeddingDim));
        Value = new BlockDiagonalLinear(at.At("v_proj"), _inner, _inner, projections, bias, Initializer.Small(embeddingDim));
        _projections = [new(Query, Convolved: true, 0), new(Key, Convolved: true, 1), new(Value, Convolved: false, 2)];
        Convolution = layer.Conv1dKernelSize > 0 ? new CausalConv1d(at.At("conv1d"), _inner, layer.Conv1dKernelSize) : null;
        Cell = new MLstmCell(at.At("mlstm_cell"), _inner, layer.NumHeads);
        Skip = at.Get("learnable_skip", new Shape(_inner), Initializer.Ones);
        Down = new Linear(at.At("proj_down"), _inner, embeddingDim, bias, Initializer.Wang(embeddingDim, blocks));
    }

    /// <summary>LayerNorm before the block.</summary>
    public Norm InputNorm { get; }

    /// <summary>To (u, z).</summary>
    public Linear Up { get; }

    /// <summary>Of a.</summary>
    public BlockDiagonalLinear Query { get; }

    /// <summary>Of a.</summary>
    public BlockDiagonalLinear Key { get; }

    /// <summary>Of u.</summary>
    public BlockDiagonalLinear Value { get; }

    /// <summary>Before q and k, or null.</summary>
    public CausalConv1d? Convolution { get; }

    /// <summary>The cell.</summary>
    public MLstmCell Cell { get; }

    /// <summary>Learnable skip of a around the cell.</summary>
    public Parameter Skip { get; }

    /// <summary>Back to D.</summary>
    public Linear Down { get; }

    /// <inheritdoc/>
    public string Kind => "mLSTM";

    /// <inheritdoc/>
    public (Tensor Output, CellState State) Forward(Tensor x, CellState? state, Pass pass, int[]? lengths = null)
    {
        MLstmState? before = Expect(state);
        Tensor normed = InputNorm.Forward(x, pass);
        Tensor u = Up.Forward(normed, pass, 0, _inner), z = Up.Forward(normed, pass, _inner, _inner);
        Projected of = Ops.Project(pass, u, Convolution, before?.Convolution, activate: true, lengths, _projections);

        (Tensor h, MLstmState next) = Cell.Forward(of.First, of.Second!, of.Third!, before, pass, lengths);
        Tensor y = Down.Forward(Ops.SkipGate(pass, h, Cell.OutputNorm, Skip, of.A, z), pass);
        Tensor output = Ops.Add(pass, x, Ops.Dropout(pass, y, _dropout));
        return (output, next == before ? next : next with { Convolution = of.State });
    }

    /// <inheritdoc/>
    public CellState CreateState(int batch)
    {
        int N = Cell.Heads, K = _inner / N;
        return new MLstmState(
            new Tensor(new Shape(batch, N, K, K)), new Tensor(new Shape(batch, N, K)), new Tensor(new Shape(batch, N)),
            Convolution is null ? null : new Tensor(new Shape(batch, Convolution.KernelSize - 1, _inner)));
    }

    // As the config's own rule has it for the config's own width.
    private static int Projections(int inner, MLstmLayerConfig layer) => (int)Math.Round((double)inner / layer.QkvProjBlocksize, MidpointRounding.ToEven);

    // Where a stored width does not, the config's is taken, and the tensor of another shape is the error that is reported.
    private static bool Fits(long inner, MLstmLayerConfig layer) =>
        inner is > 0 and < int.MaxValue / 8 && inner % layer.NumHeads == 0 && Projections((int)inner, layer) is > 0 and var blocks && inner % blocks == 0;

    private static MLstmState? Expect(CellState? state) => state switch
    {
        null => null,
        MLstmState own => own,
        _ => throw new ArgumentException("An mLSTM block needs an MLstmState.", nameof(state)),
    };
}
