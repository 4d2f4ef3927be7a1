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
        Check.Length(x, QuantizedWeights.BlockInputs);
        Check.Length(block, BytesForQ4);
        float inverse = Scale(x, MostByte, out float scale);
        Vector256<int> a = Whole(x, 0, inverse), b = Whole(x, 8, inverse), c = Whole(x, 16, inverse), d = Whole(x, 24, inverse);
        Vector256.Narrow(Vector256.Narrow(a, b), Vector256.Narrow(c, d)).AsByte().StoreUnsafe(ref MemoryMarshal.GetReference(block));
        MemoryMarshal.Write(block[32..], scale);
        MemoryMarshal.Write(block[36..], Vector256.Sum(a + b + (c + d)));
    }

    // Inputs 0 and 2, then 1 and 3, of every four: even and odd bytes of W are told apart more cheaply than neighbours.
    private static void Shorts(ReadOnlySpan<float> x, Span<byte> block)
    {
        Check.Length(x, QuantizedWeights.BlockInputs);
        Check.Length(block, BytesForQ8);
        Vector256<short> order = Vector256.Create((short)0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
        ref byte to = ref MemoryMarshal.GetReference(block);
        float inverse = Scale(x, MostShort, out float scale);
        Vector256.Shuffle(Vector256.Narrow(Whole(x, 0, inverse), Whole(x, 8, inverse)), order).AsByte().StoreUnsafe(ref to);
        Vector256.Shuffle(Vector256.Narrow(Whole(x, 16, inverse), Whole(x, 24, inverse)), order).AsByte().StoreUnsafe(ref to, 32);
        MemoryMarshal.Write(block[64..], scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Eight(ReadOnlySpan<float> x, nuint at) => Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(x), at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Whole(ReadOnlySpan<float> x, nuint at, float inverse) =>
        Vector256.ConvertToInt32Native(Vector256.Round(Eight(x, at) * inverse));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Scale(ReadOnlySpan<float> x, int most, out float scale)
    {
        Vector256<float> all = Vector256.Max(
            Vector256.Max(Vector256.Abs(Eight(x, 0)), Vector256.Abs(Eight(x, 8))), Vector256.Max(Vector256.Abs(Eight(x, 16)), Vector256.Abs(Eight(x, 24))));
        Vector128<float> lanes = Vector128.Max(all.GetLower(), all.GetUpper());
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
