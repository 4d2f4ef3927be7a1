using System.Runtime.InteropServices;

namespace XLstm.Forecasting;

/// <summary>The series that a run learns from, kept with it, bit for bit: series.safetensors with values F64 [all] and lengths I64 [series].</summary>
internal static class SeriesFile
{
    private const string Name = "series.safetensors";

    public static void Write(string directory, IReadOnlyList<double[]> series) => SafetensorsWriter.Write(
        Path.Combine(directory, Name),
        [
            new TensorToWrite("values", DType.F64, [series.Sum(s => (long)s.Length)], stream =>
            {
                foreach (double[] one in series)
                    stream.Write(MemoryMarshal.AsBytes(one.AsSpan()));
            }),
            TensorToWrite.FromInt64("lengths", [series.Count], series.Select(s => (long)s.Length).ToArray()),
        ]);

    /// <summary>The series of a run, or null where it has none.</summary>
    /// <exception cref="CheckpointException">The file is damaged.</exception>
    public static double[][]? Read(string directory)
    {
        string path = Path.Combine(directory, Name);
        if (!File.Exists(path))
            return null;
        using SafetensorsFile file = SafetensorsFile.Open(path);
        var lengths = new long[Count(file, "lengths", DType.I64)];
        file.ReadInt64("lengths", lengths);
        var values = new double[Count(file, "values", DType.F64)];
        if (lengths.Any(n => n < 0 || n > values.Length) || lengths.Sum() != values.Length)
            throw new CheckpointException(path, "tensor lengths", $"lengths of {values.Length} values in all", "others");
        file.ReadBytes("values", MemoryMarshal.AsBytes(values.AsSpan()));
        var series = new double[lengths.Length][];
        for (int i = 0, at = 0; i < series.Length; at += series[i++].Length)
            series[i] = values[at..(at + (int)lengths[i])];
        return series;
    }

    private static long Count(SafetensorsFile file, string name, DType type) => file.Contains(name) && file.Info(name) is { Shape.Count: 1 } info && info.DType == type
        ? info.Count
        : throw new CheckpointException(file.Path, $"tensor {name}", $"{type}, one axis", file.Contains(name) ? $"{file.Info(name)}" : "nothing");
}
