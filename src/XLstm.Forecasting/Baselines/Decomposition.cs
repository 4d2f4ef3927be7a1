namespace XLstm.Forecasting;

/// <summary>
/// Classical decomposition: a centred moving average over one season is the trend, the mean of what is left at each place
/// of the season its index. FPP3, 3.4.
/// </summary>
internal sealed class Decomposition
{
    private readonly double[] _indices;

    /// <summary>Of a series of at least two seasons.</summary>
    public Decomposition(double[] series, int season, bool multiplicative)
    {
        Multiplicative = multiplicative;
        _indices = new double[season];
        var counts = new int[season];
        int half = season / 2;
        for (int t = half; t < series.Length - half; t++)
        {
            double sum = 0;
            for (int k = -half; k <= half; k++)
                sum += series[t + k];
            // An even season: its first and its last value are the same place of the season, each counts half.
            if (season % 2 == 0)
                sum -= 0.5 * (series[t - half] + series[t + half]);
            double trend = sum / season;
            _indices[t % season] += multiplicative ? series[t] / trend : series[t] - trend;
            counts[t % season]++;
        }
        for (int i = 0; i < season; i++)
            _indices[i] /= counts[i];
        double mean = _indices.Average();
        for (int i = 0; i < season; i++)
            _indices[i] = multiplicative ? _indices[i] / mean : _indices[i] - mean;
    }

    public bool Multiplicative { get; }

    /// <summary>The index at a place of the series or of what follows it, both from its first value.</summary>
    public double this[int t] => _indices[t % _indices.Length];

    /// <summary>
    /// What seasonal adjustment does before a method for series without seasons, null where it leaves the series as it is:
    /// adjusts if the autocorrelation at lag m is beyond its 90% limits (three seasons at least). By factors as in the M4 competition, by
    /// terms where a value or a factor is not positive.
    /// </summary>
    public static Decomposition? IfSeasonal(double[] series, int season)
    {
        if (season < 2 || series.Length < 3 * season || !IsSeasonal(series, season))
            return null;
        if (series.Min() > 0)
        {
            var factors = new Decomposition(series, season, multiplicative: true);
            if (factors._indices.Min() > 0.01)
                return factors;
        }
        return new Decomposition(series, season, multiplicative: false);
    }

    /// <summary>|r_m| beyond 1.645 sqrt((1 + 2 (r_1^2 + ... + r_(m-1)^2)) / n): Bartlett's error of an autocorrelation.</summary>
    private static bool IsSeasonal(double[] series, int season)
    {
        double mean = series.Average(), variance = series.Sum(x => (x - mean) * (x - mean)), squares = 0;
        if (variance == 0)
            return false;
        for (int lag = 1; ; lag++)
        {
            double sum = 0;
            for (int t = lag; t < series.Length; t++)
                sum += (series[t] - mean) * (series[t - lag] - mean);
            double r = sum / variance;
            if (lag == season)
                return Math.Abs(r) > 1.645 * Math.Sqrt((1 + (2 * squares)) / series.Length);
            squares += r * r;
        }
    }

    public double[] Remove(double[] series) => [.. series.Select((x, t) => Multiplicative ? x / this[t] : x - this[t])];

    /// <summary>Puts the season back into what follows a series of a length.</summary>
    public double Restore(double value, int t) => Multiplicative ? value * this[t] : value + this[t];
}
