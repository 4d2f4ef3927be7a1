using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace XLstm;

/// <summary>A safetensors file; its header is checked in full when it is opened, its tensors are read when they are asked for, from any thread.</summary>
public sealed class SafetensorsFile : IDisposable
{
    private const int BlockBytes = 1 << 16;

    private readonly FileBytes file;
    private readonly Dictionary<string, SafetensorsHeader.Entry> entries;
    private readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);

    private SafetensorsFile(string path)
    {
        Path = path;
        file = new(path);
        try
        {
            entries = SafetensorsHeader.Read(file, path, metadata);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        Tensors = [.. entries.Values.OrderBy(e => e.Offset).ThenBy(e => e.Info.Name, StringComparer.Ordinal).Select(e => e.Info)];
    }

    public string Path { get; }

    /// <summary>All tensors, in the order of their bytes in the file.</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>The texts that the writer of the file added.</summary>
    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <exception cref="CheckpointException">No such file, or its header does not hold together.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return File.Exists(path) ? new(path) : throw new CheckpointException(path, "the file", "a safetensors file", "nothing");
    }

    public bool Contains(string name) => entries.ContainsKey(name);

    /// <exception cref="CheckpointException">No tensor of this name.</exception>
    public TensorInfo Info(string name) => Entry(name).Info;

    /// <summary>The elements of an F64, F32, F16 or BF16 tensor as floats; F64 is rounded to nearest.</summary>
    /// <exception cref="ArgumentException">The destination is not as long as the tensor.</exception>
    /// <exception cref="CheckpointException">No such tensor, or its elements are not floating-point numbers.</exception>
    public void ReadFloats(string name, Span<float> destination)
    {
        var (info, offset) = Ready(name, destination.Length);
        if (info.DType is not (DType.F64 or DType.F32 or DType.F16 or DType.BF16))
            throw new CheckpointException(Path, $"tensor {name}", "F64, F32, F16 or BF16", DTypes.Name(info.DType));
        if (info.DType == DType.F32)
        {
            file.Read(offset, MemoryMarshal.AsBytes(destination));
            return;
        }
        Span<byte> buffer = new byte[(int)Math.Min(info.ByteLength, BlockBytes)];
        while (!destination.IsEmpty)
        {
            var count = Math.Min(buffer.Length / DTypes.Size(info.DType), destination.Length);
            var bytes = buffer[..(count * DTypes.Size(info.DType))];
            file.Read(offset, bytes);
            ToFloats(bytes, info.DType, destination[..count]);
            offset += bytes.Length;
            destination = destination[count..];
        }
    }

    /// <summary>The elements of an I64, I32, I16, I8, U8 or BOOL tensor.</summary>
    /// <exception cref="ArgumentException">The destination is not as long as the tensor.</exception>
    /// <exception cref="CheckpointException">No such tensor, or its elements are not whole numbers.</exception>
    public void ReadInt64(string name, Span<long> destination)
    {
        var (info, offset) = Ready(name, destination.Length);
        if (info.DType is DType.F64 or DType.F32 or DType.F16 or DType.BF16)
            throw new CheckpointException(Path, $"tensor {name}", "whole numbers", DTypes.Name(info.DType));
        var size = DTypes.Size(info.DType);
        // The narrow numbers stand at the end of the wide ones' memory until their turn to be widened, front to back, comes.
        var bytes = MemoryMarshal.AsBytes(destination)[(destination.Length * (8 - size))..];
        file.Read(offset, bytes);
        for (var i = 0; i < destination.Length; i++)
            destination[i] = ToInt64(bytes[(i * size)..], info.DType);
    }

    /// <summary>The bytes of a tensor as they are in the file, little-endian.</summary>
    /// <exception cref="ArgumentException">The destination is not as long as the tensor's bytes.</exception>
    /// <exception cref="CheckpointException">No such tensor.</exception>
    public void ReadBytes(string name, Span<byte> destination)
    {
        var (info, offset) = Entry(name);
        if (info.ByteLength != destination.Length)
            throw new ArgumentException($"destination has {destination.Length} bytes; tensor {info} has {info.ByteLength}.", nameof(destination));
        file.Read(offset, destination);
    }

    public void Dispose() => file.Dispose();

    private SafetensorsHeader.Entry Entry(string name) =>
        entries.TryGetValue(name, out var entry) ? entry : throw new CheckpointException(Path, "the file", $"a tensor {name}", "none of that name");

    private SafetensorsHeader.Entry Ready(string name, int destination)
    {
        var entry = Entry(name);
        if (entry.Info.Count != destination)
            throw new ArgumentException($"destination has {destination} elements; tensor {entry.Info} has {entry.Info.Count}.", nameof(destination));
        return entry;
    }

    private static void ToFloats(ReadOnlySpan<byte> bytes, DType type, Span<float> destination)
    {
        for (var i = 0; i < destination.Length; i++)
        {
            destination[i] = type switch
            {
                DType.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]),
                // The upper half of a float.
                DType.BF16 => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16),
                _ => (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]),
            };
        }
    }

    private static long ToInt64(ReadOnlySpan<byte> bytes, DType type) => type switch
    {
        DType.I64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        DType.I32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        DType.I16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        DType.I8 => (sbyte)bytes[0],
        _ => bytes[0],
    };
}
