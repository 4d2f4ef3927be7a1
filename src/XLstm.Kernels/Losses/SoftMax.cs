namespace XLstm.Kernels;

/// <summary>y_j = e^(x_j - max) / sum_k e^(x_k - max), row by row: finite for all finite x.</summary>
public static class SoftMax
{
    // Sums of more than this many floats continue in double, so that a vocabulary of 100,000 costs no accuracy.
    internal const int Block = 1024;

    /// <summary>y [rows, width] = the soft maximum of each row of x; y may be x's own memory.</summary>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Forward(int rows, int width, ReadOnlySpan<float> x, Span<float> y) => Forward(Simd.Width, rows, width, x, y);

    internal static void Forward(int lanes, int rows, int width, ReadOnlySpan<float> x, Span<float> y)
    {
        Check.Length(x, Extent.Of(rows, width));
        Check.Length(y, Extent.Of(rows, width));
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> input = x.Slice(r * width, width);
            Span<float> output = y.Slice(r * width, width);
            switch (lanes)
            {
                case 16: Forward<Lanes16>(input, output); break;
                case 8: Forward<Lanes8>(input, output); break;
                case 4: Forward<Lanes4>(input, output); break;
                default: Forward<Lanes1>(input, output); break;
            }
        }
    }

    private static void Forward<L>(ReadOnlySpan<float> x, Span<float> y) where L : struct, ILanes<L>
    {
        Map.Run<ExpOfDifference, L>(new ExpOfDifference(Map.Max<L>(x)), x, y);
        double sum = 0;
        for (ReadOnlySpan<float> rest = y; !rest.IsEmpty; rest = rest[Math.Min(Block, rest.Length)..])
            sum += Map.Sum<Identity, L>(default, rest[..Math.Min(Block, rest.Length)]);
        Rows.Scale<L>(y, (float)(1 / sum));
    }
}
