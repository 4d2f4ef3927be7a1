using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// Weights in few bits, in the order in which <see cref="QuantizedProduct"/> reads them, in files as in memory. W [O, I] is cut
/// into groups of 16 rows, a group into blocks of 32 inputs, both filled up with zeros; the blocks of a group follow each other,
/// and so do the groups. A block begins with 16 little-endian unsigned shorts, one for each row r, followed by the codes q:
/// <list type="bullet">
/// <item>Q8, 544 bytes: the short is the upper half of the float s; byte 32 + 4 (16 v + r) + j is the signed q of input
/// 4 v + j, for v in 0..7, j in 0..3. w = s q.</item>
/// <item>Q4, 288 bytes: bits 0 to 5 of the short are z, bits 6 to 10 are m, bits 11 to 15 are e, of s = 2^(e - 24) (1 + m / 32);
/// the lower half of byte 32 + 4 (16 v + r) + j is q of input 8 v + j, the upper half that of input 8 v + 4 + j, for v and j in
/// 0..3. w = s (q - z / 4).</item>
/// </list>
/// </summary>
public static class QuantizedWeights
{
    /// <summary>Rows of W that stand side by side.</summary>
    public const int GroupRows = 16;

    /// <summary>Inputs that share a scale.</summary>
    public const int BlockInputs = 32;

    internal const int HeaderBytes = 2 * GroupRows;

    /// <summary>Whether the format is one of panels rather than of rows.</summary>
    public static bool IsQuantized(WeightFormat format) => format is WeightFormat.Q8 or WeightFormat.Q4;

    /// <summary>Groups of <paramref name="outputs"/> rows.</summary>
    public static int Groups(int outputs) => (int)(((long)outputs + GroupRows - 1) / GroupRows);

    /// <summary>Blocks of <paramref name="inputs"/> inputs.</summary>
    public static int Blocks(int inputs) => (int)(((long)inputs + BlockInputs - 1) / BlockInputs);

    /// <summary>Bytes of a block: 544 or 288.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The format has no blocks.</exception>
    public static int BlockBytes(WeightFormat format) => format switch
    {
        WeightFormat.Q8 => HeaderBytes + GroupRows * BlockInputs,
        WeightFormat.Q4 => HeaderBytes + GroupRows * BlockInputs / 2,
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Expected Q8 or Q4."),
    };

    /// <summary>Bytes of W [outputs, inputs] in any format.</summary>
    /// <exception cref="OverflowException">More than a long holds.</exception>
    public static long ByteLength(WeightFormat format, int outputs, int inputs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(outputs);
        ArgumentOutOfRangeException.ThrowIfNegative(inputs);
        return format switch
        {
            WeightFormat.F32 => checked(4L * outputs * inputs),
            WeightFormat.BF16 or WeightFormat.F16 => 2L * outputs * inputs,
            _ => (long)Groups(outputs) * Blocks(inputs) * BlockBytes(format),
        };
    }

    /// <summary>Floats of scratch for <see cref="Encode"/>.</summary>
    public const int EncodeScratchLength = GroupRows * BlockInputs;

    /// <summary>One group in few bits, each block as near to w as a search over its scales finds.</summary>
    /// <param name="format">Q8 or Q4.</param>
    /// <param name="rows">Rows of the group, 1 to 16.</param>
    /// <param name="inputs">I.</param>
    /// <param name="w">[rows, I].</param>
    /// <param name="group">Blocks(I) BlockBytes(format) bytes.</param>
    /// <param name="scratch">At least <see cref="EncodeScratchLength"/> floats.</param>
    /// <exception cref="ArgumentException">A weight is not finite, or so large that the format cannot hold it.</exception>
    public static void Encode(WeightFormat format, int rows, int inputs, ReadOnlySpan<float> w, Span<byte> group, Span<float> scratch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, GroupRows);
        int size = BlockBytes(format), blocks = Blocks(inputs);
        Check.Length(w, Extent.Of(rows, inputs));
        Check.Length(group, checked(blocks * size));
        Check.Length(scratch, EncodeScratchLength);
        for (int b = 0; b < blocks; b++)
        {
            Columns(rows, inputs, w, b, scratch);
            Span<byte> block = group.Slice(b * size, size);
            if (format == WeightFormat.Q8)
                EightBits.Encode(scratch, block);
            else
                FourBits.Encode(scratch, block);
        }
    }

    /// <summary>Row <paramref name="row"/> of a group as floats: the numbers that <see cref="QuantizedProduct"/> multiplies with.</summary>
    /// <param name="format">Q8 or Q4.</param>
    /// <param name="inputs">I.</param>
    /// <param name="group">The group.</param>
    /// <param name="row">0 to 15.</param>
    /// <param name="values">[I].</param>
    public static void DecodeRow(WeightFormat format, int inputs, ReadOnlySpan<byte> group, int row, Span<float> values)
    {
        int size = BlockBytes(format), blocks = Blocks(inputs);
        Check.Range(row, GroupRows);
        Check.Length(values, inputs);
        Check.Length(group, checked(blocks * size));
        for (int b = 0; b < blocks; b++)
        {
            ReadOnlySpan<byte> block = group.Slice(b * size, size);
            Span<float> part = values[(b * BlockInputs)..Math.Min(inputs, (b + 1) * BlockInputs)];
            if (format == WeightFormat.Q8)
                EightBits.Decode(block, row, part);
            else
                FourBits.Decode(block, row, part);
        }
    }

    // Block b with the rows of the group side by side: columns[i, r] = w[r, 32 b + i], 0 beyond W.
    private static void Columns(int rows, int inputs, ReadOnlySpan<float> w, int b, Span<float> columns)
    {
        columns[..EncodeScratchLength].Clear();
        int from = b * BlockInputs, count = Math.Min(BlockInputs, inputs - from);
        for (int r = 0; r < rows; r++)
        {
            for (int i = 0; i < count; i++)
            {
                float value = w[r * inputs + from + i];
                if (!float.IsFinite(value))
                    throw new ArgumentException($"Weight [{r}, {from + i}] is {value}.", nameof(w));
                columns[i * GroupRows + r] = value;
            }
        }
    }

    internal static void WriteShort(Span<byte> block, int row, int value) => MemoryMarshal.Write(block[(2 * row)..], (ushort)value);

    internal static int ReadShort(ReadOnlySpan<byte> block, int row) => MemoryMarshal.Read<ushort>(block[(2 * row)..]);
}
