using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace XLstm;

/// <summary>A tensor to write: its bytes are asked for when their turn comes, so that a model never stands in memory twice.</summary>
/// <param name="Name">Name in the file; once per file.</param>
/// <param name="DType">Element type of the bytes.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Write">Writes exactly as many bytes, little-endian, as type and shape say.</param>
public sealed record TensorToWrite(string Name, DType DType, IReadOnlyList<long> Shape, Action<Stream> Write)
{
    /// <summary>Floats as F32.</summary>
    public static TensorToWrite FromFloats(string name, IReadOnlyList<long> shape, ReadOnlyMemory<float> values) =>
        new(name, DType.F32, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));

    /// <summary>Whole numbers as I64.</summary>
    public static TensorToWrite FromInt64(string name, IReadOnlyList<long> shape, ReadOnlyMemory<long> values) =>
        new(name, DType.I64, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));
}

/// <summary>Writes safetensors files.</summary>
public static class SafetensorsWriter
{
    /// <summary>Writes the tensors in the given order; the file appears under its name only when it is whole.</summary>
    /// <exception cref="ArgumentException">A name is given twice or reserved, a size is negative, or a tensor writes another number of bytes than its shape says.</exception>
    /// <exception cref="IOException">The file cannot be written; the message names it.</exception>
    public static void Write(string path, IReadOnlyCollection<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        var header = Header(tensors, metadata);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header.Span);
            foreach (var tensor in tensors)
            {
                var from = stream.Position;
                tensor.Write(stream);
                if (stream.Position - from != ByteLength(tensor))
                    throw new ArgumentException($"Tensor {tensor.Name} wrote {stream.Position - from} bytes; its shape needs {ByteLength(tensor)}.", nameof(tensors));
            }
        });
    }

    private static ReadOnlyMemory<byte> Header(IReadOnlyCollection<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write(new byte[8]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
                WriteMetadata(json, metadata);
            var (names, offset) = (new HashSet<string>(StringComparer.Ordinal) { "__metadata__" }, 0L);
            foreach (var tensor in tensors)
            {
                if (!names.Add(tensor.Name))
                    throw new ArgumentException($"Tensor {tensor.Name} is there twice, or its name is reserved.", nameof(tensors));
                WriteEntry(json, tensor, ref offset);
            }
            json.WriteEndObject();
        }
        // Spaces up to a multiple of 8: the tensors of the reference writer are aligned so.
        buffer.Write("       "u8[..(-buffer.WrittenCount & 7)]);
        var header = buffer.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - 8);
        return header;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        json.WriteStartObject("__metadata__");
        foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter json, TensorToWrite tensor, ref long offset)
    {
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", DTypes.Name(tensor.DType));
        json.WriteStartArray("shape");
        foreach (var size in tensor.Shape)
            json.WriteNumberValue(size);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        json.WriteNumberValue(offset += ByteLength(tensor));
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static long ByteLength(TensorToWrite tensor)
    {
        if (tensor.Shape.Any(size => size < 0))
            throw new ArgumentException($"Tensor {tensor.Name} has the shape [{string.Join(", ", tensor.Shape)}]: no size may be negative.", nameof(tensor));
        return tensor.Shape.Aggregate((long)DTypes.Size(tensor.DType), (product, size) => checked(product * size));
    }
}
