namespace XLstm.Forecasting;

/// <summary>
/// The classical forecasts a model has to beat. All take each series alone and need no training. Infinities are missing
/// values; missing values at the start are dropped, others are replaced by the value one season before (in the first season
/// the one just before); a series without any value is forecast as NaN. Quantiles are those of normal distributions. What
/// estimates parameters is <see cref="Naive"/> for series of fewer than five values, and of one value only, and sees of long
/// ones the last 5000 values, or four seasons.
/// </summary>
/// <remarks>
/// <see cref="Naive2"/>, <see cref="SimpleSmoothing"/>, <see cref="Holt"/>, <see cref="DampedTrend"/> and <see cref="Theta"/> are
/// the M4 competition's: the season is taken out before and put back after, by the factors of a classical
/// multiplicative decomposition, if the series has three seasons and the autocorrelation at lag m is beyond its 90% limits
/// (by terms where a value or factor is not positive). Makridakis, Spiliotis and Assimakopoulos, "The M4 Competition" (2020), appendix A.
/// </remarks>
public static class Baselines
{
    /// <summary>f(h) = the last value; sigma(h) = sigma sqrt(h), sigma^2 = mean of (y_t - y_(t-1))^2. Hyndman and Athanasopoulos, FPP3, 5.2 and 5.5.</summary>
    public static IForecaster Naive { get; } = new SeasonalNaive("Naive", 1);

    /// <summary>
    /// f(h) = the last value of the same place in the season; sigma(h) = sigma sqrt(floor((h-1)/m) + 1), sigma^2 = mean of
    /// (y_t - y_(t-m))^2 over its n - m terms (no mean taken away, no degrees of freedom; with this the weighted quantile losses
    /// that GIFT-Eval publishes for M4 hourly, M4 weekly and US births come out). As <see cref="Naive"/> for series of at
    /// most one season. FPP3, 5.2 and 5.5.
    /// </summary>
    /// <param name="season">m, at least 1.</param>
    public static IForecaster SeasonalNaive(int season) => new SeasonalNaive("Seasonal naive", Season(season));

    /// <summary><see cref="Naive"/> of the seasonally adjusted series: what OWA compares with.</summary>
    /// <param name="season">m, at least 1.</param>
    public static IForecaster Naive2(int season) => new SeasonallyAdjusted("Naive2", Season(season), Smoothing.Last);

    /// <summary>Simple exponential smoothing, ETS(A,N,N), of the seasonally adjusted series. FPP3, 8.1.</summary>
    /// <param name="season">m, at least 1.</param>
    public static IForecaster SimpleSmoothing(int season) => Adjusted("SES", season, Trend.None);

    /// <summary>Holt's linear trend, ETS(A,A,N), of the seasonally adjusted series. FPP3, 8.2.</summary>
    /// <param name="season">m, at least 1.</param>
    public static IForecaster Holt(int season) => Adjusted("Holt", season, Trend.Additive);

    /// <summary>Holt's trend, damped, ETS(A,Ad,N), of the seasonally adjusted series. FPP3, 8.2.</summary>
    /// <param name="season">m, at least 1.</param>
    public static IForecaster DampedTrend(int season) => Adjusted("Damped", season, Trend.Damped);

    /// <summary>
    /// The classical Theta method of the seasonally adjusted series: the mean of its straight line (theta 0) and of simple
    /// exponential smoothing of the series with that line's distances doubled (theta 2). Variance that of exponential
    /// smoothing with drift, sigma^2 (1 + (h-1) alpha^2). Assimakopoulos and Nikolopoulos, "The theta model" (2000);
    /// Hyndman and Billah, "Unmasking the Theta method" (2003).
    /// </summary>
    /// <param name="season">m, at least 1.</param>
    public static IForecaster Theta(int season) => new SeasonallyAdjusted("Theta", Season(season), Smoothing.Theta);

    /// <summary>
    /// The Theta method of the seasonally adjusted series with an estimated theta, around the straight line through the series or
    /// around those up to each step, whichever has the smaller squared error of one step; variance as of <see cref="Theta"/>.
    /// Fiorucci and others, "Models for optimising the theta method" (2016): OTM and DOTM.
    /// </summary>
    /// <param name="season">m, at least 1.</param>
    public static IForecaster OptimizedTheta(int season) => new SeasonallyAdjusted("Optimized Theta", Season(season), Smoothing.OptimizedTheta);

    /// <summary>
    /// Exponential smoothing, of fifteen forms the one with the least AICc: additive or multiplicative errors; no trend, an
    /// additive or a damped one; no season, an additive or a multiplicative one (with multiplicative errors only).
    /// Multiplicative ones only for positive values; a season from 2 to 24, of which there have to be two. Variances are the
    /// exact ones of Hyndman, Koehler, Ord and Snyder (2008), chapter 6, approximate for multiplicative seasons beyond the
    /// first. FPP3, 8.
    /// </summary>
    /// <param name="season">m, at least 1.</param>
    public static IForecaster ExponentialSmoothing(int season) => new ExponentialSmoothing(Season(season));

    private static SeasonallyAdjusted Adjusted(string name, int season, Trend trend) =>
        new(name, Season(season), (series, horizon) => Smoothing.Exponential(series, horizon, trend));

    private static int Season(int season)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(season, 1);
        return season;
    }
}
