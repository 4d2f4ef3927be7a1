using System.Buffers.Binary;
using System.Numerics;
using System.Text.Json;

namespace XLstm;

/// <summary>
/// A file that <c>torch.save</c> wrote: a zip archive (since PyTorch 1.6) or the pickles and storages in a row of before. Its
/// pickle is read as data, nothing in it is executed.
/// </summary>
public sealed class TorchFile : TensorFile
{
    private const string Advice = "Fetch or write the file again, or save it as safetensors.";

    private const int FirstBytes = 32;

    private static readonly byte[] MagicBytes = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

    private readonly TorchNames names;
    private readonly bool bigEndian;

    private TorchFile(string path) : base(path)
    {
        try
        {
            Root = LayoutOf(File) switch
            {
                Layout.Archive => ReadArchive(out bigEndian),
                Layout.Row => ReadRow(),
                _ => throw new CheckpointException(path, "the file", "a file of torch.save", "other bytes at its start", "A plain pickle or an older format has no tensors that could be found."),
            };
            names = new(Root, path, File.Length);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What was saved.</summary>
    public TorchNode Root { get; }

    /// <summary>All tensors, in the order of the tree; named by the keys, attributes and places that lead to them, such as <c>state_dict.head.weight</c> or <c>optimizers.0.step</c>; what a class was called with is below <c>args</c>.</summary>
    public override IReadOnlyList<TensorInfo> Tensors => names.Tensors;

    /// <exception cref="CheckpointException">No such file, or it does not hold together.</exception>
    public static TorchFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return System.IO.File.Exists(path) ? new(path) : throw new CheckpointException(path, "the file", "a file of torch.save", "nothing");
    }

    public override bool Contains(string name) => names.Find(name) is not null;

    public override TensorInfo Info(string name) => Named(name).Info;

    /// <summary>A part of the tree as JSON, for configurations: lists and tuples are arrays, objects their attributes (those of OmegaConf their values), numbers that are not finite, tensors and bytes a text that names them.</summary>
    /// <exception cref="CheckpointException">The part is more than 64 levels deep, stands within itself, or has keys that are no texts or numbers.</exception>
    public JsonElement ToJson(TorchNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return new TorchJson(Path, File.Length).Write(node);
    }

    internal enum Layout
    {
        None,
        Archive,
        Row,
    }

    /// <summary>What the first bytes say.</summary>
    internal static Layout LayoutOf(FileBytes file)
    {
        Span<byte> first = stackalloc byte[FirstBytes];
        first = first[..(int)Math.Min(file.Length, first.Length)];
        file.Read(0, first);
        return first.StartsWith("PK\u0003\u0004"u8) ? Layout.Archive
            // Less would not do: a header of safetensors may be as many bytes long as a pickle's first two say.
            : first is [0x80, ..] && first.IndexOf(MagicBytes) > 0 ? Layout.Row : Layout.None;
    }

    private protected override void ReadElements(string name, long first, Span<byte> destination)
    {
        var tensor = Named(name).Tensor;
        tensor.Read(first, destination, Path);
        if (!bigEndian)
            return;
        for (var size = DTypes.Size(tensor.DType); !destination.IsEmpty; destination = destination[size..])
            destination[..size].Reverse();
    }

    private protected override bool IsWhole(string name) => Named(name).Tensor.IsRowMajor();

    private (TensorInfo Info, TorchTensor Tensor) Named(string name) =>
        names.Find(name) ?? throw new CheckpointException(Path, "the file", $"a tensor {name}", "none of that name");

    private TorchNode ReadArchive(out bool swapped)
    {
        var entries = ZipArchiveLayout.Read(File, Path);
        var pickles = entries.Keys.Where(name => name.EndsWith("/data.pkl", StringComparison.Ordinal)).ToList();
        if (pickles is not [var pickle])
            throw new CheckpointException(Path, "the archive", "one data.pkl, in a folder", $"{pickles.Count}", Advice);
        var folder = pickle[..^"data.pkl".Length];
        swapped = entries.TryGetValue(folder + "byteorder", out var order) && IsBig(order);
        var (root, storages) = ReadPickle(entries[pickle], "data.pkl", 0, out _);
        foreach (var storage in storages)
        {
            if (!entries.TryGetValue($"{folder}data/{storage.Key}", out var region))
                throw new CheckpointException(Path, $"storage {Shortened(storage.Key)}", "an entry of the archive", "none", Advice);
            Place(storage, region);
        }
        return root;
    }

    private bool IsBig(FileRegion order)
    {
        Span<byte> text = stackalloc byte[8];
        text = text[..(int)Math.Min(order.Length, text.Length)];
        order.Read(0, text);
        if (text.SequenceEqual("big"u8) || text.SequenceEqual("little"u8))
            return text[0] == 'b';
        throw new CheckpointException(Path, "byteorder", "little or big", $"{order.Length} other bytes", Advice);
    }

    // Magic number, version, facts of the machine, what was saved, keys of the storages; then for each key a count and the elements.
    private TorchNode ReadRow()
    {
        var whole = new FileRegion(File, Path, "the file", 0, File.Length);
        var (magic, _) = ReadPickle(whole, "the magic number", 0, out var at);
        if (magic.Content is not BigInteger number || number != new BigInteger(MagicBytes))
            throw new CheckpointException(Path, "the file", "the magic number of torch.save", $"{magic}", Advice);
        var (version, _) = ReadPickle(whole, "the version", at, out at);
        if (version.Whole != 1001)
            throw new CheckpointException(Path, "the version", "1001", $"{version}", Advice);
        ReadPickle(whole, "the facts of the machine", at, out at);
        var (root, storages) = ReadPickle(whole, "the pickle", at, out at);
        var (keys, _) = ReadPickle(whole, "the keys of the storages", at, out at);
        var byKey = storages.GroupBy(storage => storage.Key, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.ToList(), StringComparer.Ordinal);
        Span<byte> count = stackalloc byte[8];
        foreach (var node in keys.Items)
        {
            if (node.Text is not { } key || !byKey.Remove(key, out var group))
                throw new CheckpointException(Path, "the keys of the storages", "those that the pickle names, each once", $"{node}", Advice);
            whole.Read(at, count);
            at += count.Length;
            var bytes = (Int128)BinaryPrimitives.ReadInt64LittleEndian(count) * group[0].ElementBytes;
            if (bytes < 0 || bytes > File.Length - at)
                throw new CheckpointException(Path, $"storage {Shortened(key)}", $"at most the {File.Length - at} bytes that follow", $"{bytes}", Advice);
            var region = new FileRegion(File, Path, $"storage {Shortened(key)}", at, (long)bytes);
            at += (long)bytes;
            group.ForEach(storage => Place(storage, region));
        }
        if (byKey.Count > 0)
            throw new CheckpointException(Path, $"storage {Shortened(byKey.Keys.First())}", "among the keys of the storages", "nothing", Advice);
        return root;
    }

    private (TorchNode Root, List<TorchStorage> Storages) ReadPickle(FileRegion region, string name, long from, out long end)
    {
        var input = new ByteReader(region, Path, name, from);
        var calls = new TorchCalls(input, File.Length);
        var root = new PickleReader(input, calls).Read();
        end = input.Position;
        return (root, calls.Storages);
    }

    private void Place(TorchStorage storage, FileRegion region)
    {
        var bytes = (Int128)(storage.First + storage.Count) * storage.ElementBytes;
        if (bytes > region.Length)
            throw new CheckpointException(Path, $"storage {Shortened(storage.Key)}", $"{bytes} bytes, as the pickle says", $"{region.Length}", Advice);
        storage.Region = region;
    }

    private static string Shortened(string key) => key.Length <= 60 ? key : key[..57] + "...";
}
