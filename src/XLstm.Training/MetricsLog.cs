using System.Text;
using System.Text.Json;

namespace XLstm.Training;

/// <summary>
/// One JSON object a line and step: step (updates made before), loss (before the update), mean_loss (since the last
/// validation), learning_rate, gradient_norm, tokens_per_second, and validation_loss where the step was followed by one.
/// </summary>
internal sealed class MetricsLog : IDisposable
{
    private readonly FileStream _stream;
    private readonly MemoryStream _line = new();

    private MetricsLog(FileStream stream) => _stream = stream;

    /// <summary>
    /// Opens the log of a run of which <paramref name="steps"/> steps are to stay: what comes after their last line, which
    /// the run will write again, is cut off.
    /// </summary>
    /// <exception cref="IOException">It cannot be opened or written; the message names it.</exception>
    public static MetricsLog Open(string path, long steps)
    {
        FileStream? stream = null;
        try
        {
            if (Path.GetDirectoryName(path) is { Length: > 0 } directory)
                Directory.CreateDirectory(directory);
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            if (stream.CanSeek && stream.Length > 0)
                Cut(stream, steps);
            return new MetricsLog(stream);
        }
        catch (Exception e)
        {
            stream?.Dispose();
            if (e is UnauthorizedAccessException)
                throw new IOException($"{path}: cannot be written: {e.Message}", e);
            throw;
        }
    }

    public void Write(in StepResult result, RunProgress progress, bool validated)
    {
        _line.SetLength(0);
        using (var json = new Utf8JsonWriter(_line))
        {
            json.WriteStartObject();
            json.WriteNumber("step", result.Step);
            json.WriteNumber("loss", result.Loss);
            json.WriteNumber("mean_loss", progress.MeanLoss);
            json.WriteNumber("learning_rate", result.LearningRate);
            json.WriteNumber("gradient_norm", result.GradientNorm);
            json.WriteNumber("tokens_per_second", Math.Round(progress.TokensPerSecond));
            if (validated)
                json.WriteNumber("validation_loss", progress.ValidationLoss!.Value);
            json.WriteEndObject();
        }
        _line.WriteByte((byte)'\n');
        _line.WriteTo(_stream);
        _stream.Flush();
    }

    /// <summary>Before a checkpoint: a loss of power must not leave a state whose steps have no lines.</summary>
    public void FlushToDisk() => _stream.Flush(_stream.CanSeek);

    public void Dispose()
    {
        _stream.Dispose();
        _line.Dispose();
    }

    /// <summary>The updates made before each validation of a log, and its loss; lines that cannot be read are left out.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyList<(long Step, double Loss)> Validations(string path) =>
        [.. File.ReadLines(path).Select(Read).Where(l => l.Validation is not null).Select(l => (l.Step!.Value + 1, l.Validation!.Value))];

    private static void Cut(FileStream stream, long steps)
    {
        long end = 0;
        var line = new List<byte>();
        for (int next; (next = stream.ReadByte()) >= 0;)
        {
            line.Add((byte)next);
            if (next != '\n')
                continue;
            if (Read(Encoding.UTF8.GetString([.. line])).Step < steps)
                end = stream.Position;
            line.Clear();
        }
        stream.SetLength(end);
        stream.Position = end;
    }

    // Nulls for what is no line of a log, such as one that a killed process left half written.
    private static (long? Step, double? Validation) Read(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement entry = document.RootElement;
            return entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("step", out JsonElement step) && step.TryGetInt64(out long number)
                ? (number, entry.TryGetProperty("validation_loss", out JsonElement loss) && loss.TryGetDouble(out double value) ? value : null)
                : default;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return default;
        }
    }
}
