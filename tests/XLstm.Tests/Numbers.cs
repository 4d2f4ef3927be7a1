using System.Runtime.InteropServices;

namespace XLstm.Tests;

internal static class Numbers
{
    /// <summary>Within <paramref name="tolerance"/> of the largest magnitude (at least 1).</summary>
    internal static void Close(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance = 2e-5)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = 1, worst = 0;
        int at = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(float.IsFinite(actual[i]), $"{what}[{i}] is {actual[i]}.");
            scale = Math.Max(scale, Math.Abs(expected[i]));
            double error = Math.Abs(expected[i] - actual[i]);
            if (error > worst)
                (worst, at) = (error, i);
        }
        if (worst > tolerance * scale)
            Assert.Fail($"{what}[{at}] is {actual[at]}, expected {expected[at]}: off by {worst:g3} where the largest is {scale:g3}.");
    }

    internal static void SameBits(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        int common = MemoryMarshal.AsBytes(expected).CommonPrefixLength(MemoryMarshal.AsBytes(actual));
        if (common < expected.Length * sizeof(float) || expected.Length != actual.Length)
            Assert.Fail($"{what}: element {common / sizeof(float)} of {expected.Length} (or the length, {actual.Length}) has other bits.");
    }
}
