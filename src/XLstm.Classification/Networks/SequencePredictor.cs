namespace XLstm.Classification;

/// <summary>Runs a network over many series: each gets what it would get alone.</summary>
internal static class SequencePredictor
{
    /// <summary>Patches that go through a network at a time: more cost memory and gain nothing.</summary>
    private const int BatchPatches = 4096;

    /// <summary>The outputs of each series.</summary>
    /// <exception cref="ArgumentException">A series has other channels than those of the training.</exception>
    public static float[][] Outputs(SequenceEnsemble network, IReadOnlyList<TimeSeries> series, int threads, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(series);
        SequenceEncoding encoding = network.Config.Encoding;
        for (int i = 0; i < series.Count; i++)
            if (series[i].ChannelCount != encoding.Channels)
                throw new ArgumentException($"Series {i + 1} has {series[i].ChannelCount} channels, expected {encoding.Channels} as in the training.", nameof(series));
        var outputs = new float[series.Count][];
        using var pass = new Pass(new PassOptions(Threads: threads)) { Cancellation = cancellation };
        int[] order = [.. Enumerable.Range(0, series.Count).OrderBy(i => series[i].Length).ThenBy(i => i)];
        for (int from = 0, count; from < order.Length; from += count)
        {
            cancellation.ThrowIfCancellationRequested();
            for (count = 1; from + count < order.Length && (count + 1L) * encoding.Patches(series[order[from + count]].Length) <= BatchPatches;)
                count++;
            var batch = SequenceBatch.Of(encoding, [.. order[from..(from + count)].Select(i => series[i])]);
            ReadOnlySpan<float> all = network.Forward(batch, pass).Span;
            for (int b = 0; b < count; b++)
                outputs[order[from + b]] = all.Slice(b * network.Config.Outputs, network.Config.Outputs).ToArray();
            pass.Reset();
        }
        return outputs;
    }
}
