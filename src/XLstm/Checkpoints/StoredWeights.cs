using System.Buffers.Binary;
using System.Runtime.InteropServices;
using XLstm.Kernels;

namespace XLstm;

/// <summary>Floats to and from the bytes of every <see cref="WeightFormat"/>.</summary>
internal static class StoredWeights
{
    /// <summary>values [outputs, inputs] as bytes.</summary>
    public static void Encode(WeightFormat format, int outputs, int inputs, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        if (values.Length != (long)outputs * inputs)
            throw new ArgumentException($"values has {values.Length} elements; [{outputs}, {inputs}] needs {(long)outputs * inputs}.", nameof(values));
        switch (format)
        {
            case WeightFormat.F32:
                MemoryMarshal.AsBytes(values).CopyTo(bytes);
                break;
            case WeightFormat.BF16:
                for (int i = 0; i < values.Length; i++)
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes[(2 * i)..], UpperHalf(values[i]));
                break;
            case WeightFormat.F16:
                for (int i = 0; i < values.Length; i++)
                {
                    var half = (Half)values[i];
                    if (!Half.IsFinite(half))
                        throw new ArgumentException($"A weight is {values[i]}; half precision holds numbers up to {Half.MaxValue}.", nameof(values));
                    BinaryPrimitives.WriteHalfLittleEndian(bytes[(2 * i)..], half);
                }
                break;
            default:
                Span<float> scratch = new float[QuantizedWeights.EncodeScratchLength];
                int group = QuantizedWeights.Blocks(inputs) * QuantizedWeights.BlockBytes(format);
                for (int o = 0; o < outputs; o += QuantizedWeights.GroupRows)
                {
                    int rows = Math.Min(QuantizedWeights.GroupRows, outputs - o);
                    QuantizedWeights.Encode(format, rows, inputs, values.Slice(o * inputs, rows * inputs), bytes[..group], scratch);
                    bytes = bytes[group..];
                }
                break;
        }
    }

    /// <summary>Row <paramref name="row"/> of a matrix as floats.</summary>
    public static void DecodeRow(WeightFormat format, int inputs, ReadOnlySpan<byte> bytes, int row, Span<float> values)
    {
        if (QuantizedWeights.IsQuantized(format))
        {
            int group = QuantizedWeights.Blocks(inputs) * QuantizedWeights.BlockBytes(format);
            QuantizedWeights.DecodeRow(format, inputs, bytes.Slice(row / QuantizedWeights.GroupRows * group, group), row % QuantizedWeights.GroupRows, values);
            return;
        }
        int size = (int)QuantizedWeights.ByteLength(format, 1, 1);
        bytes = bytes.Slice(row * inputs * size, inputs * size);
        for (int i = 0; i < inputs; i++)
        {
            values[i] = format switch
            {
                WeightFormat.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]),
                WeightFormat.BF16 => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16),
                _ => BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]),
            };
        }
    }

    // To nearest, ties to even; what is not a number stays so.
    private static ushort UpperHalf(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)(float.IsNaN(value) ? (bits >> 16) | 0x40 : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
