using System.Text.Json.Serialization;
using XLstm.Kernels;

namespace XLstm.Classification;

/// <summary>Sizes of a <see cref="SequenceEnsemble"/>, and what its inputs and outputs mean.</summary>
/// <param name="Encoding">How series become patches.</param>
/// <param name="Classes">Names of the outputs of a classifier; null for a regressor.</param>
/// <param name="TargetMean">Of a regressor: what an output of 0 means.</param>
/// <param name="TargetUnit">Of a regressor: what an output of 1 adds to it.</param>
/// <param name="HiddenDim">Width between the two layers of the embedding.</param>
/// <param name="EmbeddingDim">D.</param>
/// <param name="NumBlocks">Blocks of each direction.</param>
/// <param name="Pattern">mLSTM to sLSTM blocks, "a:b" or "all".</param>
/// <param name="NumHeads">Heads of either cell.</param>
/// <param name="Pooling">How the outputs of all patches become one vector.</param>
/// <param name="Dropout">While training.</param>
/// <param name="Networks">Networks of the ensemble.</param>
/// <param name="Table">How the file of the training was read; null where it was no table.</param>
internal sealed record SequenceNetworkConfig(
    SequenceEncoding Encoding, string[]? Classes, double[]? TargetMean, double[]? TargetUnit, int HiddenDim, int EmbeddingDim, int NumBlocks, string Pattern, int NumHeads,
    SequencePooling Pooling, float Dropout, int Networks, SequenceTableOptions? Table = null)
{
    /// <summary>K, classes or targets.</summary>
    [JsonIgnore]
    public int Outputs => Classes?.Length ?? TargetMean!.Length;

    /// <summary>Numbers that one direction is pooled to.</summary>
    [JsonIgnore]
    public int PooledDim => Pooling == SequencePooling.MeanAndMax ? 2 * EmbeddingDim : EmbeddingDim;

    [JsonIgnore]
    public XLstmStackConfig Stack => new(
        NumBlocks, EmbeddingDim, new MLstmBlockConfig(new MLstmLayerConfig(NumHeads)),
        new SLstmBlockConfig(new SLstmLayerConfig(NumHeads), new FeedForwardConfig()), XLstmStackConfig.SlstmPositions(Pattern, NumBlocks), Dropout: Dropout);

    /// <summary>How another file is read for this network.</summary>
    [JsonIgnore]
    public SequenceTableOptions? Reading => Table is null ? null : Table with { Learned = true };

    /// <summary>Numbers of the embeddings and heads, which the networks have at least.</summary>
    [JsonIgnore]
    public long LeastParameters => Networks * (((long)Encoding.Features + EmbeddingDim) * HiddenDim + (2L * PooledDim * Outputs));

    /// <exception cref="ArgumentException">It cannot be built; the message names the key, its value and what is expected.</exception>
    public void Validate()
    {
        if (Encoding is null)
            throw new ArgumentException("there is no encoding.");
        Encoding.Validate();
        if (Classes is null == TargetMean is null || TargetMean?.Length != TargetUnit?.Length)
            throw new ArgumentException("there are neither classes nor target_mean and target_unit, or both.");
        if (Outputs is < 1 or > 65536)
            throw new ArgumentException($"there are {Outputs} outputs, expected 1 to 65536.");
        if (Classes is not null && (Classes.Any(c => c is null) || Classes.Distinct(StringComparer.Ordinal).Count() != Classes.Length))
            throw new ArgumentException("classes has a name twice, or none.");
        if ((TargetMean ?? []).Any(x => !double.IsFinite(x)) || (TargetUnit ?? []).Any(x => !double.IsFinite(x) || x <= 0))
            throw new ArgumentException("target_mean or target_unit has something that is no number.");
        if (HiddenDim is < 1 or > 65536)
            throw new ArgumentException($"hidden_dim is {HiddenDim}, expected 1 to 65536.");
        if (Networks is < 1 or > SequenceOptions.MostNetworks)
            throw new ArgumentException($"networks is {Networks}, expected 1 to {SequenceOptions.MostNetworks}.");
        if (!Enum.IsDefined(Pooling))
            throw new ArgumentException($"pooling is {Pooling}.");
        Table?.Validate();
        if (Table is { RowsAreSteps: true, Channels: { } named } && named.Count != Encoding.Channels)
            throw new ArgumentException($"table has {named.Count} channels, expected {Encoding.Channels}.");
        Stack.Validate();
    }
}

/// <summary>
/// Embedding, two xLSTM stacks that read the patches of a series from either end, pooling over its length, and a linear head: from
/// patches (<see cref="SequenceEncoding"/>) to one number for each class or target.
/// </summary>
internal sealed class SequenceNetwork
{
    private readonly SequenceNetworkConfig _config;
    private readonly Linear _hidden, _embedding, _head;
    private readonly XLstmStack _forward, _backward;

    public SequenceNetwork(SequenceNetworkConfig config, ParameterScope root)
    {
        _config = config;
        _hidden = new Linear(root.At("embedding.hidden"), config.Encoding.Features, config.HiddenDim);
        _embedding = new Linear(root.At("embedding.output"), config.HiddenDim, config.EmbeddingDim);
        _forward = new XLstmStack(root.At("forward"), config.Stack);
        _backward = new XLstmStack(root.At("backward"), config.Stack);
        _head = new Linear(root.At("head"), 2 * config.PooledDim, config.Outputs);
    }

    /// <summary>Outputs [B, K] of a batch.</summary>
    public Tensor Forward(SequenceBatch batch, Pass pass)
    {
        (Tensor patches, int[]? lengths) = batch;
        Tensor x = Ops.Dropout(pass, Ops.Activate(pass, _hidden.Forward(patches, pass), Activation.Swish), _config.Dropout);
        x = _embedding.Forward(x, pass);
        Tensor forward = Pool(_forward.Forward(x, null, pass, lengths).Output, lengths, pass);
        Tensor backward = Pool(_backward.Forward(Ops.Reverse(pass, x, lengths), null, pass, lengths).Output, lengths, pass);
        return _head.Forward(Ops.Dropout(pass, Ops.Concatenate(pass, forward, backward), _config.Dropout), pass);
    }

    // None of these asks for the order of steps: the second direction may stay in its own.
    private Tensor Pool(Tensor x, int[]? lengths, Pass pass) => _config.Pooling switch
    {
        SequencePooling.Mean => Ops.Mean(pass, x, lengths),
        SequencePooling.Max => Ops.Max(pass, x, lengths),
        SequencePooling.MeanAndMax => Ops.Concatenate(pass, Ops.Mean(pass, x, lengths), Ops.Max(pass, x, lengths)),
        _ => Ops.Last(pass, x, lengths),
    };
}
