using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>The few one-row operations that the cells are made of.</summary>
internal static class Rows
{
    private const int AheadRows = 4;

    public static void Scale<L>(Span<float> x, float factor) where L : struct, ILanes<L> => Scale<L>(x, factor, x);

    public static void Scale<L>(ReadOnlySpan<float> x, float factor, Span<float> result) where L : struct, ILanes<L>
    {
        ref float a = ref MemoryMarshal.GetReference(x);
        ref float r = ref MemoryMarshal.GetReference(result);
        L f = L.Create(factor);
        int i = 0;
        for (; i + L.Count <= x.Length; i += L.Count)
            L.Store(L.Load(ref a, i) * f, ref r, i);
        for (; i < x.Length; i++)
            result[i] = x[i] * factor;
    }

    public static void Add<L>(ReadOnlySpan<float> x, Span<float> destination) where L : struct, ILanes<L>
    {
        ref float a = ref MemoryMarshal.GetReference(x);
        ref float r = ref MemoryMarshal.GetReference(destination);
        int i = 0;
        for (; i + L.Count <= x.Length; i += L.Count)
            L.Store(L.Load(ref a, i) + L.Load(ref r, i), ref r, i);
        for (; i < x.Length; i++)
            destination[i] += x[i];
    }

    /// <summary>destination += factor x.</summary>
    public static void MultiplyAdd<L>(ReadOnlySpan<float> x, float factor, Span<float> destination) where L : struct, ILanes<L>
    {
        ref float a = ref MemoryMarshal.GetReference(x);
        ref float r = ref MemoryMarshal.GetReference(destination);
        L f = L.Create(factor);
        int i = 0;
        for (; i + L.Count <= x.Length; i += L.Count)
            L.Store(L.MultiplyAdd(L.Load(ref a, i), f, L.Load(ref r, i)), ref r, i);
        for (; i < x.Length; i++)
            destination[i] = float.MultiplyAddEstimate(x[i], factor, destination[i]);
    }

    /// <summary>
    /// destination += a_0 b_0 + a_1 b_1 + a_2 b_2 + a_3 b_3, element by element and in this order: rows 0 to 3 lie a stride apart,
    /// from where the spans begin; a stride may be negative, towards rows before that.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void MultiplyAdd4<L>(ReadOnlySpan<float> a, nint aStride, ReadOnlySpan<float> b, nint bStride, Span<float> destination) where L : struct, ILanes<L>
    {
        ref float pa = ref MemoryMarshal.GetReference(a), pb = ref MemoryMarshal.GetReference(b), pr = ref MemoryMarshal.GetReference(destination);
        int i = 0;
        for (; i + L.Count <= destination.Length; i += L.Count)
            L.Store(MultiplyAdd4<L>(i, ref pa, aStride, ref pb, bStride, ref pr), ref pr, i);
        for (; i < destination.Length; i++)
            Lanes1.Store(MultiplyAdd4<Lanes1>(i, ref pa, aStride, ref pb, bStride, ref pr), ref pr, i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static L MultiplyAdd4<L>(nint i, ref float a, nint aStride, ref float b, nint bStride, ref float destination) where L : struct, ILanes<L>
    {
        L sum = L.MultiplyAdd(L.Load(ref a, i), L.Load(ref b, i), L.Load(ref destination, i));
        sum = L.MultiplyAdd(L.Load(ref a, i + aStride), L.Load(ref b, i + bStride), sum);
        sum = L.MultiplyAdd(L.Load(ref a, i + 2 * aStride), L.Load(ref b, i + 2 * bStride), sum);
        return L.MultiplyAdd(L.Load(ref a, i + 3 * aStride), L.Load(ref b, i + 3 * bStride), sum);
    }

    public static float Dot<L>(ReadOnlySpan<float> x, ReadOnlySpan<float> y) where L : struct, ILanes<L>
    {
        ref float a = ref MemoryMarshal.GetReference(x);
        ref float b = ref MemoryMarshal.GetReference(y);
        L sum = L.Create(0f);
        int i = 0;
        for (; i + L.Count <= x.Length; i += L.Count)
            sum = L.MultiplyAdd(L.Load(ref a, i), L.Load(ref b, i), sum);
        float total = L.Sum(sum);
        for (; i < x.Length; i++)
            total += x[i] * y[i];
        return total;
    }

    /// <summary>
    /// result[r] = factor x[r] for rows of <paramref name="width"/> that lie apart in both. With so few instructions a row, the
    /// processor waits for many rows at a time where they come from memory.
    /// </summary>
    public static void Scale<L>(int rows, int width, ReadOnlySpan<float> x, int stride, float factor, Span<float> result, int resultStride) where L : struct, ILanes<L>
    {
        if (rows == 0)
            return;
        ref float a = ref MemoryMarshal.GetReference(x[..((rows - 1) * stride + width)]);
        ref float b = ref MemoryMarshal.GetReference(result[..((rows - 1) * resultStride + width)]);
        L f = L.Create(factor);
        for (int r = 0; r < rows; r++)
        {
            int i = 0;
            for (; i <= width - L.Count; i += L.Count)
                L.Store(L.Load(ref a, i) * f, ref b, i);
            for (; i < width; i++)
                Unsafe.Add(ref b, i) = Unsafe.Add(ref a, i) * factor;
            a = ref Unsafe.Add(ref a, stride);
            b = ref Unsafe.Add(ref b, resultStride);
        }
    }

    /// <summary>result[r] = factors[r] x[r] for rows of <paramref name="width"/> without gaps; they may be the same rows.</summary>
    public static void Scale<L>(int rows, int width, ReadOnlySpan<float> x, ReadOnlySpan<float> factors, Span<float> result) where L : struct, ILanes<L>
    {
        for (int r = 0; r < rows; r++)
            Scale<L>(x.Slice(r * width, width), factors[r], result.Slice(r * width, width));
    }

    /// <summary>x[r] = factors[r] x[r] for rows of <paramref name="width"/> without gaps; sum += all of them, in order.</summary>
    public static void ScaleSum<L>(int rows, int width, Span<float> x, ReadOnlySpan<float> factors, Span<float> sum) where L : struct, ILanes<L>
    {
        ref float a = ref MemoryMarshal.GetReference(x[..(rows * width)]);
        ref float f = ref MemoryMarshal.GetReference(factors[..rows]);
        ref float s = ref MemoryMarshal.GetReference(sum[..width]);
        int i = 0;
        for (; i <= width - L.Count; i += L.Count)
        {
            L total = L.Load(ref s, i);
            for (int r = 0; r < rows; r++)
            {
                L value = L.Load(ref a, r * width + i) * L.Create(Unsafe.Add(ref f, r));
                L.Store(value, ref a, r * width + i);
                total += value;
            }
            L.Store(total, ref s, i);
        }
        for (; i < width; i++)
            for (int r = 0; r < rows; r++)
                sum[i] += x[r * width + i] *= factors[r];
    }

    /// <summary>destination[r] += factor x[r] for rows of x without gaps and rows of the destination that lie apart.</summary>
    public static void MultiplyAdd<L>(int rows, int width, ReadOnlySpan<float> x, float factor, Span<float> destination, int stride) where L : struct, ILanes<L>
    {
        for (int r = 0; r < rows; r++)
            MultiplyAdd<L>(x.Slice(r * width, width), factor, destination.Slice(r * stride, width));
    }

    /// <summary>Asks for row r, which is wanted soon, if there is one.</summary>
    public static void Ahead(int r, int width, ReadOnlySpan<float> x, int stride)
    {
        if (r < 0 || (long)r * stride + width > x.Length)
            return;
        ref float a = ref Unsafe.Add(ref MemoryMarshal.GetReference(x), r * stride);
        for (int i = 0; i < width; i += 64)
            Prefetch.Ahead(ref a, i, Math.Min(64, width - i));
    }

    /// <summary>
    /// Asks for the row of <paramref name="width"/> that comes a few rows after x begins, or lies past its end: the processor
    /// fetches ahead by itself no further than to the end of a page.
    /// </summary>
    public static void AheadOf(ref float x, nint stride, int width)
    {
        for (int i = 0; i < width; i += 64)
            Prefetch.Ahead(ref x, AheadRows * stride + i, Math.Min(64, width - i));
    }

    /// <inheritdoc cref="AheadOf(ref float, nint, int)"/>
    public static void AheadOf(ReadOnlySpan<float> x, int width) => AheadOf(ref MemoryMarshal.GetReference(x), width, width);

    /// <summary>Sums of 256 terms in float, the rest in double.</summary>
    public static double DotDouble<L>(ReadOnlySpan<float> x, ReadOnlySpan<float> y) where L : struct, ILanes<L>
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i += 256)
        {
            int count = Math.Min(256, x.Length - i);
            sum += Dot<L>(x.Slice(i, count), y.Slice(i, count));
        }
        return sum;
    }

    /// <summary>row = factor (row + addFactor add); returns row . x.</summary>
    public static float AddScaleDot<L>(Span<float> row, ReadOnlySpan<float> add, float addFactor, float factor, ReadOnlySpan<float> x) where L : struct, ILanes<L>
    {
        ref float r = ref MemoryMarshal.GetReference(row);
        ref float a = ref MemoryMarshal.GetReference(add);
        ref float b = ref MemoryMarshal.GetReference(x);
        L f = L.Create(factor), g = L.Create(addFactor), sum = L.Create(0f);
        int i = 0;
        for (; i + L.Count <= row.Length; i += L.Count)
        {
            L value = f * L.MultiplyAdd(g, L.Load(ref a, i), L.Load(ref r, i));
            L.Store(value, ref r, i);
            sum = L.MultiplyAdd(value, L.Load(ref b, i), sum);
        }
        float total = L.Sum(sum);
        for (; i < row.Length; i++)
        {
            row[i] = factor * float.MultiplyAddEstimate(addFactor, add[i], row[i]);
            total += row[i] * x[i];
        }
        return total;
    }
}

/// <summary>
/// Cuts a caller's scratch memory into pieces. Each begins at the boundary of a cache line, so that a register of lanes never
/// lies across two: pieces take <see cref="Padded"/> floats, and <see cref="Slack"/> are lost before the first.
/// </summary>
internal ref struct Cutter(Span<float> memory)
{
    public const int Slack = 16;

    private Span<float> _rest = FromLine(memory);

    /// <summary>The next multiple of 16.</summary>
    public static int Padded(int length) => checked(length + 15) & ~15;

    public readonly Span<float> Rest => _rest;

    public Span<float> Take(int length)
    {
        Span<float> piece = _rest[..length];
        _rest = _rest[Padded(length)..];
        return piece;
    }

    private static Span<float> FromLine(Span<float> memory)
    {
        nint address = Unsafe.ByteOffset(ref Unsafe.NullRef<float>(), ref MemoryMarshal.GetReference(memory));
        return memory[((int)(-address & 63) / sizeof(float))..];
    }
}
