using System.Text.Json;

namespace XLstm;

/// <summary>The tensors of a model directory under one lookup: <c>model.safetensors</c>, an index with its shards, or <c>model_0.safetensors</c>, <c>model_1.safetensors</c>, ...</summary>
public sealed class ModelWeights : IDisposable
{
    private readonly List<SafetensorsFile> files = [];
    private readonly Dictionary<string, SafetensorsFile> home = new(StringComparer.Ordinal);

    private ModelWeights(string path, IEnumerable<string> names)
    {
        Path = path;
        try
        {
            foreach (var name in names)
                Add(SafetensorsFile.Open(name));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Path { get; }

    /// <summary>Every tensor, file after file: the listing of a model.</summary>
    public IEnumerable<TensorInfo> Tensors => files.SelectMany(file => file.Tensors);

    /// <summary>Elements of all tensors.</summary>
    public long Count => Tensors.Sum(tensor => tensor.Count);

    /// <param name="path">A model directory, or one safetensors file.</param>
    /// <exception cref="CheckpointException">No weights there, a shard is missing, or a file does not hold together.</exception>
    public static ModelWeights Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Directory.Exists(path))
            return new(path, [path]);
        var single = System.IO.Path.Combine(path, "model.safetensors");
        if (File.Exists(single))
            return new(path, [single]);
        var index = single + ".index.json";
        if (File.Exists(index))
            return OpenIndex(path, index);
        var numbered = Numbered(path);
        return numbered.Count > 0
            ? new(path, numbered)
            : throw new CheckpointException(path, "the directory", "model.safetensors, model.safetensors.index.json or model_0.safetensors", "none of them");
    }

    public bool Contains(string name) => home.ContainsKey(name);

    /// <inheritdoc cref="SafetensorsFile.Info"/>
    public TensorInfo Info(string name) => Home(name).Info(name);

    /// <inheritdoc cref="SafetensorsFile.ReadFloats"/>
    public void ReadFloats(string name, Span<float> destination) => Home(name).ReadFloats(name, destination);

    /// <inheritdoc cref="SafetensorsFile.ReadInt64"/>
    public void ReadInt64(string name, Span<long> destination) => Home(name).ReadInt64(name, destination);

    public void Dispose() => files.ForEach(file => file.Dispose());

    private static ModelWeights OpenIndex(string path, string index)
    {
        var map = Index(index);
        var weights = new ModelWeights(path, map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(name => System.IO.Path.Combine(path, name)));
        foreach (var (tensor, shard) in map)
        {
            if (weights.home.TryGetValue(tensor, out var file) && string.Equals(System.IO.Path.GetFileName(file.Path), shard, StringComparison.Ordinal))
                continue;
            weights.Dispose();
            throw new CheckpointException(index, $"tensor {tensor}", $"in {shard}, as the index says", file is null ? "nowhere" : $"in {file.Path}", "Index and shards are not of one model.");
        }
        return weights;
    }

    private static Dictionary<string, string> Index(string index)
    {
        var root = ConfigDocument.Read(index);
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
            throw new CheckpointException(index, "weight_map", "an object of tensor to shard", "nothing");
        var shards = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in map.EnumerateObject())
        {
            var shard = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : "";
            // An index from elsewhere may not point out of its own directory.
            if (shard is "" or "." or ".." || shard.AsSpan().IndexOfAny('/', '\\', ':') >= 0)
                throw new CheckpointException(index, $"weight_map.{property.Name}", "the name of a file beside the index", property.Value.GetRawText());
            shards.Add(property.Name, shard);
        }
        return shards;
    }

    private static List<string> Numbered(string path)
    {
        string Name(int i) => System.IO.Path.Combine(path, $"model_{i}.safetensors");
        var found = Enumerable.Range(0, int.MaxValue).Select(Name).TakeWhile(File.Exists).ToList();
        // A gap means a shard that was not copied: better said now than as a missing tensor.
        var total = Directory.EnumerateFiles(path, "model_*.safetensors").Count();
        return found.Count == total ? found : throw new CheckpointException(path, "the shards", $"model_0.safetensors to model_{total - 1}.safetensors", $"no model_{found.Count}.safetensors");
    }

    private void Add(SafetensorsFile file)
    {
        files.Add(file);
        foreach (var tensor in file.Tensors)
        {
            if (!home.TryAdd(tensor.Name, file))
                throw new CheckpointException(file.Path, $"tensor {tensor.Name}", "one shard that has it", $"another in {home[tensor.Name].Path}");
        }
    }

    private SafetensorsFile Home(string name) =>
        home.TryGetValue(name, out var file) ? file : throw new CheckpointException(Path, "the weights", $"a tensor {name}", "none of that name");
}
