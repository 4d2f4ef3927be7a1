namespace XLstm.Kernels;

/// <summary>Blocks of <see cref="WeightFormat.Q8"/>: w = s q with q in -127..127.</summary>
internal static class EightBits
{
    private const int Most = 127;

    /// <summary>columns [32, 16] as a block.</summary>
    public static void Encode(ReadOnlySpan<float> columns, Span<byte> block)
    {
        for (int r = 0; r < QuantizedWeights.GroupRows; r++)
        {
            float most = 0f;
            for (int i = 0; i < QuantizedWeights.BlockInputs; i++)
                most = MathF.Max(most, MathF.Abs(columns[i * QuantizedWeights.GroupRows + r]));
            // Rounded up, so that no weight is cut off.
            int bits = (int)((BitConverter.SingleToUInt32Bits(most / Most) + 0xFFFF) >> 16);
            QuantizedWeights.WriteShort(block, r, bits);
            float inverse = most == 0f ? 0f : 1f / Scale(bits);
            if (!float.IsFinite(inverse))
                inverse = 0f;
            for (int i = 0; i < QuantizedWeights.BlockInputs; i++)
                block[At(i, r)] = (byte)(sbyte)Math.Clamp(MathF.Round(columns[i * QuantizedWeights.GroupRows + r] * inverse), -Most, Most);
        }
    }

    public static void Decode(ReadOnlySpan<byte> block, int row, Span<float> values)
    {
        float scale = Scale(QuantizedWeights.ReadShort(block, row));
        for (int i = 0; i < values.Length; i++)
            values[i] = scale * (sbyte)block[At(i, row)];
    }

    private static float Scale(int bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    private static int At(int input, int row) => QuantizedWeights.HeaderBytes + 4 * (QuantizedWeights.GroupRows * (input / 4) + row) + input % 4;
}
