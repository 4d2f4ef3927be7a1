namespace XLstm.Kernels.Tests;

/// <summary>Phi and its density in double, by series and continued fraction: .NET has no erf.</summary>
internal static class NormalDistribution
{
    public static double Density(double x) => Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);

    public static double Cdf(double x)
    {
        if (double.IsNaN(x))
            return x;
        double tail = Math.Abs(x) < 3 ? 0.5 - Series(Math.Abs(x)) : Fraction(Math.Abs(x));
        return x < 0 ? tail : 1 - tail;
    }

    // Phi(a) - 1/2 = phi(a) sum_n a^(2n+1) / (1 3 5 ... (2n+1)): every term is positive.
    private static double Series(double a)
    {
        double term = a, sum = a;
        for (int n = 1; n < 100; n++)
        {
            term *= a * a / (2 * n + 1);
            sum += term;
        }

        return Density(a) * sum;
    }

    // Phi(-a) = phi(a) / (a + 1/(a + 2/(a + 3/(a + ...)))).
    private static double Fraction(double a)
    {
        double f = a;
        for (int n = 200; n >= 1; n--)
            f = a + n / f;
        return Density(a) / f;
    }
}
