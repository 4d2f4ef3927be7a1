using System.Buffers.Binary;
using System.Text.Json;

namespace XLstm;

/// <summary>The header of a safetensors file: 8 bytes of length, then a JSON object of name to dtype, shape and offsets.</summary>
/// <remarks>Everything is checked here, before a single element is read: a file may come from anywhere.</remarks>
internal static class SafetensorsHeader
{
    private const int LengthBytes = 8;
    private const int MostHeader = 100_000_000;
    private const int MostDimensions = 32;
    private const string Advice = "The file is damaged or was not written completely: fetch or write it again.";

    internal readonly record struct Entry(TensorInfo Info, long Offset);

    /// <summary>The entries with offsets from the start of the file.</summary>
    internal static Dictionary<string, Entry> Read(FileBytes file, string path, Dictionary<string, string> metadata)
    {
        if (file.Length < LengthBytes)
            throw new CheckpointException(path, "the file", $"at least {LengthBytes} bytes", $"{file.Length}", Advice);
        Span<byte> first = stackalloc byte[LengthBytes];
        file.Read(0, first);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(first);
        if (first.SequenceEqual("version "u8))
            throw new CheckpointException(path, "the file", "a safetensors file", "a pointer of Git LFS, or a text that begins alike", "The weights were not fetched: git lfs pull.");
        if (length > MostHeader || (long)length > file.Length - LengthBytes)
            throw new CheckpointException(path, "the header", $"at most {Math.Min(MostHeader, file.Length - LengthBytes)} bytes", $"a length of {length}", "The file is cut short, or is no safetensors file.");
        var entries = new Dictionary<string, Entry>(StringComparer.Ordinal);
        var start = LengthBytes + (long)length;
        foreach (var property in Parse(file, (int)length, path).EnumerateObject())
        {
            if (string.Equals(property.Name, "__metadata__", StringComparison.Ordinal))
                ReadMetadata(property.Value, path, metadata);
            else
                entries.Add(property.Name, ReadEntry(property, path, start, file.Length - start));
        }
        CheckOverlaps(entries.Values, path);
        return entries;
    }

    private static JsonElement Parse(FileBytes file, int length, string path)
    {
        var bytes = new byte[length];
        file.Read(LengthBytes, bytes);
        try
        {
            ConfigDocument.CheckTexts(bytes, new() { MaxDepth = 8 });
            using var document = JsonDocument.Parse(bytes, new() { AllowDuplicateProperties = false, MaxDepth = 8 });
            var root = document.RootElement.Clone();
            return root.ValueKind == JsonValueKind.Object ? root : throw new CheckpointException(path, "the header", "a JSON object", $"{root.ValueKind}");
        }
        catch (JsonException e)
        {
            throw new CheckpointException(path, "the header", "JSON of tensors, each once", e.Message, "This is no safetensors file, or it is damaged.", e);
        }
    }

    private static void ReadMetadata(JsonElement value, string path, Dictionary<string, string> metadata)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw new CheckpointException(path, "__metadata__", "an object of texts", $"{value.ValueKind}");
        foreach (var item in value.EnumerateObject())
            metadata.Add(item.Name, item.Value.ValueKind == JsonValueKind.String ? item.Value.GetString()! : throw new CheckpointException(path, "__metadata__." + item.Name, "text", $"{item.Value.ValueKind}"));
    }

    private static Entry ReadEntry(JsonProperty property, string path, long start, long available)
    {
        var (name, value) = (property.Name, property.Value);
        if (value.ValueKind != JsonValueKind.Object)
            throw new CheckpointException(path, $"tensor {name}", "an object with dtype, shape and data_offsets", $"{value.ValueKind}");
        var dtype = value.TryGetProperty("dtype", out var d) && d.ValueKind == JsonValueKind.String ? d.GetString() : null;
        if (!DTypes.TryParse(dtype, out var type))
            throw new CheckpointException(path, $"dtype of tensor {name}", string.Join(", ", DTypes.Plain.Select(DTypes.Name)), dtype ?? "nothing");
        var shape = Numbers(value, "shape", MostDimensions) ?? throw new CheckpointException(path, $"shape of tensor {name}", $"a list of up to {MostDimensions} sizes", Found(value, "shape"));
        if (Numbers(value, "data_offsets", 2) is not [var from, var to])
            throw new CheckpointException(path, $"data_offsets of tensor {name}", "two offsets", Found(value, "data_offsets"));
        if (from > to || to > available)
            throw new CheckpointException(path, $"data_offsets of tensor {name}", $"a range within the {available} bytes of data", $"{from} to {to}", Advice);
        if (Bytes(shape, type) is not { } bytes || bytes != to - from)
            throw new CheckpointException(path, $"tensor {name}", $"{dtype} [{string.Join(", ", shape)}] in as many bytes as that needs", $"{to - from} bytes", Advice);
        return new(new(name, type, shape, path), start + from);
    }

    private static string Found(JsonElement value, string key)
    {
        var text = value.TryGetProperty(key, out var found) ? found.GetRawText() : "nothing";
        return text.Length <= 60 ? text : text[..57] + "...";
    }

    // Not negative, and whole: NaN, 1.5 and 10^30 all fail TryGetInt64.
    private static long[]? Numbers(JsonElement value, string key, int most)
    {
        if (!value.TryGetProperty(key, out var list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > most)
            return null;
        var numbers = new List<long>();
        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out var number) || number < 0)
                return null;
            numbers.Add(number);
        }
        return [.. numbers];
    }

    private static long? Bytes(long[] shape, DType type)
    {
        try
        {
            // The zero of an empty tensor must not hide an overflow of the other sizes.
            var count = shape.Aggregate(1L, (product, size) => checked(product * Math.Max(size, 1)));
            return checked(count * DTypes.Size(type)) * (shape.Contains(0) ? 0 : 1);
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static void CheckOverlaps(IEnumerable<Entry> entries, string path)
    {
        Entry? before = null;
        foreach (var entry in entries.Where(e => e.Info.ByteLength > 0).OrderBy(e => e.Offset))
        {
            if (before is { } last && last.Offset + last.Info.ByteLength > entry.Offset)
                throw new CheckpointException(path, $"tensor {entry.Info.Name}", "bytes of its own", $"bytes that tensor {last.Info.Name} has too", Advice);
            before = entry;
        }
    }
}
