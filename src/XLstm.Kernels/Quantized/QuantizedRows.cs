using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace XLstm.Kernels;

/// <summary>
/// Rows of x in whole numbers, block by block of 32, as <see cref="QuantizedProduct"/> multiplies them: for Q4 32 bytes in
/// -127..127, the scale, and their sum; for Q8 32 shorts in -32767..32767 and the scale.
/// </summary>
internal static class QuantizedRows
{
    public const int BytesForQ4 = 32 + 4 + 4, BytesForQ8 = 64 + 4;

    private const int MostByte = 127, MostShort = 32767;

    public static int BlockBytes(WeightFormat format) => format == WeightFormat.Q4 ? BytesForQ4 : BytesForQ8;

    public static void Quantize(WeightFormat format, ReadOnlySpan<float> x, Span<byte> row)
    {
        int size = BlockBytes(format), whole = x.Length / QuantizedWeights.BlockInputs;
        for (int b = 0; b < whole; b++)
            Block(format, x.Slice(b * QuantizedWeights.BlockInputs, QuantizedWeights.BlockInputs), row.Slice(b * size, size));
        ReadOnlySpan<float> rest = x[(whole * QuantizedWeights.BlockInputs)..];
        if (rest.IsEmpty)
            return;
        Span<float> last = stackalloc float[QuantizedWeights.BlockInputs];
        last.Clear();
        rest.CopyTo(last);
        Block(format, last, row.Slice(whole * size, size));
    }

    private static void Block(WeightFormat format, ReadOnlySpan<float> x, Span<byte> block)
    {
        if (format == WeightFormat.Q4)
            Bytes(x, block);
        else
            Shorts(x, block);
    }

    private static void Bytes(ReadOnlySpan<float> x, Span<byte> block)
    {
        float inverse = Scale(x, MostByte, out float scale);
        Vector128<int> sum = default;
        for (int i = 0; i < x.Length; i += 16)
        {
            Vector128<int> a = Whole(x, i, inverse), b = Whole(x, i + 4, inverse), c = Whole(x, i + 8, inverse), d = Whole(x, i + 12, inverse);
            sum += a + b + (c + d);
            Vector128.Narrow(Vector128.Narrow(a, b), Vector128.Narrow(c, d)).AsByte().CopyTo(block[i..]);
        }
        MemoryMarshal.Write(block[32..], scale);
        MemoryMarshal.Write(block[36..], Vector128.Sum(sum));
    }

    // Inputs 0 and 2, then 1 and 3, of every four: even and odd bytes of W are told apart more cheaply than neighbours.
    private static void Shorts(ReadOnlySpan<float> x, Span<byte> block)
    {
        Vector128<short> order = Vector128.Create((short)0, 2, 1, 3, 4, 6, 5, 7);
        float inverse = Scale(x, MostShort, out float scale);
        for (int i = 0; i < x.Length; i += 8)
            Vector128.Shuffle(Vector128.Narrow(Whole(x, i, inverse), Whole(x, i + 4, inverse)), order).AsByte().CopyTo(block[(2 * i)..]);
        MemoryMarshal.Write(block[64..], scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Whole(ReadOnlySpan<float> x, int at, float inverse) =>
        Vector128.ConvertToInt32Native(Vector128.Round(Vector128.Create(x.Slice(at, 4)) * inverse));

    private static float Scale(ReadOnlySpan<float> x, int most, out float scale)
    {
        Vector128<float> lanes = Vector128.Abs(Vector128.Create(x));
        for (int i = 4; i < x.Length; i += 4)
            lanes = Vector128.Max(lanes, Vector128.Abs(Vector128.Create(x.Slice(i, 4))));
        float max = MathF.Max(MathF.Max(lanes[0], lanes[1]), MathF.Max(lanes[2], lanes[3]));
        scale = max / most;
        float inverse = most / max;
        if (float.IsFinite(inverse) && float.IsFinite(max))
            return inverse;
        // Nothing but zeros, or numbers next to them; or what is not finite, and stays so in every product with it.
        scale = max < 1f ? 0f : float.NaN;
        return 0f;
    }
}
