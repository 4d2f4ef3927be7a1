using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>ln sum_j e^x_j of each row: max + ln sum_j e^(x_j - max).</summary>
public static class LogSumExp
{
    /// <summary>result [rows] = the log-sum-exp of each row of x [rows, width]; -infinity where all x are.</summary>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Forward(int rows, int width, ReadOnlySpan<float> x, Span<float> result) =>
        Forward(Simd.Width, rows, width, x, result);

    internal static void Forward(int lanes, int rows, int width, ReadOnlySpan<float> x, Span<float> result)
    {
        Check.Length(x, Extent.Of(rows, width));
        Check.Length(result, rows);
        for (int r = 0; r < rows; r++)
            result[r] = (float)Of(lanes, x.Slice(r * width, width));
    }

    internal static double Of(int lanes, ReadOnlySpan<float> row) => lanes switch
    {
        16 => Of<Lanes16>(row),
        8 => Of<Lanes8>(row),
        4 => Of<Lanes4>(row),
        _ => Of<Lanes1>(row),
    };

    private static double Of<L>(ReadOnlySpan<float> row) where L : struct, ILanes<L>
    {
        float max = Map.Max<L>(row);
        if (float.IsInfinity(max))
            return max;
        double sum = 0;
        for (; !row.IsEmpty; row = row[Math.Min(SoftMax.Block, row.Length)..])
            sum += Map.Sum<ExpOfDifference, L>(new ExpOfDifference(max), row[..Math.Min(SoftMax.Block, row.Length)]);
        return max + Math.Log(sum);
    }
}

/// <summary>e^(x - offset).</summary>
internal readonly struct ExpOfDifference(float offset) : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public L Apply<L>(L a) where L : struct, ILanes<L> => LaneMath.Exp(a - L.Create(offset));
}
