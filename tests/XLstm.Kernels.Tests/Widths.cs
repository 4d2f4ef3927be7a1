namespace XLstm.Kernels.Tests;

/// <summary>The lane widths every kernel is tested at, and lengths around their edges.</summary>
internal static class Widths
{
    public static readonly int[] All = [1, 4, 8, 16];

    public static readonly int[] Lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 67];
}
