namespace XLstm.Kernels;

/// <summary>How many elements a matrix takes in its span.</summary>
internal static class Extent
{
    /// <summary>Elements of a dense [rows, width] matrix.</summary>
    public static int Of(int rows, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(width);
        return checked(rows * width);
    }

    /// <summary>From the first element to the last one, with rows <paramref name="stride"/> apart.</summary>
    public static int Of(int rows, int width, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(width);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, width);
        return rows == 0 ? 0 : checked((rows - 1) * stride + width);
    }
}
