namespace XLstm.Kernels.Tests;

internal static class Lanes
{
    /// <summary>Every register width, and 0 for the public method that chooses one.</summary>
    public static readonly int[] Widths = [1, 4, 8, 16, 0];
}
