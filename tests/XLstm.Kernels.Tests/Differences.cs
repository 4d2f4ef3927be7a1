namespace XLstm.Kernels.Tests;

/// <summary>Gradients by differences of a loss in double.</summary>
internal static class Differences
{
    /// <summary>
    /// Compares every element of <paramref name="gradient"/> with the differences of the loss one step to the right and to the
    /// left: it must lie between them. They are as good as equal, but where a maximum changes sides within the step.
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
        double centre = loss();
        var (right, left) = (new double[x.Length], new double[x.Length]);
        for (int i = 0; i < x.Length; i++)
        {
            double saved = x[i], step = 1e-6 * Math.Max(1, Math.Abs(saved));
            x[i] = saved + step;
            right[i] = (loss() - centre) / step;
            x[i] = saved - step;
            left[i] = (centre - loss()) / step;
            x[i] = saved;
            scale = Math.Max(scale, Math.Min(Math.Abs(left[i]), Math.Abs(right[i])));
        }

        double allowed = tolerance * scale;
        for (int i = 0; i < x.Length; i++)
        {
            if (!float.IsFinite(gradient[i]))
                Assert.Fail($"d{name}[{i}] is {gradient[i]}.");
            double low = Math.Min(left[i], right[i]) - allowed, high = Math.Max(left[i], right[i]) + allowed;
            if ((gradient[i] < low || gradient[i] > high) && except?.Invoke(i) != true)
                Assert.Fail($"d{name}[{i}] is {gradient[i]}, expected {low} to {high}; the difference to the left is {left[i]}, to the right {right[i]}.");
        }
    }
}
