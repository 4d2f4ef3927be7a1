namespace XLstm.Tests;

/// <summary>Gradients of sum(y * g), with random g, against central differences along random directions.</summary>
internal static class CentralDifferences
{
    /// <summary>Checks the gradients of every parameter and of x, where x is given.</summary>
    internal static void Check(PassOptions options, IEnumerable<Parameter> parameters, Tensor? x, Func<Pass, Tensor, Tensor> forward)
    {
        using var pass = new Pass(options with { Record = true });
        Tensor input = x?.Clone() ?? new Tensor(new Shape(1));
        input.RequiresGradient = x is not null;
        Tensor y = forward(pass, input);
        float[] g = Random(y.Length, 7);
        foreach (Parameter parameter in parameters)
            parameter.Gradient = null;
        pass.Backward(Ops.Multiply(pass, y, pass.Rent(y.Shape, g)));

        using var plain = new Pass(options with { Record = false });
        double Loss()
        {
            plain.Reset();
            double sum = 0;
            ReadOnlySpan<float> values = forward(plain, input).Span;
            for (int i = 0; i < g.Length; i++)
                sum += (double)values[i] * g[i];
            return sum;
        }

        foreach (Parameter parameter in parameters)
            Along(parameter.Name, parameter, Loss);
        if (x is not null)
            Along("x", input, Loss);
    }

    private static void Along(string name, Tensor tensor, Func<double> loss)
    {
        if (tensor.Length == 0)
            return;
        Assert.True(tensor.Gradient is not null, $"{name} has no gradient.");
        float[] u = Random(tensor.Length, 11), before = tensor.Span.ToArray();
        double Slope(double step)
        {
            double At(double sign)
            {
                for (int i = 0; i < u.Length; i++)
                    tensor.Span[i] = (float)(before[i] + sign * step * u[i]);
                return loss();
            }

            return (At(1) - At(-1)) / (2 * step);
        }

        double actual = 0, norm = 0;
        for (int i = 0; i < u.Length; i++)
        {
            actual += (double)tensor.Gradient.Span[i] * u[i];
            norm += (double)tensor.Gradient.Span[i] * tensor.Gradient.Span[i];
        }
        // The slope along u has the spread of the gradient's norm. A long step sees curvature, a short one rounding: in single
        // precision no one step serves every parameter, but one of these must.
        double allowed = 0.005 * Math.Sqrt(norm) + 0.001;
        var differences = new List<double>();
        foreach (double step in (ReadOnlySpan<double>)[1e-3, 3e-3, 3e-4, 1e-4, 1e-2, 3e-5])
        {
            differences.Add(Slope(step));
            before.CopyTo(tensor.Span);
            if (Math.Abs(differences[^1] - actual) <= allowed)
                return;
        }
        Assert.Fail($"{name}: the gradient along u is {actual}, differences are {string.Join(", ", differences)} (norm {Math.Sqrt(norm)}).");
    }

    /// <summary>Normal numbers that depend on the seed only.</summary>
    internal static float[] Random(int length, ulong seed)
    {
        var random = new RandomSource(seed);
        var values = new float[length];
        for (int i = 0; i < length; i++)
            values[i] = (float)random.NextNormal();
        return values;
    }
}
