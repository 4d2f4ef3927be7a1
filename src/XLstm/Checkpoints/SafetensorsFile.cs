namespace XLstm;

/// <summary>A safetensors file.</summary>
public sealed class SafetensorsFile : TensorFile
{
    private readonly Dictionary<string, SafetensorsHeader.Entry> entries;
    private readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);

    private SafetensorsFile(string path, FileBytes? bytes = null) : base(path, bytes)
    {
        try
        {
            entries = SafetensorsHeader.Read(File, path, metadata);
            QuantizedTensors.Find(path, metadata, entries);
        }
        catch
        {
            Dispose();
            throw;
        }
        Tensors = [.. entries.Values.OrderBy(e => e.Offset).ThenBy(e => e.Info.Name, StringComparer.Ordinal).Select(e => e.Info)];
    }

    /// <summary>All tensors, in the order of their bytes in the file.</summary>
    public override IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>The texts that the writer of the file added.</summary>
    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <exception cref="CheckpointException">No such file, or its header does not hold together.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return System.IO.File.Exists(path) ? new(path) : throw new CheckpointException(path, "the file", "a safetensors file", "nothing");
    }

    /// <summary>A file that is in memory, such as one inside an assembly; <paramref name="name"/> is what errors call it.</summary>
    internal static SafetensorsFile Of(string name, ReadOnlyMemory<byte> bytes) => new(name, new FileBytes(name, bytes));

    public override bool Contains(string name) => entries.ContainsKey(name);

    public override TensorInfo Info(string name) => Entry(name).Info;

    internal override ReadOnlyMemory<byte>? Mapped(string name) => File.Mapped(Entry(name).Offset, Entry(name).Info.ByteLength);

    private protected override void ReadElements(string name, long first, Span<byte> destination)
    {
        var entry = Entry(name);
        File.Read(entry.Offset + (first * DTypes.Size(entry.Info.DType)), destination);
    }

    private protected override bool IsWhole(string name) => true;

    private SafetensorsHeader.Entry Entry(string name) =>
        entries.TryGetValue(name, out var entry) ? entry : throw new CheckpointException(Path, "the file", $"a tensor {name}", "none of that name");
}
