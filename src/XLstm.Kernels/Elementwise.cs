using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace XLstm.Kernels;

/// <summary>
/// Arithmetic on whole spans. The first span gives the length and the others are at least as long; a result may be an
/// input's own memory.
/// </summary>
public static class Elementwise
{
    /// <summary>result = x + y.</summary>
    /// <exception cref="ArgumentException">A span is shorter than x.</exception>
    public static void Add(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> result) => Add(Simd.Width, x, y, result);

    /// <summary>destination += x.</summary>
    /// <exception cref="ArgumentException">destination is shorter than x.</exception>
    public static void AddTo(ReadOnlySpan<float> x, Span<float> destination) => Add(Simd.Width, x, destination, destination);

    /// <summary>result = scale x.</summary>
    /// <exception cref="ArgumentException">result is shorter than x.</exception>
    public static void Scale(float scale, ReadOnlySpan<float> x, Span<float> result) => Scale(Simd.Width, scale, x, result);

    /// <summary>destination += scale x.</summary>
    /// <exception cref="ArgumentException">destination is shorter than x.</exception>
    public static void MultiplyAdd(float scale, ReadOnlySpan<float> x, Span<float> destination) =>
        MultiplyAdd(Simd.Width, scale, x, destination);

    /// <summary>result = x y, element by element.</summary>
    /// <exception cref="ArgumentException">A span is shorter than x.</exception>
    public static void Multiply(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> result) => Multiply(Simd.Width, x, y, result);

    /// <summary>destination += x y, element by element.</summary>
    /// <exception cref="ArgumentException">A span is shorter than x.</exception>
    public static void MultiplyAdd(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> destination) =>
        MultiplyAdd(Simd.Width, x, y, destination);

    /// <summary>destination = value, everywhere.</summary>
    public static void Fill(float value, Span<float> destination) => destination.Fill(value);

    /// <summary>
    /// The sum of x^2, in double and in an order that depends on nothing but the length: the same bits on every machine.
    /// </summary>
    public static double SumOfSquares(ReadOnlySpan<float> x)
    {
        ref float px = ref MemoryMarshal.GetReference(x);
        Vector256<double> even = Vector256<double>.Zero, odd = Vector256<double>.Zero;
        int i = 0;
        for (; i <= x.Length - 8; i += 8)
        {
            // A product of two floats is exact in double, so it does not matter whether the machine fuses.
            (Vector256<double> low, Vector256<double> high) = Vector256.Widen(Vector256.LoadUnsafe(ref px, (nuint)i));
            even += low * low;
            odd += high * high;
        }

        Vector256<double> both = even + odd;
        double sum = both[0] + both[1] + (both[2] + both[3]);
        for (; i < x.Length; i++)
            sum += (double)x[i] * x[i];
        return sum;
    }

    /// <summary>Whether x has neither infinities nor NaN.</summary>
    public static bool AllFinite(ReadOnlySpan<float> x) => AllFinite(Simd.Width, x);

    /// <summary>y[r] += bias for each row r of y [rows, width].</summary>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void AddBias(int rows, int width, ReadOnlySpan<float> bias, Span<float> y) => AddBias(Simd.Width, rows, width, bias, y);

    /// <summary>dBias += the sum of the rows of dy [rows, width].</summary>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void SumRows(int rows, int width, ReadOnlySpan<float> dy, Span<float> dBias) => SumRows(Simd.Width, rows, width, dy, dBias);

    internal static void Add(int lanes, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> result)
    {
        Check.Length(y, x.Length);
        Check.Length(result, x.Length);
        Map.Run(lanes, default(Sum), x, y, result);
    }

    internal static void Scale(int lanes, float scale, ReadOnlySpan<float> x, Span<float> result)
    {
        Check.Length(result, x.Length);
        Map.Run(lanes, new Scaled(scale), x, result);
    }

    internal static void MultiplyAdd(int lanes, float scale, ReadOnlySpan<float> x, Span<float> destination)
    {
        Check.Length(destination, x.Length);
        Map.Run(lanes, new ScaledSum(scale), x, destination, destination);
    }

    internal static void Multiply(int lanes, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> result)
    {
        Check.Length(y, x.Length);
        Check.Length(result, x.Length);
        Map.Run(lanes, default(Product), x, y, result);
    }

    internal static void MultiplyAdd(int lanes, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> destination)
    {
        Check.Length(y, x.Length);
        Check.Length(destination, x.Length);
        Map.Run(lanes, default(ProductSum), x, y, destination, destination);
    }

    internal static bool AllFinite(int lanes, ReadOnlySpan<float> x)
    {
        // 0 x is 0 for finite x and NaN for the rest, and a sum never loses a NaN.
        float sum = lanes switch
        {
            16 => Map.Sum<Scaled, Lanes16>(new Scaled(0), x),
            8 => Map.Sum<Scaled, Lanes8>(new Scaled(0), x),
            4 => Map.Sum<Scaled, Lanes4>(new Scaled(0), x),
            _ => Map.Sum<Scaled, Lanes1>(new Scaled(0), x),
        };
        return !float.IsNaN(sum);
    }

    internal static void AddBias(int lanes, int rows, int width, ReadOnlySpan<float> bias, Span<float> y)
    {
        Check.Length(bias, width);
        Check.Length(y, Extent.Of(rows, width));
        for (int r = 0; r < rows; r++)
            Add(lanes, bias[..width], y.Slice(r * width, width), y.Slice(r * width, width));
    }

    internal static void SumRows(int lanes, int rows, int width, ReadOnlySpan<float> dy, Span<float> dBias)
    {
        Check.Length(dy, Extent.Of(rows, width));
        Check.Length(dBias, width);
        Span<float> sum = dBias[..width];
        int r = 0;
        // Two rows at a time halve the traffic to the sums.
        for (; r + 1 < rows; r += 2)
            Map.Run(lanes, default(PairSum), dy.Slice(r * width, width), dy.Slice((r + 1) * width, width), sum, sum);
        if (r < rows)
            Map.Run(lanes, default(Sum), dy.Slice(r * width, width), sum, sum);
    }

    private readonly struct Sum : IMap2
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b) where L : struct, ILanes<L> => a + b;
    }

    private readonly struct PairSum : IMap3
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b, L c) where L : struct, ILanes<L> => c + (a + b);
    }

    private readonly struct Product : IMap2
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b) where L : struct, ILanes<L> => a * b;
    }

    private readonly struct Scaled(float scale) : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a) where L : struct, ILanes<L> => L.Create(scale) * a;
    }

    private readonly struct ScaledSum(float scale) : IMap2
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a, L b) where L : struct, ILanes<L> => L.MultiplyAdd(L.Create(scale), a, b);
    }
}
