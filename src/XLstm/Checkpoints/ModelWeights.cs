using System.Text.Json;
using XLstm.Kernels;

namespace XLstm;

/// <summary>
/// The tensors of a model under one lookup: of a directory with <c>model.safetensors</c>, an index with its shards, or
/// <c>model_0.safetensors</c>, <c>model_1.safetensors</c>, ...; of one such file; or the parameters in a file of PyTorch.
/// </summary>
public sealed class ModelWeights : IDisposable
{
    private readonly List<TensorFile> files = [];
    private readonly List<TensorInfo> tensors = [];
    private readonly Dictionary<string, Place> home = new(StringComparer.Ordinal);

    private ModelWeights(string path, IEnumerable<string> names, string prefix, string? under)
    {
        Path = path;
        try
        {
            foreach (var name in names)
                Add(name, prefix, under);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private ModelWeights(SafetensorsFile file)
    {
        Path = file.Path;
        Add(file, "", null);
    }

    private readonly record struct Place(TensorFile File, TensorInfo Info, string NameInFile);

    public string Path { get; }

    /// <summary>Every tensor, file after file: the listing of a model.</summary>
    public IEnumerable<TensorInfo> Tensors => tensors;

    /// <summary>Elements of all tensors.</summary>
    public long Count => Tensors.Sum(tensor => tensor.Count);

    /// <param name="path">A model directory, or one file of safetensors or PyTorch.</param>
    /// <param name="prefix">Taken off the names that start with it: <c>"model."</c>.</param>
    /// <param name="under">In a file of PyTorch the keys that lead to the parameters, <c>"ema.model"</c>, or "" for all tensors; null where only one place comes into question: the top, <c>state_dict</c>, <c>model_state_dict</c>, <c>model_state</c>, <c>model</c>, or else the only dictionary of tensors there.</param>
    /// <exception cref="CheckpointException">No weights there, a shard is missing, or a file does not hold together.</exception>
    public static ModelWeights Open(string path, string prefix = "", string? under = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(prefix);
        if (!Directory.Exists(path))
            return new(path, [path], prefix, under);
        var single = System.IO.Path.Combine(path, "model.safetensors");
        if (File.Exists(single))
            return new(path, [single], prefix, under);
        var index = single + ".index.json";
        if (File.Exists(index))
            return OpenIndex(path, index, prefix);
        var numbered = Numbered(path);
        return numbered.Count > 0
            ? new(path, numbered, prefix, under)
            : throw new CheckpointException(path, "the directory", "model.safetensors, model.safetensors.index.json or model_0.safetensors", "none of them");
    }

    /// <summary>The tensors of a file that is open; it is closed with these weights.</summary>
    internal static ModelWeights Of(SafetensorsFile file) => new(file);

    public bool Contains(string name) => home.ContainsKey(name);

    /// <inheritdoc cref="TensorFile.Info"/>
    public TensorInfo Info(string name) => Home(name).Info;

    /// <inheritdoc cref="TensorFile.ReadFloats"/>
    public void ReadFloats(string name, Span<float> destination)
    {
        var place = Home(name);
        place.File.ReadFloats(place.NameInFile, destination);
    }

    /// <inheritdoc cref="TensorFile.ReadBytes"/>
    public void ReadBytes(string name, Span<byte> destination)
    {
        var place = Home(name);
        place.File.ReadBytes(place.NameInFile, destination);
    }

    /// <inheritdoc cref="TensorFile.ReadInt64"/>
    public void ReadInt64(string name, Span<long> destination)
    {
        var place = Home(name);
        place.File.ReadInt64(place.NameInFile, destination);
    }

    /// <summary>A tensor [outputs, inputs] as a matrix for inference: mapped where it stands in one piece in its file, otherwise read.</summary>
    /// <remarks>The matrix may be used after these weights are closed. The file must not be changed as long as it is in use.</remarks>
    /// <exception cref="CheckpointException">No such tensor, or it is no matrix of floating-point numbers.</exception>
    public WeightMatrix Matrix(string name)
    {
        var (file, info, nameInFile) = Home(name);
        WeightFormat? stored = info.DType switch
        {
            DType.F32 or DType.F64 => WeightFormat.F32,
            DType.BF16 => WeightFormat.BF16,
            DType.F16 => WeightFormat.F16,
            var type => DTypes.Blocks(type),
        };
        if (stored is not { } format || info.Shape is not [>= 1 and <= int.MaxValue, >= 1 and <= int.MaxValue] || info.Count > int.MaxValue)
            throw new CheckpointException(file.Path, $"tensor {name}", $"a matrix of floating-point numbers, at most {int.MaxValue}", info.ToString());
        var (outputs, inputs) = ((int)info.Shape[0], (int)info.Shape[1]);
        if (info.DType != DType.F64 && file.Mapped(nameInFile) is { } bytes)
            return new(name, format, outputs, inputs, bytes);
        var values = new float[info.Count];
        file.ReadFloats(nameInFile, values);
        return WeightMatrix.Encode(name, format, outputs, inputs, values);
    }

    public void Dispose() => files.ForEach(file => file.Dispose());

    private static ModelWeights OpenIndex(string path, string index, string prefix)
    {
        var map = Index(index);
        var weights = new ModelWeights(path, map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(name => System.IO.Path.Combine(path, name)), prefix, null);
        foreach (var (tensor, shard) in map)
        {
            var found = weights.home.TryGetValue(Stripped(tensor, prefix), out var place);
            if (found && string.Equals(System.IO.Path.GetFileName(place.File.Path), shard, StringComparison.Ordinal))
                continue;
            weights.Dispose();
            throw new CheckpointException(index, $"tensor {tensor}", $"in {shard}, as the index says", found ? $"in {place.File.Path}" : "nowhere", "Index and shards are not of one model.");
        }
        return weights;
    }

    /// <summary>The files that an index names.</summary>
    internal static IReadOnlyList<string> ShardsOf(string index) => [.. Index(index).Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

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

    private void Add(string name, string prefix, string? under) => Add(IsTorch(name) ? TorchFile.Open(name) : SafetensorsFile.Open(name), prefix, under);

    private void Add(TensorFile file, string prefix, string? under)
    {
        files.Add(file);
        var start = file is TorchFile torch ? TorchParameters.Prefix(torch, under) : "";
        foreach (var tensor in file.Tensors)
        {
            if (!tensor.Name.StartsWith(start, StringComparison.Ordinal))
                continue;
            var info = tensor with { Name = Stripped(Plain(tensor.Name[start.Length..]), prefix) };
            if (!home.TryAdd(info.Name, new(file, info, tensor.Name)))
                throw new CheckpointException(file.Path, $"tensor {info.Name}", "one place that has it", $"another in {home[info.Name].File.Path}");
            tensors.Add(info);
        }
    }

    internal static bool IsTorch(string path)
    {
        if (!File.Exists(path))
            return false;
        using var file = new FileBytes(path);
        return TorchFile.LayoutOf(file) != TorchFile.Layout.None;
    }

    private static string Stripped(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;

    // A module that was saved as a whole has its parts under these attributes, a compiled one is wrapped in another.
    private static string Plain(string name)
    {
        foreach (var layer in (ReadOnlySpan<string>)["_modules.", "_parameters.", "_buffers.", "_orig_mod."])
            name = name.Replace(layer, "", StringComparison.Ordinal);
        return name;
    }

    private Place Home(string name) =>
        home.TryGetValue(name, out var place) ? place : throw new CheckpointException(Path, "the weights", $"a tensor {name}", "none of that name");
}
