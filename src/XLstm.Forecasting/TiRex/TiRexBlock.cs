using XLstm.Kernels;

namespace XLstm.Forecasting;

/// <summary>
/// The block of TiRex (arXiv 2505.23719): x + headnorm(slstm(norm(x))), then x + down(silu(gate(n)) * up(n)), n = norm(x). Norms
/// are RMSNorm (eps 1e-6, plain weights) but for the head-wise one (layer norm, eps 1e-5, 1 + weight); no convolution, and all gates
/// read the same input. As in the paper's package "fgate" is stored for the input gate and "igate" for the forget gate.
/// </summary>
internal sealed class TiRexBlock : ISplitBlock
{
    private readonly Norm _norm, _headNorm, _feedForwardNorm;
    private readonly Projection[] _gates;
    private readonly Linear _gate, _up, _down;

    public TiRexBlock(ParameterScope scope, TiRexConfig config, int block)
    {
        int D = config.EmbeddingDim, N = config.NumHeads;
        ParameterScope layer = scope.At("slstm_layer"), feedForward = scope.At("ffn");
        _norm = new Norm(scope.At("norm_slstm"), D, NormKind.Rms, epsilon: 1e-6f, onePlusWeight: false);
        string[] names = ["fgate", "igate", "zgate", "ogate"];
        _gates = [.. names.Select((name, i) => new Projection(new BlockDiagonalLinear(layer.At(name), D, D, N), Convolved: false, Offset: i * D))];
        Cell = new SLstmCell(layer.At("slstm_cell"), D, N, biasInitializer: SLstmCell.PowerLawBias(D, N, block, config.NumBlocks));
        _headNorm = new Norm(layer.At("group_norm"), D, heads: N);
        _feedForwardNorm = new Norm(scope.At("norm_ffn"), D, NormKind.Rms, epsilon: 1e-6f, onePlusWeight: false);
        // Stored widths decide: implementations round them differently.
        int F = feedForward.At("proj_up").StoredShape("weight") is { Count: 2 } stored ? (int)Math.Min(stored[0], int.MaxValue) : ((8 * D / 3) + 63) / 64 * 64;
        _gate = new Linear(feedForward.At("proj_up_gate"), D, F, bias: false);
        _up = new Linear(feedForward.At("proj_up"), D, F, bias: false);
        _down = new Linear(feedForward.At("proj_down"), F, D, bias: false, Initializer.Wang(D, config.NumBlocks));
    }

    public string Kind => "sLSTM";

    public SLstmCell Cell { get; }

    public (Tensor Output, CellState State) Forward(Tensor x, CellState? state, Pass pass, int[]? lengths = null)
    {
        (x, CellState next) = MixPositions(x, state, pass, lengths);
        return (EachPosition(x, pass), next);
    }

    public (Tensor Output, CellState State) MixPositions(Tensor x, CellState? state, Pass pass, int[]? lengths)
    {
        Tensor n = _norm.Forward(x, pass);
        Tensor gates = Ops.Project(pass, n, null, null, activate: false, lengths, _gates).First;
        (Tensor y, Tensor cells) = Cell.Forward(gates, ((SLstmState?)state)?.Cells, pass, lengths);
        return (Ops.Add(pass, x, _headNorm.Forward(y, pass)), new SLstmState(cells));
    }

    public Tensor EachPosition(Tensor x, Pass pass)
    {
        Tensor n = _feedForwardNorm.Forward(x, pass);
        return Ops.Add(pass, x, _down.Forward(Ops.Gate(pass, _gate.Forward(n, pass), _up.Forward(n, pass), Activation.Swish), pass));
    }

    public CellState CreateState(int batch) => new SLstmState(new Tensor(new Shape(SLstmShape.StateCount(Cell.Function), batch, Cell.Width)));
}
