using XLstm.Kernels;

namespace XLstm.Forecasting;

/// <summary>
/// The network of TiRex (arXiv 2505.23719): patches of the scaled series and of the mask of what is there, through a residual
/// layer, sLSTM blocks and another residual layer, to the quantiles of the next patch.
/// </summary>
public sealed class TiRexModel
{
    private readonly ResidualLayer _input, _output;
    private readonly BlockSequence _stack;
    private readonly List<StackState> _afterMissing = [];
    private readonly Lock _lock = new();

    /// <summary>A new model with parameters drawn from <paramref name="seed"/>.</summary>
    /// <exception cref="ArgumentException">A size is out of range.</exception>
    public TiRexModel(TiRexConfig config, ulong seed = 0) : this(config, new ParameterSet(seed))
    {
    }

    /// <summary>A model over the parameters of <paramref name="parameters"/>, named as its checkpoints name them.</summary>
    /// <exception cref="ArgumentException">A size is out of range.</exception>
    /// <exception cref="CheckpointException">The parameters come from a checkpoint that has not the tensors of this config.</exception>
    public TiRexModel(TiRexConfig config, ParameterSet parameters)
    {
        config.Validate();
        (Config, Parameters) = (config, parameters);
        ParameterScope root = parameters.Root;
        int D = config.EmbeddingDim;
        _input = new ResidualLayer(root.At("input_patch_embedding"), 2 * config.InputPatchSize, config.InputFfDim, D);
        var blocks = new TiRexBlock[config.NumBlocks];
        for (int i = 0; i < blocks.Length; i++)
            blocks[i] = new TiRexBlock(root.At($"blocks.{i}"), config, i);
        _stack = new BlockSequence(blocks, new Norm(root.At("out_norm"), D, NormKind.Rms, epsilon: 1e-6f, onePlusWeight: false));
        _output = new ResidualLayer(root.At("output_patch_embedding"), D, config.InputFfDim, Forecast.StandardLevels.Count * config.OutputPatchSize);
    }

    /// <summary>Sizes.</summary>
    public TiRexConfig Config { get; }

    /// <summary>All parameters, by the names they have in files.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>
    /// tokens [B, T, 2 patch] (scaled values, then mask) and the state before them, or null; returns the quantiles of the patch
    /// after each token [B, T, 9 patch], levels outermost, and the state after each row's last step.
    /// </summary>
    public (Tensor Quantiles, StackState State) Forward(Tensor tokens, StackState? state, Pass pass, int[]? lengths = null)
    {
        (Tensor hidden, StackState next) = Read(tokens, state, pass, lengths);
        return (Quantiles(hidden, pass), next);
    }

    /// <summary>This model as it is now, arranged to be run and not trained.</summary>
    internal TiRexModel Arranged() => Parameters.ForInference ? this : new TiRexModel(Config, ParameterSet.Arrange(Parameters));

    internal TiRexBlock Block(int index) => (TiRexBlock)_stack.Blocks[index];

    internal (Tensor Hidden, StackState State) Read(Tensor tokens, StackState? state, Pass pass, int[]? lengths = null, Func<Tensor, Tensor>? pick = null) =>
        _stack.Forward(_input.Forward(tokens, pass), state, pass, lengths, pick);

    internal Tensor Quantiles(Tensor hidden, Pass pass) => _output.Forward(hidden, pass);

    /// <summary>What each block made of the tokens: [B, T, D] for each.</summary>
    internal IReadOnlyList<Tensor> Layers(Tensor tokens, StackState? state, Pass pass, int[]? lengths = null) =>
        PatchRun.Layers(_stack, _input.Forward(tokens, pass), state, pass, lengths);

    internal StackState CreateState(int rows) => _stack.CreateState(rows);

    /// <summary>
    /// The state after 0, 1, ... patches in which everything is missing, one row each: they are the same for all series, so
    /// they are computed once, by whoever needs them first, and a short series costs no more than its own patches.
    /// </summary>
    internal StackState AfterMissing(int patches)
    {
        lock (_lock)
        {
            if (_afterMissing.Count == 0)
                _afterMissing.Add(CreateState(1));
            if (_afterMissing.Count <= patches)
            {
                using var pass = new Pass(new PassOptions(Threads: 1));
                var missing = new Tensor(new Shape(1, 1, 2 * Config.InputPatchSize));
                while (_afterMissing.Count <= patches)
                {
                    // The first step must see no state at all: it takes the gate itself as the stabiliser.
                    Tensor x = _input.Forward(missing, pass);
                    _afterMissing.Add(_stack.Forward(x, _afterMissing.Count == 1 ? null : _afterMissing[^1], pass).State.Copy());
                    pass.Reset();
                }
            }
            return _afterMissing[patches];
        }
    }

    // output(relu(hidden(x))) + residual(x)
    private sealed class ResidualLayer(ParameterScope scope, int inputs, int hidden, int outputs)
    {
        private readonly Linear _hidden = new(scope.At("hidden_layer"), inputs, hidden);
        private readonly Linear _output = new(scope.At("output_layer"), hidden, outputs);
        private readonly Linear _residual = new(scope.At("residual_layer"), inputs, outputs);

        public Tensor Forward(Tensor x, Pass pass) => Ops.Add(
            pass, _output.Forward(Ops.Activate(pass, _hidden.Forward(x, pass), Activation.Relu), pass), _residual.Forward(x, pass));
    }
}
