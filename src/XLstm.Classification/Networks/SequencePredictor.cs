using System.Collections.Concurrent;

namespace XLstm.Classification;

/// <summary>Runs a network that is not trained any further over many series: each gets what it would get alone. Thread-safe.</summary>
internal sealed class SequencePredictor(SequenceEnsemble network)
{
    /// <summary>Patches that go through a network at a time: more cost memory and gain nothing.</summary>
    private const int BatchPatches = 4096;

    private readonly SequenceEnsemble _arranged = new(network.Config, ParameterSet.Arrange(network.Parameters));
    private readonly ConcurrentDictionary<int, KeptPass> _passes = new();

    /// <summary>What was given.</summary>
    public SequenceEnsemble Network => network;

    /// <summary>The outputs of each series.</summary>
    /// <exception cref="ArgumentException">A series has other channels than those of the training.</exception>
    public float[][] Outputs(IReadOnlyList<TimeSeries> series, int threads, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(series);
        SequenceEncoding encoding = network.Config.Encoding;
        for (int i = 0; i < series.Count; i++)
            if (series[i].ChannelCount != encoding.Channels)
                throw new ArgumentException($"Series {i + 1} has {series[i].ChannelCount} channels, expected {encoding.Channels} as in the training.", nameof(series));
        var outputs = new float[series.Count][];
        using KeptPass.Loan loan = _passes.GetOrAdd(threads, count => new KeptPass(new PassOptions(Threads: count))).Take(cancellation);
        Pass pass = loan.Pass;
        int[] order = [.. Enumerable.Range(0, series.Count).OrderBy(i => series[i].Length).ThenBy(i => i)];
        for (int from = 0, count; from < order.Length; from += count)
        {
            cancellation.ThrowIfCancellationRequested();
            for (count = 1; from + count < order.Length && (count + 1L) * encoding.Patches(series[order[from + count]].Length) <= BatchPatches;)
                count++;
            var batch = SequenceBatch.Of(encoding, [.. order[from..(from + count)].Select(i => series[i])]);
            ReadOnlySpan<float> all = _arranged.Forward(batch, pass).Span;
            for (int b = 0; b < count; b++)
                outputs[order[from + b]] = all.Slice(b * network.Config.Outputs, network.Config.Outputs).ToArray();
            pass.Reset();
        }
        return outputs;
    }
}
