using System.Text.Json;

namespace XLstm.Training;

/// <summary>
/// One JSON object a line and step: step (updates made before), loss (before the update), mean_loss (since the last
/// validation), learning_rate, gradient_norm, tokens_per_second, and validation_loss where the step was followed by one.
/// </summary>
internal sealed class MetricsLog : IDisposable
{
    private readonly FileStream _stream;

    private MetricsLog(FileStream stream) => _stream = stream;

    /// <summary>Opens the log of a run that stands at <paramref name="step"/>: lines of later steps, which the run will write again, are dropped.</summary>
    public static MetricsLog Open(string path, long step)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } directory)
            Directory.CreateDirectory(directory);
        if (step == 0)
            return new MetricsLog(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read));
        string[] kept = File.Exists(path) ? [.. File.ReadLines(path).Where(line => StepOf(line) is { } s && s < step)] : [];
        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
            foreach (string line in kept)
                writer.WriteLine(line);
        });
        return new MetricsLog(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read));
    }

    public void Write(in StepResult result, double mean, double tokensPerSecond, double? validation)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("step", result.Step);
            json.WriteNumber("loss", result.Loss);
            json.WriteNumber("mean_loss", mean);
            json.WriteNumber("learning_rate", result.LearningRate);
            json.WriteNumber("gradient_norm", result.GradientNorm);
            json.WriteNumber("tokens_per_second", Math.Round(tokensPerSecond));
            if (validation is { } v)
                json.WriteNumber("validation_loss", v);
            json.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        buffer.WriteTo(_stream);
        _stream.Flush();
    }

    public void Dispose() => _stream.Dispose();

    private static long? StepOf(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return document.RootElement.TryGetProperty("step", out JsonElement step) && step.TryGetInt64(out long value) ? value : null;
        }
        catch (JsonException)
        {
            return null; // the line that a killed process left half written
        }
    }
}
