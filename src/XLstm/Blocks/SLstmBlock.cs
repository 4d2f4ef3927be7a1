using XLstm.Kernels;

namespace XLstm;

/// <summary>
/// The sLSTM block with post up-projection. As the Python package builds it (form "package"):
/// <code>
/// x = x + headnorm(slstm(norm(x)))      x = x + ffn(norm(x))
/// </code>
/// and as the paper draws it (form "paper"; arXiv 2405.04517, appendix, figure of the sLSTM block):
/// <code>
/// x = x + ffn(headnorm(slstm(norm(x))))
/// </code>
/// The input and forget gates see silu(conv(norm(x))), z and o see norm(x). In checkpoints the weight called "fgate"
/// feeds the input gate and "igate" the forget gate; that is how the reference was trained, and it is kept.
/// </summary>
public sealed class SLstmBlock : ISplitBlock
{
    private readonly float _dropout;
    private readonly Projection[] _projections;

    /// <summary>Parameters "xlstm_norm", "xlstm.*", "ffn_norm" and "ffn.*", named as the Python package names them.</summary>
    /// <param name="scope">Where the parameters live.</param>
    /// <param name="config">Layer, feed-forward and form.</param>
    /// <param name="embeddingDim">D.</param>
    /// <param name="dropout">On the output of the cell.</param>
    /// <param name="block">Index in the stack, for the initial forget bias.</param>
    /// <param name="blocks">Blocks in the stack.</param>
    public SLstmBlock(ParameterScope scope, SLstmBlockConfig config, int embeddingDim, float dropout = 0f, int block = 0, int blocks = 1)
    {
        SLstmLayerConfig layer = config.Slstm;
        ParameterScope at = scope.At("xlstm");
        _dropout = dropout;
        FollowsPaper = string.Equals(config.Form, "paper", StringComparison.Ordinal);
        InputNorm = new Norm(scope.At("xlstm_norm"), embeddingDim);
        Convolution = layer.Conv1dKernelSize > 0 ? new CausalConv1d(at.At("conv1d"), embeddingDim, layer.Conv1dKernelSize) : null;
        InputGate = Gate("fgate");
        ForgetGate = Gate("igate");
        CellGate = Gate("zgate");
        OutputGate = Gate("ogate");
        // One output [B, T, 4 H]: gates i, f, z, o.
        _projections =
        [
            new(InputGate, Convolved: true), new(ForgetGate, Convolved: true, Offset: embeddingDim),
            new(CellGate, Convolved: false, Offset: 2 * embeddingDim), new(OutputGate, Convolved: false, Offset: 3 * embeddingDim),
        ];
        double bound = 1 / Math.Sqrt(embeddingDim);
        Cell = new SLstmCell(
            at.At("slstm_cell"), embeddingDim, layer.NumHeads, string.Equals(layer.Function, "lstm", StringComparison.Ordinal) ? CellFunction.Lstm : CellFunction.SLstm,
            string.Equals(layer.RecurrentWeightInit, "standard", StringComparison.Ordinal) ? Initializer.Uniform(bound) : Initializer.Zeros,
            layer.BiasInit switch
            {
                "small_init" => SLstmCell.LinspaceBias(embeddingDim, layer.NumHeads),
                "standard" => Initializer.Uniform(bound),
                _ => SLstmCell.PowerLawBias(embeddingDim, layer.NumHeads, block, blocks),
            });
        HeadNorm = new Norm(at.At("group_norm"), embeddingDim, heads: layer.NumHeads, weight: layer.GroupNormWeight);
        if (config.Feedforward is not null)
        {
            FeedForwardNorm = FollowsPaper ? null : new Norm(scope.At("ffn_norm"), embeddingDim);
            FeedForward = new GatedFeedForward(scope.At("ffn"), config.Feedforward, embeddingDim, blocks);
        }

        BlockDiagonalLinear Gate(string name) =>
            new(at.At(name), embeddingDim, embeddingDim, layer.NumHeads, initializer: Initializer.Small(embeddingDim));
    }

    /// <summary>One residual around cell, norm and feed-forward, instead of two.</summary>
    public bool FollowsPaper { get; }

    /// <summary>LayerNorm before the cell.</summary>
    public Norm InputNorm { get; }

    /// <summary>Before the input and forget gates, or null.</summary>
    public CausalConv1d? Convolution { get; }

    /// <summary>Stored as "fgate".</summary>
    public BlockDiagonalLinear InputGate { get; }

    /// <summary>Stored as "igate".</summary>
    public BlockDiagonalLinear ForgetGate { get; }

    /// <summary>z.</summary>
    public BlockDiagonalLinear CellGate { get; }

    /// <summary>o.</summary>
    public BlockDiagonalLinear OutputGate { get; }

    /// <summary>The cell.</summary>
    public SLstmCell Cell { get; }

    /// <summary>Head-wise norm (GroupNorm) after the cell.</summary>
    public Norm HeadNorm { get; }

    /// <summary>LayerNorm before the feed-forward, or null.</summary>
    public Norm? FeedForwardNorm { get; }

    /// <summary>The gated feed-forward, or null.</summary>
    public GatedFeedForward? FeedForward { get; }

    /// <inheritdoc/>
    public string Kind => "sLSTM";

    /// <inheritdoc/>
    public (Tensor Output, CellState State) Forward(Tensor x, CellState? state, Pass pass, int[]? lengths = null)
    {
        ISplitBlock parts = this;
        (Tensor mixed, CellState next) = parts.MixPositions(x, state, pass, lengths);
        return (parts.EachPosition(mixed, pass), next);
    }

    (Tensor Output, CellState State) ISplitBlock.MixPositions(Tensor x, CellState? state, Pass pass, int[]? lengths)
    {
        (Tensor h, SLstmState next) = Layer(InputNorm.Forward(x, pass), state, pass, lengths);
        return (Ops.Add(pass, x, FollowsPaper && FeedForward is not null ? FeedForward.Forward(h, pass) : h), next);
    }

    Tensor ISplitBlock.EachPosition(Tensor y, Pass pass) =>
        FollowsPaper || FeedForward is null ? y : Ops.Add(pass, y, FeedForward.Forward(FeedForwardNorm!.Forward(y, pass), pass));

    /// <summary>Convolution, gates, cell and head-wise norm, without the residual: x [B, T, D] to [B, T, D].</summary>
    public (Tensor Output, SLstmState State) Layer(Tensor x, CellState? state, Pass pass, int[]? lengths = null)
    {
        SLstmState? before = state switch
        {
            null => null,
            SLstmState own => own,
            _ => throw new ArgumentException("An sLSTM block needs an SLstmState.", nameof(state)),
        };
        Projected of = Ops.Project(pass, x, Convolution, before?.Convolution, activate: Convolution is not null, lengths, _projections);
        (Tensor y, Tensor cells) = Cell.Forward(of.First, before?.Cells, pass, lengths);
        Tensor normed = HeadNorm.Forward(Ops.Dropout(pass, y, _dropout), pass);
        bool same = before is not null && cells == before.Cells && of.State == before.Convolution;
        return (normed, same ? before! : new SLstmState(cells, of.State));
    }

    /// <inheritdoc/>
    public CellState CreateState(int batch) => new SLstmState(
        new Tensor(new Shape(SLstmShape.StateCount(Cell.Function), batch, Cell.Width)),
        Convolution is null ? null : new Tensor(new Shape(batch, Convolution.KernelSize - 1, Cell.Width)));
}
