namespace XLstm.Forecasting;

/// <summary>The downhill simplex method: minimises without derivatives. Nelder and Mead, "A simplex method for function minimization" (1965).</summary>
internal static class NelderMead
{
    /// <summary>Moves <paramref name="point"/> to where the function is least near it, and returns the function there.</summary>
    /// <param name="function">Any value but NaN; infinity where it is not defined.</param>
    /// <param name="point">Start and result.</param>
    /// <param name="steps">The simplex's first edges.</param>
    /// <param name="evaluations">When to stop at the latest.</param>
    /// <param name="tolerance">When to stop: the best and the worst corner differ by less.</param>
    public static double Minimize(Func<double[], double> function, double[] point, double[] steps, int evaluations, double tolerance)
    {
        int n = point.Length;
        var corners = new double[n + 1][];
        var values = new double[n + 1];
        for (int i = 0; i <= n; i++)
        {
            corners[i] = (double[])point.Clone();
            if (i > 0)
                corners[i][i - 1] += steps[i - 1];
            values[i] = function(corners[i]);
        }
        var centre = new double[n];
        double[] tried = new double[n], further = new double[n];
        for (int used = n + 1; used < evaluations;)
        {
            Array.Sort(values, corners);
            if (values[n] - values[0] < tolerance)
                break;
            Array.Clear(centre);
            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++)
                    centre[j] += corners[i][j] / n;
            double value = Try(tried, -1);
            if (value < values[0])
            {
                double beyond = Try(further, -2);
                if (beyond < value)
                    (value, tried, further) = (beyond, further, tried);
            }
            else if (value >= values[n - 1])
            {
                double between = Try(further, value < values[n] ? -0.5 : 0.5);
                if (between < Math.Min(value, values[n]))
                {
                    (value, tried, further) = (between, further, tried);
                }
                else
                {
                    for (int i = 1; i <= n; i++)
                    {
                        for (int j = 0; j < n; j++)
                            corners[i][j] = 0.5 * (corners[i][j] + corners[0][j]);
                        values[i] = function(corners[i]);
                    }
                    used += n;
                    continue;
                }
            }
            (corners[n], tried) = (tried, corners[n]);
            values[n] = value;

            double Try(double[] to, double factor)
            {
                for (int j = 0; j < n; j++)
                    to[j] = centre[j] + (factor * (corners[n][j] - centre[j]));
                used++;
                return function(to);
            }
        }
        int best = Array.IndexOf(values, values.Min());
        corners[best].CopyTo(point, 0);
        return values[best];
    }
}
