namespace XLstm.Forecasting;

/// <summary>The standard normal distribution.</summary>
internal static class NormalDistribution
{
    /// <summary>z with P(Z below z) = level: Newton's method on the distribution function, which settles in a few steps.</summary>
    public static double Quantile(double level)
    {
        // Symmetry keeps the small tail, where 1 - level would lose digits.
        if (level > 0.5)
            return -Quantile(1 - level);
        double z = level < 1e-3 ? -Math.Sqrt(-2 * Math.Log(level)) : 0;
        for (int i = 0; i < 60; i++)
        {
            double step = (Distribution(z) - level) / Density(z);
            z -= Math.Clamp(step, -1, 1);
            if (Math.Abs(step) < 1e-14 * Math.Max(1, Math.Abs(z)))
                break;
        }
        return z;
    }

    /// <summary>P(Z below z), z at most 0 kept to full relative precision: a series near 0, a continued fraction in the tail.</summary>
    public static double Distribution(double z)
    {
        if (z > 0)
            return 1 - Distribution(-z);
        if (z < -4)
        {
            double fraction = -z;
            for (int k = 60; k > 0; k--)
                fraction = -z + (k / fraction);
            return Density(z) / fraction;
        }
        double term = z, sum = z;
        for (int k = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); k++)
        {
            term *= z * z / ((2 * k) + 1);
            sum += term;
        }
        return 0.5 + (Density(z) * sum);
    }

    private static double Density(double z) => Math.Exp(-0.5 * z * z) / Math.Sqrt(2 * Math.PI);
}
