using XLstm.Kernels;

namespace XLstm.Forecasting;

/// <summary>Sizes of a <see cref="PatchNetwork"/>.</summary>
/// <param name="Patch">P, values of a patch.</param>
/// <param name="Outputs">H, steps that every patch forecasts.</param>
/// <param name="HiddenDim">Width between the two layers of the embedding and of the head.</param>
/// <param name="EmbeddingDim">D.</param>
/// <param name="NumBlocks">Blocks.</param>
/// <param name="Pattern">mLSTM to sLSTM blocks, "a:b" or "all".</param>
/// <param name="NumHeads">Heads of either cell.</param>
internal sealed record PatchNetworkConfig(
    int Patch = 16, int Outputs = 64, int HiddenDim = 256, int EmbeddingDim = 128, int NumBlocks = 6, string Pattern = "1:1", int NumHeads = 4)
{
    [System.Text.Json.Serialization.JsonIgnore]
    public XLstmStackConfig Stack => new(
        NumBlocks, EmbeddingDim, new MLstmBlockConfig(new MLstmLayerConfig(NumHeads)),
        new SLstmBlockConfig(new SLstmLayerConfig(NumHeads), new FeedForwardConfig()), XLstmStackConfig.SlstmPositions(Pattern, NumBlocks));

    /// <summary>Numbers of the embedding and the head, which the network has at least.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public long LeastParameters => ((long)PatchReader.FeatureCount(Patch, Outputs) + EmbeddingDim) * HiddenDim + (9L * Outputs * (HiddenDim + PatchReader.FeatureCount(Patch, Outputs)));

    public void Validate()
    {
        if (Patch is < 4 or > 1024)
            throw new ArgumentException($"patch is {Patch}, expected 4 to 1024.");
        if (Outputs < Patch || Outputs > 4096 || Outputs % Patch != 0)
            throw new ArgumentException($"outputs is {Outputs}, expected a multiple of the patch, {Patch}, and at most 4096.");
        if (HiddenDim is < 1 or > 65536)
            throw new ArgumentException($"hidden_dim is {HiddenDim}, expected 1 to 65536.");
        Stack.Validate();
    }
}

/// <summary>
/// Embedding, xLSTM stack, head: from the features of each patch (<see cref="PatchReader"/>) to nine quantiles of the H steps
/// after it, in units of the series from its anchor, compressed. What the head adds to is a linear map of the features
/// that starts as "the last season again": the stack learns when and how reality differs.
/// </summary>
internal sealed class PatchNetwork
{
    private readonly Linear _hidden, _embedding, _direct, _headHidden, _head;
    private readonly XLstmStack _stack;

    public PatchNetwork(PatchNetworkConfig config, ParameterSet parameters)
    {
        (Config, Parameters) = (config, parameters);
        ParameterScope root = parameters.Root;
        int features = PatchReader.FeatureCount(config.Patch, config.Outputs), levels = Forecasting.Forecast.StandardLevels.Count;
        _hidden = new Linear(root.At("embedding.hidden"), features, config.HiddenDim);
        _embedding = new Linear(root.At("embedding.output"), config.HiddenDim, config.EmbeddingDim);
        _stack = new XLstmStack(root.At("stack"), config.Stack);
        _headHidden = new Linear(root.At("head.hidden"), config.EmbeddingDim, config.HiddenDim);
        _head = new Linear(root.At("head.output"), config.HiddenDim, levels * config.Outputs, initializer: Initializer.Normal(0.002));
        var seasonal = new float[levels * config.Outputs * features];
        for (int i = 0; i < levels * config.Outputs; i++)
            seasonal[(i * features) + PatchReader.LastSeasonAt(config.Patch) + (i % config.Outputs)] = 1;
        _direct = new Linear(root.At("direct"), features, levels * config.Outputs, initializer: Initializer.Values(seasonal));
        // Decay would pull the map away from where it starts, towards zero instead of nothing.
        if (_direct.Matrix is null)
            _direct.Weight.Decays = false;
    }

    public PatchNetworkConfig Config { get; }

    public ParameterSet Parameters { get; }

    /// <summary>This network as it is now, arranged to be run and not trained.</summary>
    public PatchNetwork Arranged() => new(Config, ParameterSet.Arrange(Parameters));

    /// <summary>The same network, with weights of its own.</summary>
    public PatchNetwork Copy()
    {
        var copy = new PatchNetwork(Config, new ParameterSet(0));
        for (int i = 0; i < Parameters.Count; i++)
            Parameters[i].Span.CopyTo(copy.Parameters[i].Span);
        return copy;
    }

    /// <summary>features [B, T, F] to quantiles [B, T, 9 H], levels outermost, and the state after each row.</summary>
    public (Tensor Quantiles, StackState State) Forward(Tensor features, StackState? state, Pass pass, int[]? lengths = null)
    {
        (Tensor h, StackState next) = Read(features, state, pass, lengths);
        return (Quantiles(h, features, pass), next);
    }

    /// <summary>features [B, T, F] through the stack [B, T, D], or what is picked of it, and the state after each row.</summary>
    public (Tensor Hidden, StackState State) Read(Tensor features, StackState? state, Pass pass, int[]? lengths = null, Func<Tensor, Tensor>? pick = null) =>
        _stack.Forward(Embed(features, pass), state, pass, lengths, pick);

    /// <summary>Quantiles [B, T, 9 H] of what <see cref="Read"/> made of features, and of these.</summary>
    public Tensor Quantiles(Tensor hidden, Tensor features, Pass pass)
    {
        hidden = Ops.Activate(pass, _headHidden.Forward(hidden, pass), Activation.Swish);
        return Ops.Add(pass, _head.Forward(hidden, pass), _direct.Forward(features, pass));
    }

    /// <summary>What each block makes of features, [B, T, D] for each.</summary>
    public IReadOnlyList<Tensor> Layers(Tensor features, StackState? state, Pass pass, int[]? lengths = null) =>
        PatchRun.Layers(_stack, Embed(features, pass), state, pass, lengths);

    /// <summary>A state of zeros.</summary>
    public StackState CreateState(int rows) => _stack.CreateState(rows);

    private Tensor Embed(Tensor features, Pass pass) => _embedding.Forward(Ops.Activate(pass, _hidden.Forward(features, pass), Activation.Swish), pass);
}
