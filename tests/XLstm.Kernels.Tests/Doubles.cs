namespace XLstm.Kernels.Tests;

internal static class Doubles
{
    /// <summary>Equal to 1e-12 of the largest expected element.</summary>
    public static void AssertEqual(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double allowed = 1e-12 * (1 + expected.Max(Math.Abs));
        for (int i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs(expected[i] - actual[i]) <= allowed))
                Assert.Fail($"[{i}] is {actual[i]}, expected {expected[i]}, allowed error {allowed}.");
        }
    }
}
