using System.Text.Json;

namespace XLstm.Classification;

/// <summary>A classifier or regressor in one file: safetensors, with sizes, units and the names of classes in the metadata.</summary>
internal static class SequenceFile
{
    /// <summary>Name of the file in the directory of a run.</summary>
    public const string Name = "classifier.safetensors";

    private const string Format = "xlstm-classifier", Version = "2";

    public static void Write(string path, SequenceEnsemble network) => SafetensorsWriter.Write(
        path,
        [.. network.Parameters.Select(p => TensorToWrite.FromFloats(p.Name, [.. Enumerable.Range(0, p.Shape.Rank).Select(i => (long)p.Shape[i])], p.Span.ToArray()))],
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["format"] = Format,
            ["version"] = Version,
            ["config"] = JsonSerializer.Serialize(network.Config, SequenceJson.Default.SequenceNetworkConfig),
        });

    /// <summary>Reads a file, or that of a directory.</summary>
    /// <exception cref="CheckpointException">It is missing, damaged, or something else.</exception>
    public static SequenceEnsemble Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
            path = Path.Combine(path, Name);
        if (!File.Exists(path))
            throw new CheckpointException(path, "the file", "a classifier or regressor", "nothing");
        SafetensorsFile file = SafetensorsFile.Open(path);
        using ModelWeights weights = ModelWeights.Of(file);
        if (file.Metadata.GetValueOrDefault("format") != Format || file.Metadata.GetValueOrDefault("version") != Version || !file.Metadata.TryGetValue("config", out string? text))
            throw new CheckpointException(path, "metadata", $"{Format}, version {Version}, with its config", "something else");
        SequenceNetworkConfig config;
        try
        {
            config = JsonSerializer.Deserialize(text, SequenceJson.Default.SequenceNetworkConfig) ?? throw new JsonException("null");
            config.Validate();
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new CheckpointException(path, "metadata config", "the sizes of a classifier or regressor", e.Message, inner: e);
        }
        // What a file claims is allocated only if the file is as large.
        if (config.LeastParameters > weights.Count)
            throw new CheckpointException(path, "metadata config", $"sizes for the {weights.Count} numbers of the file", text);
        var network = new SequenceEnsemble(config, new ParameterSet(weights));
        foreach (Parameter parameter in network.Parameters)
            if (!Kernels.Elementwise.AllFinite(parameter.Span))
                throw new CheckpointException(path, $"tensor {parameter.Name}", "numbers", "one that is not finite");
        return network;
    }
}
