namespace XLstm.Forecasting;

/// <summary>
/// What a series looks like as a whole, fixed before its patches are read. With mean L, standard deviation s and mean absolute
/// difference d of neighbours, its unit is u = sqrt(s d): the size of noise where there is only noise (s = d), and between a
/// step and the whole where the series wanders or climbs, so that errors of a forecast are of the order of 1 in either case.
/// </summary>
/// <param name="Level">L.</param>
/// <param name="Unit">u.</param>
/// <param name="Roughness">log(d / u).</param>
/// <param name="Season">m, the season: 1 for none.</param>
/// <param name="LongSeason">A multiple of m that repeats better than m, such as a week of hours; otherwise m.</param>
/// <param name="SeasonStrength">Correlation of the differences one season apart; 0 without a season.</param>
/// <param name="NonNegative">Whether no value is below 0.</param>
/// <param name="Zeros">Share of the values that are 0.</param>
internal sealed record SeriesScale(
    double Level, double Unit, double Roughness, int Season, int LongSeason, double SeasonStrength, bool NonNegative, double Zeros)
{
    /// <summary>Of the finite values of a series; <paramref name="season"/> 0 means to look for it.</summary>
    public static SeriesScale Of(ReadOnlySpan<double> series, int season)
    {
        double magnitude = 0, sum = 0, previous = double.NaN, differences = 0;
        int count = 0, steps = 0, zeros = 0;
        bool nonNegative = true;
        foreach (double x in series)
        {
            if (!double.IsFinite(x))
                continue;
            magnitude = Math.Max(magnitude, Math.Abs(x));
            count++;
            zeros += x == 0 ? 1 : 0;
            nonNegative &= x >= 0;
        }
        if (count == 0)
            return new SeriesScale(0, 1, 0, 1, 1, 0, false, 0);
        if (magnitude == 0)
            magnitude = 1;
        // In shares of the largest value: squares of the smallest and largest numbers are none.
        foreach (double x in series)
        {
            if (!double.IsFinite(x))
                continue;
            sum += x / magnitude;
            if (!double.IsNaN(previous))
            {
                differences += Math.Abs((x / magnitude) - previous);
                steps++;
            }
            previous = x / magnitude;
        }
        double level = sum / count, squares = 0;
        foreach (double x in series)
            if (double.IsFinite(x))
                squares += ((x / magnitude) - level) * ((x / magnitude) - level);
        double deviation = magnitude * Math.Sqrt(squares / count), difference = steps > 0 ? magnitude * (differences / steps) : 0;
        double unit = Math.Sqrt(deviation) * Math.Sqrt(difference);
        level *= magnitude;
        // A constant has no size of its own but its level: the convention of TiRex.
        bool constant = !(unit > 1e-12 * Math.Abs(level));
        if (constant)
            (unit, difference) = (Math.Abs(level) + 1e-5, Math.Abs(level) + 1e-5);
        (int m, int longer, double strength) = constant ? (Math.Max(1, season), Math.Max(1, season), 0) : SeasonFinder.Find(series, season);
        return new SeriesScale(level, unit, Math.Log(difference / unit), m, longer, strength, nonNegative, (double)zeros / count);
    }

    /// <summary>Large values as their logarithm: v up to 4, then 4 + log(v - 3); odd.</summary>
    public static float Compress(double v)
    {
        double a = Math.Abs(v);
        return (float)(a <= 4 ? v : Math.CopySign(4 + Math.Log(a - 3), v));
    }

    /// <summary>
    /// The inverse of <see cref="Compress"/> up to 4; beyond, where it is 3 + e^x with x = |v| - 4, to second order: 4 + x + x^2 / 2. What
    /// a network is wrong by out there must not become a factor.
    /// </summary>
    public static double Expand(double v)
    {
        double x = Math.Abs(v) - 4;
        return x <= 0 ? v : Math.CopySign(4 + x + (x * x / 2), v);
    }
}
