using XLstm.Kernels;

namespace XLstm;

/// <summary>
/// The block of xLSTM Large (arXiv 2503.13427, section 3): x + out(sigmoid(W_o n) * headnorm(mlstm(q, k, v))), n = norm(x), then
/// x + down(silu(gate(m)) * up(m)), m = norm(x). q, k, v and the gates are linear in n, and the gates' pre-activations are soft-capped. Norms are RMSNorm
/// but for the head-wise one, a LayerNorm; all multiply by their weight. No convolution, no skip.
/// </summary>
public sealed class XLstmLargeBlock : ISplitBlock
{
    private readonly Norm _norm, _headNorm, _feedForwardNorm;
    private readonly LinearRows _query, _key, _value, _outputGate, _inputGate, _forgetGate, _gate, _up;
    private readonly Linear _out, _down;
    private readonly MLstmOptions _cell;
    private readonly float _gateCap;

    /// <summary>Parameters "norm_mlstm", "mlstm_layer.*", "norm_ffn" and "ffn.*"; a checkpoint's own spelling, fusion and widths count.</summary>
    public XLstmLargeBlock(ParameterScope scope, XLstmLargeConfig config)
    {
        int D = config.EmbeddingDim, N = config.NumHeads;
        float epsilon = (float)config.NormEps;
        bool bias = config.UseBias;
        ParameterScope layer = scope.At("mlstm_layer"), feedForward = scope.At("ffn");
        (_cell, _gateCap, Heads) = (MLstmOptions.Default with { Epsilon = (float)config.Eps }, (float)config.GateSoftCap, N);

        _norm = new Norm(scope.At("norm_mlstm"), D, NormKind.Rms, epsilon: epsilon, bias: bias, onePlusWeight: false);
        Linear Map(string name, int outputs, Initializer? initializer = null, string? otherName = null) =>
            new(layer.At(otherName is not null && layer.At(name).StoredShape("weight") is null && layer.At(otherName).StoredShape("weight") is not null ? otherName : name), D, outputs, bias, initializer);
        if (Fused(layer, "qkv_opreact", "q", "query", config))
        {
            // Rows of q, k, v and the output gate; what of the four is whose follows from the width of the values.
            int V = Stored(layer, ["out_proj"], 1) ?? config.VDim, all = Stored(layer, ["qkv_opreact"], 0) ?? (2 * (config.QkDim + V)), QK = (all - (2 * V)) / 2;
            (KeyWidth, ValueWidth) = Widths(QK, V);
            Linear fused = Map("qkv_opreact", 2 * (QK + V));
            (_query, _key, _value, _outputGate) = (new(fused, 0, QK), new(fused, QK, QK), new(fused, 2 * QK, V), new(fused, (2 * QK) + V, V));
            Linear gates = Gates("ifgate_preact", 2 * N, Initializer.Values([.. Enumerable.Repeat(InputBias, N), .. Enumerable.Range(0, N).Select(n => ForgetBias(n))]));
            (_inputGate, _forgetGate) = (new(gates, 0, N), new(gates, N, N));
        }
        else
        {
            int QK = Stored(layer, ["q", "query"], 0) ?? config.QkDim, V = Stored(layer, ["v", "value"], 0) ?? config.VDim;
            (KeyWidth, ValueWidth) = Widths(QK, V);
            (_query, _key, _value) = (new(Map("q", QK, otherName: "query")), new(Map("k", QK, otherName: "key")), new(Map("v", V, otherName: "value")));
            _outputGate = new(Map("ogate_preact", V));
            _inputGate = new(Gates("igate_preact", N, Initializer.Values([.. Enumerable.Repeat(InputBias, N)])));
            _forgetGate = new(Gates("fgate_preact", N, Initializer.Linspace(3f, 6f)));
        }
        _headNorm = new Norm(layer.At("multihead_norm"), N * ValueWidth, heads: N, epsilon: epsilon, bias: bias, onePlusWeight: false);
        _out = new Linear(layer.At("out_proj"), N * ValueWidth, D, bias, Initializer.Wang(D, config.NumBlocks));

        _feedForwardNorm = new Norm(scope.At("norm_ffn"), D, NormKind.Rms, epsilon: epsilon, bias: bias, onePlusWeight: false);
        int F = Stored(feedForward, ["proj_down"], 1) ?? config.FfnDim;
        if (Fused(feedForward, "proj_up_gate_z", "proj_up", "proj_up", config))
        {
            var fused = new Linear(feedForward.At("proj_up_gate_z"), D, 2 * F, bias);
            (_gate, _up) = (new(fused, 0, F), new(fused, F, F));
        }
        else
            (_gate, _up) = (new(new Linear(feedForward.At("proj_up_gate"), D, F, bias)), new(new Linear(feedForward.At("proj_up"), D, F, bias)));
        _down = new Linear(feedForward.At("proj_down"), F, D, bias, Initializer.Wang(D, config.NumBlocks));

        Linear Gates(string name, int outputs, Initializer biases) => new(layer.At(name), D, outputs, Initializer.Zeros, biases);

        float ForgetBias(int n) => N == 1 ? 3 : 3 + (3f * n / (N - 1));

        (int K, int V) Widths(int keys, int values) => keys > 0 && values > 0 && keys % N == 0 && values % N == 0 && (long)keys / N * values <= MostState
            ? (keys / N, values / N)
            : scope.Set.Weights is { } weights
                ? throw new CheckpointException(weights.Path, "tensors mlstm_layer.* of a block", $"queries and values for {N} heads, with a state of at most {MostState} numbers", $"queries of {keys}, values of {values}")
                : throw new ArgumentException($"{N} heads do not divide queries of {keys} and values of {values}, or a state has more than {MostState} numbers.", nameof(config));
    }

    // K times V numbers a head: a small file of long thin matrices must not ask for all memory.
    private const long MostState = 1 << 28;

    // Closed at first: what comes in decides when to write (arXiv 2503.13427).
    private const float InputBias = -10f;

    /// <inheritdoc/>
    public string Kind => "mLSTM";

    /// <summary>N.</summary>
    public int Heads { get; }

    /// <summary>K, width of the queries and keys of a head.</summary>
    public int KeyWidth { get; }

    /// <summary>V, width of the values of a head.</summary>
    public int ValueWidth { get; }

    /// <inheritdoc/>
    public (Tensor Output, CellState State) Forward(Tensor x, CellState? state, Pass pass, int[]? lengths = null)
    {
        ISplitBlock parts = this;
        (Tensor mixed, CellState next) = parts.MixPositions(x, state, pass, lengths);
        return (parts.EachPosition(mixed, pass), next);
    }

    (Tensor Output, CellState State) ISplitBlock.MixPositions(Tensor x, CellState? state, Pass pass, int[]? lengths)
    {
        MLstmState? before = state switch
        {
            null => null,
            MLstmState own => own,
            _ => throw new ArgumentException("A block of xLSTM Large needs an MLstmState.", nameof(state)),
        };
        Tensor n = _norm.Forward(x, pass);
        Tensor gates = Ops.Concatenate(pass, _inputGate.Forward(n, pass), _forgetGate.Forward(n, pass));
        if (float.IsFinite(_gateCap))
            gates = Ops.SoftCap(pass, gates, _gateCap);
        Tensor q = _query.Forward(n, pass), k = _key.Forward(n, pass), v = _value.Forward(n, pass);
        (Tensor h, MLstmState next) = Ops.MLstm(pass, q, k, v, gates, before, _cell, lengths);
        return (Ops.Add(pass, x, _out.Forward(Ops.Gate(pass, _outputGate.Forward(n, pass), _headNorm.Forward(h, pass), Activation.Sigmoid), pass)), next);
    }

    Tensor ISplitBlock.EachPosition(Tensor x, Pass pass)
    {
        Tensor n = _feedForwardNorm.Forward(x, pass);
        return Ops.Add(pass, x, _down.Forward(Ops.Gate(pass, _gate.Forward(n, pass), _up.Forward(n, pass), Activation.Swish), pass));
    }

    /// <inheritdoc/>
    public CellState CreateState(int batch) => new MLstmState(
        new Tensor(new Shape(batch, Heads, KeyWidth, ValueWidth)), new Tensor(new Shape(batch, Heads, KeyWidth)), new Tensor(new Shape(batch, Heads)));

    // As it is stored; without a checkpoint, as the config has it.
    private static bool Fused(ParameterScope scope, string fused, string single, string otherSingle, XLstmLargeConfig config) =>
        scope.At(fused).StoredShape("weight") is not null
        || (config.IsFused && scope.At(single).StoredShape("weight") is null && scope.At(otherSingle).StoredShape("weight") is null);

    private static int? Stored(ParameterScope scope, string[] names, int dimension) =>
        names.Select(n => scope.At(n).StoredShape("weight")).FirstOrDefault(s => s is { Count: 2 }) is { } shape && shape[dimension] is > 0 and <= int.MaxValue
            ? (int)shape[dimension] : null;
}

/// <summary>Some rows of a linear map: one of several that stand in one matrix, or the whole of it.</summary>
internal readonly struct LinearRows(Linear linear, int from, int count)
{
    public LinearRows(Linear linear) : this(linear, 0, linear.Outputs)
    {
    }

    public Tensor Forward(Tensor x, Pass pass) => linear.Forward(x, pass, from, count);
}
