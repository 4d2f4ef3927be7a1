using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace XLstm.Training;

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(RunOptions))]
[JsonSerializable(typeof(RunPosition))]
internal sealed partial class RunJson : JsonSerializerContext;

/// <summary>Where a run stands; kept inside the state file, so that weights, moments and position are written in one step.</summary>
/// <param name="Data">Fingerprint of the text or batch.</param>
/// <param name="Step">Updates made.</param>
/// <param name="Logged">Steps whose log line is written: one less than <paramref name="Step"/> in the validation after a step.</param>
/// <param name="Last">What the last step reported.</param>
/// <param name="PlannedSteps">Steps in all, of a run limited by time.</param>
/// <param name="ElapsedSeconds">Time spent.</param>
/// <param name="MeanSum">Sum of the losses since the last validation.</param>
/// <param name="MeanCount">Number of these losses.</param>
/// <param name="Validation">Last validation.</param>
/// <param name="BestValidation">Best validation.</param>
/// <param name="WithoutImprovement">Validations since the best.</param>
/// <param name="FirstValidation">Validation before the first step.</param>
internal sealed record RunPosition(
    string Data, long Step = 0, long Logged = 0, StepResult? Last = null, long PlannedSteps = 0, double ElapsedSeconds = 0,
    double MeanSum = 0, long MeanCount = 0, double? Validation = null, double? BestValidation = null, int WithoutImprovement = 0,
    double? FirstValidation = null);

/// <summary>The files of a run's directory.</summary>
internal static class RunFiles
{
    private const string Format = "xlstm-net-run", Version = "2";

    public static string Options(string directory) => Path.Combine(directory, "run.json");

    public static string State(string directory) => Path.Combine(directory, "state.safetensors");

    public static string Weights(string directory) => Path.Combine(directory, "model.safetensors");

    public static string Log(string directory) => Path.Combine(directory, "log.jsonl");

    /// <summary>Holds the run until disposed: two processes that train one run would destroy it.</summary>
    /// <exception cref="IOException">Another process holds it, or the directory cannot be written.</exception>
    public static IDisposable Hold(string directory)
    {
        string path = Path.Combine(directory, ".lock");
        try
        {
            Directory.CreateDirectory(directory);
            // The system lets go of it when the process ends, however it ends.
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(File.Exists(path) ? $"{directory}: another process trains this run: {e.Message}" : $"{directory}: cannot be written: {e.Message}", e);
        }
    }

    /// <summary>
    /// Replaces the run of a directory by the files that <paramref name="write"/> puts into a folder. They take their places
    /// only when all are written, so that a full disk leaves the old run as it was; a process killed while they do leaves no
    /// state, which says so, rather than a mixture of two runs.
    /// </summary>
    public static void Replace(string directory, Action<string> write)
    {
        string fresh = Path.Combine(directory, ".new");
        using IDisposable held = Hold(directory);
        try
        {
            if (Directory.Exists(fresh))
                Directory.Delete(fresh, recursive: true);
            write(fresh);
            foreach (string old in new[] { State(directory), Weights(directory), Log(directory), Path.Combine(directory, TextTokenizer.FileName) })
                File.Delete(old);
            foreach (string file in Directory.GetFiles(fresh).OrderBy(f => string.Equals(f, State(fresh), StringComparison.Ordinal)))
                File.Move(file, Path.Combine(directory, Path.GetFileName(file)), overwrite: true);
            Directory.Delete(fresh);
        }
        catch (Exception e)
        {
            if (Directory.Exists(fresh))
                Directory.Delete(fresh, recursive: true);
            if (e is UnauthorizedAccessException)
                throw new IOException($"{directory}: cannot be written: {e.Message}", e);
            throw;
        }
    }

    public static void WriteOptions<T>(string directory, T options, JsonTypeInfo<T> type) =>
        AtomicFile.Write(Options(directory), stream => JsonSerializer.Serialize(stream, options, type));

    public static T ReadOptions<T>(string directory, JsonTypeInfo<T> type, Action<T> validate)
    {
        string path = Options(directory);
        if (!File.Exists(path))
            throw new CheckpointException(path, "the file", "a run to resume", "nothing", "Start a run first.");
        try
        {
            using FileStream stream = File.OpenRead(path);
            T options = JsonSerializer.Deserialize(stream, type) ?? throw new JsonException("null");
            validate(options);
            return options;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new CheckpointException(path, "the file", "the options of a run", Found(e), "A run cannot go on without them: remove the directory, and start it again.", e);
        }
    }

    public static void WriteState(string directory, AdamWOptimizer optimizer, RunPosition position) =>
        ChecksummedFile.Write(
            State(directory), [.. optimizer.Tensors().Select(t => (t.Name, t.Values))], new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["format"] = Format,
                ["version"] = Version,
                ["position"] = JsonSerializer.Serialize(position, RunJson.Default.RunPosition),
            });

    public static RunPosition ReadState(string directory, AdamWOptimizer optimizer)
    {
        string path = State(directory);
        if (!File.Exists(path))
            throw new CheckpointException(path, "the file", "the state of a run", "nothing", "The run ended before its first checkpoint, or the file was removed: remove the directory, and start it again.");
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (file.Metadata.GetValueOrDefault("format") != Format || file.Metadata.GetValueOrDefault("version") != Version || !file.Metadata.TryGetValue("position", out string? text))
            throw new CheckpointException(path, "metadata", $"a run of version {Version}", "something else", "Another version of this library wrote it, or another program.");
        RunPosition position = ReadPosition(path, text);
        ChecksummedFile.Check(file, "take another copy of it, or remove the directory, and start the run again.");
        foreach ((string name, Parameter parameter, Tensor values) in optimizer.Tensors())
        {
            if (!file.Contains(name) || !file.Info(name).Shape.SequenceEqual(ChecksummedFile.Sizes(parameter.Shape)))
                throw new CheckpointException(path, $"tensor {name}", parameter.Shape.ToString(), file.Contains(name) ? $"{file.Info(name)}" : "nothing", "The state belongs to another model.");
            file.ReadFloats(name, values.Span);
        }
        optimizer.Step = position.Step;
        return position;
    }

    /// <summary>What a file of JSON has instead of what was expected, without the parser's own words.</summary>
    public static string Found(Exception e) => e is JsonException { LineNumber: { } line } ? $"text that breaks off or is none in line {line + 1}" : e.Message;

    private static RunPosition ReadPosition(string path, string text)
    {
        try
        {
            RunPosition position = JsonSerializer.Deserialize(text, RunJson.Default.RunPosition) ?? throw new JsonException("null");
            bool whole = position.Step >= 0 && position.Step - position.Logged is 0 or 1 && (position.Step == 0 || position.Last is not null);
            return whole ? position : throw new JsonException(text);
        }
        catch (JsonException e)
        {
            throw new CheckpointException(path, "metadata position", "where the run stands", e.Message, inner: e);
        }
    }
}
