namespace XLstm.Classification;

/// <summary>
/// Networks that differ by their first weights and by the batches they learned from; the answer is the mean of their outputs. They err at
/// different places: the mean is better than each of them in the mean (deep ensembles, arXiv 1612.01474).
/// </summary>
internal sealed class SequenceEnsemble
{
    public SequenceEnsemble(SequenceNetworkConfig config, ParameterSet parameters)
    {
        (Config, Parameters) = (config, parameters);
        Networks = [.. Enumerable.Range(0, config.Networks).Select(n => new SequenceNetwork(config, parameters.Root.At($"networks.{n}")))];
    }

    public SequenceNetworkConfig Config { get; }

    public ParameterSet Parameters { get; }

    public IReadOnlyList<SequenceNetwork> Networks { get; }

    /// <summary>The mean output [B, K] of a batch.</summary>
    public Tensor Forward(SequenceBatch batch, Pass pass)
    {
        Tensor? sum = null;
        foreach (SequenceNetwork network in Networks)
        {
            long mark = pass.Rents;
            Tensor output = network.Forward(batch, pass);
            if (!pass.Record)
                pass.ReturnSince(mark, output, null);
            sum = sum is null ? output : Ops.Add(pass, sum, output);
        }
        return Networks.Count == 1 ? sum! : Ops.Scale(pass, sum!, 1f / Networks.Count);
    }
}
