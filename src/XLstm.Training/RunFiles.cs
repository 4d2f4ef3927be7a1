using System.Text.Json;
using System.Text.Json.Serialization;

namespace XLstm.Training;

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(RunOptions))]
[JsonSerializable(typeof(RunPosition))]
internal sealed partial class RunJson : JsonSerializerContext;

/// <summary>Where a run stands; kept inside the state file, so that weights, moments and position are written in one step.</summary>
internal sealed record RunPosition(
    long Step, long TotalSteps, double ElapsedSeconds, double MeanSum, long MeanCount, double? Validation, double? BestValidation, long BestStep, int WithoutImprovement);

/// <summary>The files of a run's directory.</summary>
internal static class RunFiles
{
    public static string Options(string directory) => Path.Combine(directory, "run.json");

    public static string State(string directory) => Path.Combine(directory, "state.safetensors");

    public static string Weights(string directory) => Path.Combine(directory, "model.safetensors");

    public static void WriteOptions(string directory, RunOptions options) =>
        AtomicFile.Write(Options(directory), stream => JsonSerializer.Serialize(stream, options, RunJson.Default.RunOptions));

    public static RunOptions ReadOptions(string directory)
    {
        string path = Options(directory);
        if (!File.Exists(path))
            throw new CheckpointException(path, "the file", "a run to resume", "nothing", "Start a run first.");
        try
        {
            using FileStream stream = File.OpenRead(path);
            RunOptions options = JsonSerializer.Deserialize(stream, RunJson.Default.RunOptions) ?? throw new JsonException("null");
            options.Validate();
            return options;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new CheckpointException(path, "the file", "the options of a run", e.Message, inner: e);
        }
    }

    public static void WriteState(string directory, ParameterSet parameters, AdamWOptimizer optimizer, RunPosition position)
    {
        List<TensorToWrite> tensors = [.. parameters.Select(p => ToWrite($"parameter.{p.Name}", p, p.Span.ToArray()))];
        tensors.AddRange(optimizer.Moments().Select(m => ToWrite(m.Name, m.Parameter, m.Values)));
        SafetensorsWriter.Write(State(directory), tensors, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["format"] = "xlstm-net-run",
            ["version"] = "1",
            ["position"] = JsonSerializer.Serialize(position, RunJson.Default.RunPosition),
        });
    }

    public static RunPosition ReadState(string directory, ParameterSet parameters, AdamWOptimizer optimizer)
    {
        string path = State(directory);
        if (!File.Exists(path))
            throw new CheckpointException(path, "the file", "the state of a run", "nothing", "The run ended before its first checkpoint; start it again.");
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (file.Metadata.GetValueOrDefault("format") != "xlstm-net-run" || file.Metadata.GetValueOrDefault("version") != "1" || !file.Metadata.TryGetValue("position", out string? text))
            throw new CheckpointException(path, "metadata", "a run of version 1", "something else");
        foreach (Parameter parameter in parameters)
            Read(file, path, $"parameter.{parameter.Name}", parameter, parameter.Span);
        foreach ((string name, Parameter parameter, float[] values) in optimizer.Moments())
            Read(file, path, name, parameter, values);
        try
        {
            RunPosition position = JsonSerializer.Deserialize(text, RunJson.Default.RunPosition) ?? throw new JsonException("null");
            if (position.Step < 0)
                throw new JsonException($"step {position.Step}");
            optimizer.Step = position.Step;
            return position;
        }
        catch (JsonException e)
        {
            throw new CheckpointException(path, "metadata position", "where the run stands", e.Message, inner: e);
        }
    }

    private static void Read(SafetensorsFile file, string path, string name, Parameter parameter, Span<float> destination)
    {
        if (!file.Contains(name) || file.Info(name).Count != parameter.Length)
            throw new CheckpointException(path, $"tensor {name}", parameter.Shape.ToString(), file.Contains(name) ? $"{file.Info(name)}" : "nothing", "The state belongs to another model.");
        file.ReadFloats(name, destination);
    }

    private static TensorToWrite ToWrite(string name, Parameter parameter, float[] values) => TensorToWrite.FromFloats(
        name, [.. Enumerable.Range(0, parameter.Shape.Rank).Select(i => (long)parameter.Shape[i])], values);
}
