namespace XLstm.Kernels.Tests;

/// <summary>Gradients by central differences of a loss in double.</summary>
internal static class Differences
{
    /// <summary>
    /// Compares every element of <paramref name="gradient"/> with (f(x + s) - f(x - s)) / 2 s.
    /// Elements at a kink of the loss (a maximum changes sides within the step) have no gradient and are passed over.
    /// </summary>
    /// <param name="name">Of x, for the message.</param>
    /// <param name="x">Where the loss reads its argument.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="gradient">What is tested.</param>
    /// <param name="tolerance">Allowed error, relative to the largest element or <paramref name="scale"/>, whichever is larger.</param>
    /// <param name="scale">Size of the terms that may cancel in the gradient.</param>
    /// <param name="except">Elements without a gradient.</param>
    public static void AssertGradient(string name, double[] x, Func<double> loss, ReadOnlySpan<float> gradient, double tolerance, double scale = 1e-2, Predicate<int>? except = null)
    {
        Assert.True(x.Length == gradient.Length, $"d{name} has {gradient.Length} elements, expected {x.Length}.");
        var expected = new double[x.Length];
        double centre = loss();
        for (int i = 0; i < x.Length; i++)
        {
            double saved = x[i], step = 1e-5 * Math.Max(1, Math.Abs(saved));
            x[i] = saved + step;
            double right = (loss() - centre) / step;
            x[i] = saved - step;
            double left = (centre - loss()) / step;
            x[i] = saved;
            expected[i] = Math.Abs(right - left) > 1e-2 * (Math.Abs(right) + Math.Abs(left)) + 1e-4 ? double.NaN : (left + right) / 2;
            scale = Math.Max(scale, Math.Abs(double.IsNaN(expected[i]) ? 0 : expected[i]));
        }

        double allowed = tolerance * scale;
        for (int i = 0; i < x.Length; i++)
        {
            if (!float.IsFinite(gradient[i]))
                Assert.Fail($"d{name}[{i}] is {gradient[i]}.");
            if (!double.IsNaN(expected[i]) && except?.Invoke(i) != true && Math.Abs(gradient[i] - expected[i]) > allowed)
                Assert.Fail($"d{name}[{i}] is {gradient[i]}, expected {expected[i]}, allowed error {allowed}.");
        }
    }
}
