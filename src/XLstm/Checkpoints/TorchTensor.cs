namespace XLstm;

/// <summary>The bytes of one or several tensors: by what name the file has them, and of what type they are.</summary>
/// <param name="Key">Name in the file.</param>
/// <param name="DType">Element type; null for plain bytes and for types that are not read.</param>
/// <param name="ElementBytes">Size of an element in the file.</param>
/// <param name="Count">Elements.</param>
internal sealed record TorchStorage(string Key, DType? DType, int ElementBytes, long Count)
{
    /// <summary>The first element of a view into another storage, and null otherwise.</summary>
    internal long First { get; init; }

    /// <summary>Where the bytes are; known once the whole file has been looked at.</summary>
    internal FileRegion? Region { get; set; }
}

/// <summary>A view of a storage: element (i, j, ...) is element offset + i stride_0 + j stride_1 + ... of it.</summary>
internal sealed class TorchTensor(TorchStorage storage, DType type, long offset, long[] shape, long[] strides)
{
    private readonly bool rowMajor = IsRowMajor(shape, strides);

    internal TorchStorage Storage => storage;

    internal DType DType => type;

    internal long[] Shape => shape;

    /// <summary>Under the first of its names.</summary>
    internal TensorInfo? Info { get; set; }

    internal bool IsRowMajor() => rowMajor;

    /// <summary>Elements from <paramref name="first"/> on, row-major, in the byte order of the file.</summary>
    internal void Read(long first, Span<byte> destination, string path)
    {
        if (destination.IsEmpty)
            return;
        var (size, start) = (DTypes.Size(type), storage.First * storage.ElementBytes);
        if (rowMajor)
        {
            storage.Region!.Read(start + ((offset + first) * size), destination);
            return;
        }
        var span = 1 + shape.Zip(strides, (count, stride) => (count - 1) * stride).Sum();
        if (span > Array.MaxLength / size)
            throw new CheckpointException(path, $"tensor {Info!.Name}", $"elements within {Array.MaxLength} bytes", $"{span} places of {size} bytes", "Save it again after contiguous().");
        var bytes = new byte[span * size];
        storage.Region!.Read(start + (offset * size), bytes);
        Gather(bytes, size, first, destination);
    }

    private void Gather(ReadOnlySpan<byte> bytes, int size, long first, Span<byte> destination)
    {
        var index = new long[shape.Length];
        long at = 0;
        for (var d = shape.Length - 1; d >= 0; d--)
        {
            (first, index[d]) = Math.DivRem(first, shape[d]);
            at += index[d] * strides[d];
        }
        for (; !destination.IsEmpty; destination = destination[size..])
        {
            bytes.Slice((int)at * size, size).CopyTo(destination);
            for (var d = shape.Length - 1; d >= 0; d--)
            {
                at += strides[d];
                if (++index[d] < shape[d])
                    break;
                at -= index[d] * strides[d];
                index[d] = 0;
            }
        }
    }

    private static bool IsRowMajor(long[] shape, long[] strides)
    {
        var expected = 1L;
        for (var d = shape.Length - 1; d >= 0; d--)
        {
            if (shape[d] != 1 && strides[d] != expected)
                return false;
            expected *= Math.Max(shape[d], 1);
        }
        return true;
    }
}
