namespace XLstm.Classification.Tests;

/// <summary>Series whose class is how often they swing, and options that learn it in a moment.</summary>
internal static class Samples
{
    public static SequenceOptions Quick { get; } = new(Steps: 12, Batch: 4, EmbeddingDim: 16, NumBlocks: 2, NumHeads: 2, HiddenDim: 16, Patches: 8, Networks: 2);

    public static SequenceData Waves(int count, ulong seed = 1, int channels = 1)
    {
        var random = new RandomSource(seed);
        var (series, labels) = (new List<TimeSeries>(), new List<string>());
        for (int i = 0; i < count; i++)
        {
            int length = 20 + (int)random.NextInteger(20);
            double phase = random.NextDouble() * 6, rate = i % 2 == 0 ? 0.3 : 0.9;
            series.Add(new TimeSeries([.. Enumerable.Range(0, channels).Select(c => Enumerable.Range(0, length).Select(t => Math.Sin((rate * t) + phase + c)).ToArray())]));
            labels.Add(i % 2 == 0 ? "slow" : "fast");
        }
        return SequenceData.Labelled(series, labels);
    }

    public static SequenceData Rates(int count, ulong seed = 1)
    {
        SequenceData waves = Waves(count, seed);
        return SequenceData.WithTargets(waves.Series, [.. waves.Labels!.Select((l, i) => new[] { l == "slow" ? 100.0 : 200.0, i == 0 ? double.NaN : 5.0 })]);
    }
}

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("xlstm-classification-");

    public string this[string name] => Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
