using System.Runtime.InteropServices;
using System.Text.Json;

namespace XLstm.Classification;

/// <summary>
/// What a run learns from, kept with it, bit for bit: data.safetensors with values F64 [all], lengths I64 [series], the number of channels, and labels I64 [series]
/// with the names of classes in the metadata, or targets F64 [series, K]; in the metadata how a table was read.
/// </summary>
internal static class DataFile
{
    private const string Name = "data.safetensors";

    public static void Write(string directory, SequenceData data)
    {
        var tensors = new List<TensorToWrite>
        {
            new("values", DType.F64, [data.Series.Sum(s => (long)s.Length * s.ChannelCount)], stream =>
            {
                foreach (double[] channel in data.Series.SelectMany(s => s.Channels))
                    stream.Write(MemoryMarshal.AsBytes(channel.AsSpan()));
            }),
            TensorToWrite.FromInt64("lengths", [data.Series.Count], data.Series.Select(s => (long)s.Length).ToArray()),
            TensorToWrite.FromInt64("channels", [1], new long[] { data.Series[0].ChannelCount }),
        };
        string[] classes = [.. data.Classes];
        if (data.Labels is { } labels)
            tensors.Add(TensorToWrite.FromInt64("labels", [labels.Count], labels.Select(l => (long)Array.IndexOf(classes, l)).ToArray()));
        if (data.Targets is { } targets)
            tensors.Add(new TensorToWrite("targets", DType.F64, [targets.Count, targets[0].Length], stream =>
            {
                foreach (double[] target in targets)
                    stream.Write(MemoryMarshal.AsBytes(target.AsSpan()));
            }));
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["classes"] = JsonSerializer.Serialize(classes, SequenceJson.Default.StringArray) };
        if (data.Table is not null)
            metadata.Add("table", JsonSerializer.Serialize(data.Table, SequenceJson.Default.SequenceTableOptions));
        SafetensorsWriter.Write(Path.Combine(directory, Name), tensors, metadata);
    }

    /// <exception cref="CheckpointException">The file is missing or damaged.</exception>
    public static SequenceData Read(string directory)
    {
        string path = Path.Combine(directory, Name);
        if (!File.Exists(path))
            throw new CheckpointException(path, "the file", "the series of the run", "nothing");
        using SafetensorsFile file = SafetensorsFile.Open(path);
        long[] lengths = Integers(file, "lengths"), channels = Integers(file, "channels");
        double[] values = Doubles(file, "values");
        if (channels is not [>= 1 and <= 4096] || lengths.Any(n => n < 0 || n > values.Length) || lengths.Sum() * channels[0] != values.Length)
            throw new CheckpointException(path, "tensor lengths", $"lengths of {values.Length} values in all", "others");
        var series = new TimeSeries[lengths.Length];
        for (int i = 0, at = 0; i < series.Length; i++)
        {
            var own = new double[channels[0]][];
            for (int c = 0; c < own.Length; c++, at += (int)lengths[i])
                own[c] = values[at..(at + (int)lengths[i])];
            series[i] = new TimeSeries(own);
        }
        try
        {
            SequenceTableOptions? table = file.Metadata.TryGetValue("table", out string? read) ? JsonSerializer.Deserialize(read, SequenceJson.Default.SequenceTableOptions) : null;
            if (file.Contains("targets"))
            {
                double[] targets = Doubles(file, "targets");
                return SequenceData.WithTargets(series, [.. targets.Chunk(Math.Max(1, targets.Length / Math.Max(1, series.Length)))]).With([], null, table);
            }
            string[] classes = JsonSerializer.Deserialize(file.Metadata.GetValueOrDefault("classes", "[]"), SequenceJson.Default.StringArray) ?? [];
            long[] labels = Integers(file, "labels");
            if (labels.Any(l => l < 0 || l >= classes.Length))
                throw new CheckpointException(path, "tensor labels", $"indices of the {classes.Length} classes", "others");
            return SequenceData.Labelled(series, [.. labels.Select(l => classes[l])]).With([], null, table);
        }
        catch (Exception e) when (e is ArgumentException or JsonException)
        {
            throw new CheckpointException(path, "the file", "the series of a run", e.Message, inner: e);
        }
    }

    private static long[] Integers(SafetensorsFile file, string name)
    {
        var values = new long[Count(file, name, DType.I64)];
        file.ReadInt64(name, values);
        return values;
    }

    private static double[] Doubles(SafetensorsFile file, string name)
    {
        var values = new double[Count(file, name, DType.F64)];
        file.ReadBytes(name, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private static long Count(SafetensorsFile file, string name, DType type) => file.Contains(name) && file.Info(name) is { } info && info.DType == type
        ? info.Count
        : throw new CheckpointException(file.Path, $"tensor {name}", $"{type}", file.Contains(name) ? $"{file.Info(name)}" : "nothing");
}
