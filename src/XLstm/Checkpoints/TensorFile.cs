using System.Buffers.Binary;
using System.Runtime.InteropServices;
using XLstm.Kernels;

namespace XLstm;

/// <summary>A file of named tensors; what it says of them is checked in full when it is opened, their elements are read when they are asked for, from any thread.</summary>
public abstract class TensorFile : IDisposable
{
    private const int BlockBytes = 1 << 16;

    private protected TensorFile(string path, FileBytes? bytes = null) => (Path, File) = (path, bytes ?? new(path));

    public string Path { get; }

    /// <summary>All tensors.</summary>
    public abstract IReadOnlyList<TensorInfo> Tensors { get; }

    public abstract bool Contains(string name);

    /// <exception cref="CheckpointException">No tensor of this name.</exception>
    public abstract TensorInfo Info(string name);

    /// <summary>The elements of an F64, F32, F16, BF16, Q8 or Q4 tensor as floats; F64 is rounded to nearest.</summary>
    /// <exception cref="ArgumentException">The destination is not as long as the tensor.</exception>
    /// <exception cref="CheckpointException">No such tensor, or its elements are not floating-point numbers.</exception>
    public void ReadFloats(string name, Span<float> destination)
    {
        var info = Ready(name, destination.Length);
        if (DTypes.Blocks(info.DType) is { } blocks)
        {
            ReadBlocks(info, blocks, destination);
            return;
        }
        if (info.DType is not (DType.F64 or DType.F32 or DType.F16 or DType.BF16))
            throw new CheckpointException(Path, $"tensor {name}", "F64, F32, F16 or BF16", DTypes.Name(info.DType));
        if (info.DType == DType.F32)
        {
            ReadElements(name, 0, MemoryMarshal.AsBytes(destination));
            return;
        }
        var (size, first) = (DTypes.Size(info.DType), 0L);
        Span<byte> buffer = new byte[(int)Math.Min(info.ByteLength, IsWhole(name) ? BlockBytes : Array.MaxLength / size * size)];
        while (!destination.IsEmpty)
        {
            var count = Math.Min(buffer.Length / size, destination.Length);
            var bytes = buffer[..(count * size)];
            ReadElements(name, first, bytes);
            ToFloats(bytes, info.DType, destination[..count]);
            first += count;
            destination = destination[count..];
        }
    }

    /// <summary>The elements of an I64, I32, I16, I8, U8 or BOOL tensor.</summary>
    /// <exception cref="ArgumentException">The destination is not as long as the tensor.</exception>
    /// <exception cref="CheckpointException">No such tensor, or its elements are not whole numbers.</exception>
    public void ReadInt64(string name, Span<long> destination)
    {
        var info = Ready(name, destination.Length);
        if (info.DType is DType.F64 or DType.F32 or DType.F16 or DType.BF16 or DType.Q8 or DType.Q4)
            throw new CheckpointException(Path, $"tensor {name}", "whole numbers", DTypes.Name(info.DType));
        var size = DTypes.Size(info.DType);
        // The narrow numbers stand at the end of the wide ones' memory until their turn to be widened, front to back, comes.
        var bytes = MemoryMarshal.AsBytes(destination)[(destination.Length * (8 - size))..];
        ReadElements(name, 0, bytes);
        for (var i = 0; i < destination.Length; i++)
            destination[i] = ToInt64(bytes[(i * size)..], info.DType);
    }

    /// <summary>The bytes of a tensor as they are stored: row-major and little-endian, or in blocks.</summary>
    /// <exception cref="ArgumentException">The destination is not as long as the tensor's bytes.</exception>
    /// <exception cref="CheckpointException">No such tensor.</exception>
    public void ReadBytes(string name, Span<byte> destination)
    {
        var info = Info(name);
        if (info.ByteLength != destination.Length)
            throw new ArgumentException($"destination has {destination.Length} bytes; tensor {info} has {info.ByteLength}.", nameof(destination));
        ReadElements(name, 0, destination);
    }

    public void Dispose()
    {
        File.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected FileBytes File { get; }

    /// <summary>The bytes of a tensor without a copy, where they stand in one piece in a file; null otherwise.</summary>
    internal virtual ReadOnlyMemory<byte>? Mapped(string name) => null;

    /// <summary>Elements from <paramref name="first"/> on, in row-major order, as many as fit.</summary>
    private protected abstract void ReadElements(string name, long first, Span<byte> destination);

    /// <summary>Whether the elements stand in the file as they are read, so that a part costs no more than its bytes.</summary>
    private protected abstract bool IsWhole(string name);

    // Group by group, so that a large matrix takes no more memory than its floats.
    private void ReadBlocks(TensorInfo info, WeightFormat format, Span<float> destination)
    {
        var (outputs, inputs) = ((int)info.Shape[0], (int)info.Shape[1]);
        var group = new byte[QuantizedWeights.ByteLength(format, QuantizedWeights.GroupRows, inputs)];
        for (var row = 0; row < outputs; row++)
        {
            if (row % QuantizedWeights.GroupRows == 0)
                ReadElements(info.Name, (long)row / QuantizedWeights.GroupRows * group.Length, group);
            QuantizedWeights.DecodeRow(format, inputs, group, row % QuantizedWeights.GroupRows, destination.Slice(row * inputs, inputs));
        }
    }

    private TensorInfo Ready(string name, int destination)
    {
        var info = Info(name);
        return info.Count == destination ? info : throw new ArgumentException($"destination has {destination} elements; tensor {info} has {info.Count}.", nameof(destination));
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
