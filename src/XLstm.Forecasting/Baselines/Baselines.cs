namespace XLstm.Forecasting;

/// <summary>
/// The classical forecasts a model has to beat. All take each series alone and need no training. Infinities are missing
/// values; missing values at the start are dropped, others are replaced by the value one season before (in the first season
/// the one just before); a series without any value is forecast as NaN.
/// </summary>
public static class Baselines
{
    /// <summary>f(h) = the last value; sigma(h) = sigma sqrt(h), sigma^2 = mean of (y_t - y_(t-1))^2. Hyndman and Athanasopoulos, FPP3, 5.2 and 5.5.</summary>
    public static IForecaster Naive { get; } = new SeasonalNaive("Naive", 1);

    /// <summary>
    /// f(h) = the last value of the same place in the season; sigma(h) = sigma sqrt(floor((h-1)/m) + 1), sigma^2 = mean of
    /// (y_t - y_(t-m))^2 over its n - m terms (no mean taken away, no degrees of freedom: the convention with which the
    /// published weighted quantile losses come out). As <see cref="Naive"/> for series of at most one season.
    /// FPP3, 5.2 and 5.5.
    /// </summary>
    /// <param name="season">m, at least 1.</param>
    public static IForecaster SeasonalNaive(int season) => new SeasonalNaive("Seasonal naive", Season(season));

    private static int Season(int season)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(season, 1);
        return season;
    }
}
