using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using XLstm.Kernels;

namespace XLstm;

/// <summary>
/// A weight W [outputs, inputs] that is only read: in any <see cref="WeightFormat"/>, in memory or mapped from a file. It has no
/// gradient; layers take it in place of a <see cref="Parameter"/> where a model is opened for inference. Immutable and
/// thread-safe.
/// </summary>
public sealed class WeightMatrix
{
    private readonly ReadOnlyMemory<byte> _bytes;

    /// <summary>A matrix over <paramref name="bytes"/>, which are not copied.</summary>
    /// <param name="name">Full name, as that of a parameter.</param>
    /// <param name="format">How the bytes are to be read: row by row, or in the panels of <see cref="QuantizedWeights"/>.</param>
    /// <param name="outputs">Rows of W.</param>
    /// <param name="inputs">Columns of W.</param>
    /// <param name="bytes">As many as <see cref="QuantizedWeights.ByteLength"/> says.</param>
    /// <exception cref="ArgumentException">There are more or fewer bytes than the shape needs.</exception>
    public WeightMatrix(string name, WeightFormat format, int outputs, int inputs, ReadOnlyMemory<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(outputs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs, 1);
        if (bytes.Length != QuantizedWeights.ByteLength(format, outputs, inputs))
            throw new ArgumentException($"{bytes.Length} bytes for {name} {format} [{outputs}, {inputs}]; expected {QuantizedWeights.ByteLength(format, outputs, inputs)}.", nameof(bytes));
        (Name, Format, Outputs, Inputs, _bytes) = (name, format, outputs, inputs, bytes);
    }

    private WeightMatrix(string name, int outputs, int inputs, ReadOnlyMemory<byte> packed) =>
        (Name, Format, Outputs, Inputs, IsPacked, _bytes) = (name, WeightFormat.F32, outputs, inputs, true, packed);

    /// <summary>Full name, for example "backbone.blocks.0.ffn.proj_up.weight".</summary>
    public string Name { get; }

    /// <summary>How the numbers are stored.</summary>
    public WeightFormat Format { get; }

    /// <summary>Rows of W.</summary>
    public int Outputs { get; }

    /// <summary>Columns of W.</summary>
    public int Inputs { get; }

    /// <summary>Bytes that a product with one row reads.</summary>
    public long ByteLength => _bytes.Length;

    /// <summary>Whether the numbers stand as <see cref="MatrixProduct.Pack"/> arranges them, for this machine, instead of row by row.</summary>
    internal bool IsPacked { get; }

    internal ReadOnlySpan<byte> Bytes => _bytes.Span;

    /// <summary><paramref name="values"/> [outputs, inputs] in another format, in memory of its own.</summary>
    /// <exception cref="ArgumentException">A value is not finite, or more than the format can hold.</exception>
    public static WeightMatrix Encode(string name, WeightFormat format, int outputs, int inputs, ReadOnlySpan<float> values)
    {
        var bytes = new byte[checked((int)QuantizedWeights.ByteLength(format, outputs, inputs))];
        StoredWeights.Encode(format, outputs, inputs, values, bytes);
        return new WeightMatrix(name, format, outputs, inputs, bytes);
    }

    /// <summary>
    /// <paramref name="values"/> [outputs, inputs] in the order in which products of any number of rows read it: nothing is left to arrange for each
    /// product, and a row of x has the same bits whatever rows it is computed with.
    /// </summary>
    internal static WeightMatrix Pack(string name, int outputs, int inputs, ReadOnlySpan<float> values)
    {
        int length = checked(MatrixProduct.PackedLength(inputs, outputs) * sizeof(float));
        // On a 64-byte boundary, where a register is one line of the cache; what is pinned stays there.
        byte[] memory = GC.AllocateUninitializedArray<byte>(length + 63, pinned: true);
        int start = (int)(-Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref MemoryMarshal.GetArrayDataReference(memory)) & 63);
        MatrixProduct.Pack(true, inputs, outputs, values, inputs, MemoryMarshal.Cast<byte, float>(memory.AsSpan(start, length)));
        return new WeightMatrix(name, outputs, inputs, memory.AsMemory(start, length));
    }

    /// <summary>Rows <paramref name="from"/> to from + count as a matrix of their own, over the same memory.</summary>
    /// <exception cref="ArgumentException">The rows are not there, or a panel format would have to be cut within a group of 16 rows.</exception>
    public WeightMatrix Rows(int from, int count)
    {
        CheckRows(from, count);
        if (count == Outputs)
            return this;
        if (IsPacked)
            throw new NotSupportedException($"{this} is arranged for products as a whole.");
        int start = checked((int)QuantizedWeights.ByteLength(Format, from, Inputs)), length = (int)QuantizedWeights.ByteLength(Format, count, Inputs);
        return new WeightMatrix(Name, Format, count, Inputs, _bytes.Slice(start, length));
    }

    /// <summary>Row <paramref name="row"/> as floats.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    /// <exception cref="ArgumentException">The destination is not as long as a row.</exception>
    public void ReadRow(int row, Span<float> values)
    {
        if ((uint)row >= (uint)Outputs)
            throw new ArgumentOutOfRangeException(nameof(row), row, $"{this} has no row {row}.");
        if (values.Length != Inputs)
            throw new ArgumentException($"values has {values.Length} elements; a row of {this} has {Inputs}.", nameof(values));
        if (IsPacked)
            throw new NotSupportedException($"{this} is arranged for products, not for rows.");
        StoredWeights.DecodeRow(Format, Inputs, _bytes.Span, row, values);
        // A span does not hold a mapping.
        GC.KeepAlive(this);
    }

    internal void CheckRows(int from, int count)
    {
        if (from < 0 || count < 1 || count > Outputs - from)
            throw new ArgumentOutOfRangeException(nameof(from), from, $"{this} has no rows {from} to {from + (long)count}.");
        if (QuantizedWeights.IsQuantized(Format) && from % QuantizedWeights.GroupRows != 0)
            throw new ArgumentException($"{this} can be cut at multiples of {QuantizedWeights.GroupRows} rows only, not at {from}.", nameof(from));
    }

    /// <summary>Name, format and shape.</summary>
    public override string ToString() => $"{Name} {Format} [{Outputs}, {Inputs}]";
}
