using System.Text.Json;

namespace XLstm.Forecasting;

/// <summary>A forecaster of this library in one file: safetensors, with the sizes in the metadata.</summary>
internal static class ForecasterFile
{
    private const string Format = "xlstm-forecaster", Version = "1";

    public static void Write(string path, PatchNetwork network) => SafetensorsWriter.Write(
        path,
        [.. network.Parameters.Select(p => TensorToWrite.FromFloats(p.Name, [.. Enumerable.Range(0, p.Shape.Rank).Select(i => (long)p.Shape[i])], p.Span.ToArray()))],
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["format"] = Format,
            ["version"] = Version,
            ["config"] = JsonSerializer.Serialize(network.Config, ForecasterJson.Default.PatchNetworkConfig),
        });

    /// <summary>Whether the file says that it is one.</summary>
    public static bool Is(SafetensorsFile file) => file.Metadata.GetValueOrDefault("format") == Format;

    /// <summary>Reads the file, which is closed then.</summary>
    public static PatchNetwork Read(SafetensorsFile file)
    {
        using ModelWeights weights = ModelWeights.Of(file);
        if (!Is(file) || file.Metadata.GetValueOrDefault("version") != Version || !file.Metadata.TryGetValue("config", out string? text))
            throw new CheckpointException(file.Path, "metadata", $"{Format}, version {Version}, with its config", "something else");
        PatchNetworkConfig config;
        try
        {
            config = JsonSerializer.Deserialize(text, ForecasterJson.Default.PatchNetworkConfig) ?? throw new JsonException("null");
            config.Validate();
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new CheckpointException(file.Path, "metadata config", "the sizes of a forecaster", e.Message, inner: e);
        }
        // What a file claims is allocated only if the file is as large.
        if (config.LeastParameters > weights.Count)
            throw new CheckpointException(file.Path, "metadata config", $"sizes for the {weights.Count} numbers of the file", text);
        return new PatchNetwork(config, new ParameterSet(weights));
    }
}
