namespace XLstm.Forecasting;

/// <summary>What may come after a series: for every step of a horizon the quantiles of nine levels.</summary>
public sealed class Forecast
{
    private static readonly double[] s_levels = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

    private readonly double[][] _quantiles;

    /// <summary>A forecast of the <see cref="StandardLevels"/>.</summary>
    /// <param name="quantiles">For each level, in rising order, one value a step. Kept, not copied.</param>
    /// <exception cref="ArgumentException">The levels have unequal numbers of steps, or there are not nine.</exception>
    public Forecast(double[][] quantiles)
    {
        if (quantiles.Length != s_levels.Length)
            throw new ArgumentException($"There are {quantiles.Length} quantiles, expected {s_levels.Length}: one for each of the levels 0.1 to 0.9.", nameof(quantiles));
        foreach (double[] quantile in quantiles)
            if (quantile.Length != quantiles[0].Length)
                throw new ArgumentException($"One quantile has {quantile.Length} steps, another {quantiles[0].Length}.", nameof(quantiles));
        _quantiles = quantiles;
    }

    /// <summary>0.1, 0.2, ..., 0.9.</summary>
    public static IReadOnlyList<double> StandardLevels => s_levels;

    /// <summary>What the reader should know about how far to trust it; usually nothing.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Steps.</summary>
    public int Horizon => _quantiles[0].Length;

    /// <summary>The quantile of level 0.5 at every step: as likely too high as too low.</summary>
    public ReadOnlySpan<double> Median => _quantiles[s_levels.Length / 2];

    /// <summary>The quantile of a standard level, by its place in <see cref="StandardLevels"/>, at every step.</summary>
    public ReadOnlySpan<double> this[int level] => _quantiles[level];

    /// <summary>
    /// The quantile of any level at every step: straight lines between those of neighbouring standard levels, and beyond
    /// 0.1 and 0.9 the tails of a normal distribution through the median and the last level,
    /// q = q50 + (q90 - q50) z(level) / z(0.9).
    /// </summary>
    /// <param name="level">More than 0, less than 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The level is not between 0 and 1.</exception>
    public double[] Quantile(double level)
    {
        if (!(level > 0 && level < 1))
            throw new ArgumentOutOfRangeException(nameof(level), level, $"The level is {level}, expected more than 0 and less than 1.");
        var values = new double[Horizon];
        if (level is < 0.1 or > 0.9)
        {
            double[] last = level < 0.1 ? _quantiles[0] : _quantiles[^1];
            double factor = Math.Abs(NormalDistribution.Quantile(level) / NormalDistribution.Quantile(0.9));
            for (int t = 0; t < values.Length; t++)
                values[t] = Median[t] + (factor * (last[t] - Median[t]));
            return values;
        }
        double place = (level - 0.1) / 0.1;
        int below = Math.Min((int)Math.Floor(place + 1e-9), s_levels.Length - 2);
        double share = Math.Clamp(place - below, 0, 1);
        for (int t = 0; t < values.Length; t++)
            values[t] = _quantiles[below][t] + (share * (_quantiles[below + 1][t] - _quantiles[below][t]));
        return values;
    }
}
