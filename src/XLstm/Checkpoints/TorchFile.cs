using System.Buffers.Binary;
using System.Globalization;
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

    private static readonly BigInteger Magic = BigInteger.Parse("1950a86a20f9469cfc6c", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private readonly TorchNames names;
    private readonly bool bigEndian;

    private TorchFile(string path) : base(path)
    {
        try
        {
            Span<byte> first = stackalloc byte[4];
            if (File.Length >= first.Length)
                File.Read(0, first);
            Root = IsZip(first) ? ReadArchive(out bigEndian)
                : IsPickle(first) ? ReadRow()
                : throw new CheckpointException(path, "the file", "a file of torch.save", "other bytes at its start");
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

    /// <summary>Whether a file that starts like this is one of torch.save; no other file of tensors does.</summary>
    internal static bool IsTorch(ReadOnlySpan<byte> first) => IsZip(first) || IsPickle(first);

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

    private static bool IsZip(ReadOnlySpan<byte> first) => first.StartsWith("PK\u0003\u0004"u8);

    private static bool IsPickle(ReadOnlySpan<byte> first) => first is [0x80, <= 5, ..];

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
        if (magic.Content is not BigInteger number || number != Magic)
            throw new CheckpointException(Path, "the file", "the magic number of torch.save", $"{magic}", "A pickle that torch.save did not write has no tensors that could be found.");
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
