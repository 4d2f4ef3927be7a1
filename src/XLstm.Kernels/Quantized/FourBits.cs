using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>Blocks of <see cref="WeightFormat.Q4"/>: w = s (q - z / 4) with q in 0..15, z in 0..63, s a float of 10 bits.</summary>
internal static class FourBits
{
    public const int ZeroBits = 6, MantissaBits = 5;

    // s / 4 is the float with these bits and e, m from bit 18 on.
    public const int QuarterExponent = 127 - Bias - 2;
    private const int Bias = 24;
    private const int MostCode = 15, MostZero = (1 << ZeroBits) - 1;
    private const float LeastScale = 1f / (1 << Bias), MostScale = 252f;

    // Ends of the range that a search tries, each end by itself: 1, 1 - Step, 1 - 2 Step, ... of the block's own.
    private const int Tries = 8;
    private const float Step = 0.035f;

    /// <summary>columns [32, 16] as a block.</summary>
    /// <exception cref="ArgumentException">A range of weights is wider than 15 of the largest steps.</exception>
    public static void Encode(ReadOnlySpan<float> columns, Span<byte> block)
    {
        Span<float> scales = stackalloc float[QuantizedWeights.GroupRows], zeros = stackalloc float[QuantizedWeights.GroupRows];
        switch (Simd.Width)
        {
            case 16: Search<Lanes16>(columns, scales, zeros); break;
            case 8: Search<Lanes8>(columns, scales, zeros); break;
            default: Search<Lanes4>(columns, scales, zeros); break;
        }
        block.Clear();
        for (int r = 0; r < QuantizedWeights.GroupRows; r++)
        {
            (float scale, float zero) = (scales[r], zeros[r]);
            if (scale > MostScale)
                throw new ArgumentException($"Weights that share a step of {scale} are too far apart: at most {MostScale}.", nameof(columns));
            QuantizedWeights.WriteShort(block, r, (Bits(scale) << ZeroBits) | (int)zero);
            float inverse = 1f / scale;
            for (int i = 0; i < QuantizedWeights.BlockInputs; i++)
            {
                int code = (int)Math.Clamp(MathF.Round(columns[i * QuantizedWeights.GroupRows + r] * inverse + 0.25f * zero), 0, MostCode);
                block[At(i, r)] |= (byte)(i % 8 < 4 ? code : code << 4);
            }
        }
    }

    public static void Decode(ReadOnlySpan<byte> block, int row, Span<float> values)
    {
        int bits = QuantizedWeights.ReadShort(block, row), zero = bits & MostZero;
        float quarter = BitConverter.Int32BitsToSingle((bits >> ZeroBits << (23 - MantissaBits)) + (QuarterExponent << 23));
        for (int i = 0; i < values.Length; i++)
        {
            int code = block[At(i, row)];
            values[i] = quarter * (4 * (i % 8 < 4 ? code & 15 : code >> 4) - zero);
        }
    }

    /// <summary>
    /// Of each row the scale and zero with the least squared error, over ranges of which each end may be cut off by itself. Rows
    /// stand in lanes, so every width gives the same bits.
    /// </summary>
    public static void Search<L>(ReadOnlySpan<float> columns, Span<float> scales, Span<float> zeros) where L : struct, ILanes<L>
    {
        ref float w = ref MemoryMarshal.GetReference(columns);
        for (int r = 0; r < QuantizedWeights.GroupRows; r += L.Count)
        {
            L low = L.Create(0f), high = low;
            for (int i = 0; i < QuantizedWeights.BlockInputs; i++)
            {
                L value = L.Load(ref w, i * QuantizedWeights.GroupRows + r);
                low = L.Min(low, value);
                high = L.Max(high, value);
            }
            L best = L.Create(float.PositiveInfinity), bestScale = L.Create(LeastScale), bestZero = L.Create(0f);
            for (int a = 0; a < Tries; a++)
            {
                for (int b = 0; b < Tries; b++)
                {
                    L from = low * L.Create(1 - a * Step), to = high * L.Create(1 - b * Step);
                    L scale = L.Max(Rounded((to - from) * L.Create(1f / MostCode)), L.Create(LeastScale)), inverse = L.Create(1f) / scale;
                    L zero = L.Min(L.Round(L.Create(-4f) * from * inverse), L.Create(MostZero));
                    L error = Error(ref w, r, scale, inverse, zero);
                    bestScale = L.SelectLess(error, best, scale, bestScale);
                    bestZero = L.SelectLess(error, best, zero, bestZero);
                    best = L.Min(best, error);
                }
            }
            L.Store(bestScale, ref MemoryMarshal.GetReference(scales), r);
            L.Store(bestZero, ref MemoryMarshal.GetReference(zeros), r);
        }
    }

    private static L Error<L>(ref float w, int r, L scale, L inverse, L zero) where L : struct, ILanes<L>
    {
        L sum = L.Create(0f), none = sum, most = L.Create(MostCode), shift = zero * L.Create(0.25f);
        for (int i = 0; i < QuantizedWeights.BlockInputs; i++)
        {
            L value = L.Load(ref w, i * QuantizedWeights.GroupRows + r);
            L code = L.Min(L.Max(L.Round(value * inverse + shift), none), most);
            L rest = value - scale * (code - shift);
            sum += rest * rest;
        }
        return sum;
    }

    // To six digits (Veltkamp): what the format holds of a scale.
    private static L Rounded<L>(L value) where L : struct, ILanes<L>
    {
        L large = value * L.Create((1 << (23 - MantissaBits)) + 1);
        return large - (large - value);
    }

    private static int Bits(float scale) => (int)(BitConverter.SingleToUInt32Bits(scale) >> (23 - MantissaBits)) - ((127 - Bias) << MantissaBits);

    private static int At(int input, int row) => QuantizedWeights.HeaderBytes + 4 * (QuantizedWeights.GroupRows * (input / 8) + row) + input % 4;
}
