namespace XLstm.Kernels.Tests;

/// <summary>Random inputs, comparisons with double references, and gradients by central differences.</summary>
internal static class Numbers
{
    public static float[] Normal(int seed, int count, float scale = 1)
    {
        var random = new Random(seed);
        var x = new float[count];
        for (int i = 0; i < count; i++)
            x[i] = scale * (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return x;
    }

    public static double[] ToDouble(ReadOnlySpan<float> x)
    {
        var y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
            y[i] = x[i];
        return y;
    }

    /// <summary>|actual - expected| &lt;= tolerance (1 + |expected|) everywhere.</summary>
    public static void Close(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < actual.Length; i++)
            Assert.True(Math.Abs(actual[i] - expected[i]) <= tolerance * (1 + Math.Abs(expected[i])), $"{what}[{i}] = {actual[i]:R}, expected {expected[i]:R}");
    }

    /// <summary>The gradient of f at x, by central differences.</summary>
    public static double[] Gradient(Func<double[], double> f, ReadOnlySpan<float> x)
    {
        const double Step = 1e-5;
        double[] at = ToDouble(x), gradient = new double[x.Length];
        for (int i = 0; i < at.Length; i++)
        {
            double middle = at[i];
            at[i] = middle + Step;
            double above = f(at);
            at[i] = middle - Step;
            gradient[i] = (above - f(at)) / (2 * Step);
            at[i] = middle;
        }

        return gradient;
    }

    public static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<float> y)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
            sum += x[i] * y[i];
        return sum;
    }
}
