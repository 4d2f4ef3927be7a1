namespace XLstm.Forecasting;

/// <summary>
/// How far forecasts were from what came. Steps whose actual value is missing (NaN) count nowhere; a measure over no step
/// at all, or with a denominator of 0, is NaN (sMAPE says below what it does); a forecast that is NaN makes the measure NaN.
/// </summary>
public static class ForecastMetrics
{
    /// <summary>
    /// Symmetric percentage error, mean of 200 |y - f| / (|y| + |f|): 0 to 200. A step with y = f = 0 is forecast
    /// perfectly and counts as 0. Makridakis, Spiliotis and Assimakopoulos, "The M4 Competition" (2020), section 2.
    /// </summary>
    public static double Smape(ReadOnlySpan<double> actual, ReadOnlySpan<double> forecast) =>
        Mean(actual, forecast, static (y, f) => y == 0 && f == 0 ? 0 : 200 * Math.Abs(y - f) / (Math.Abs(y) + Math.Abs(f)));

    /// <summary>Mean of |y - f|.</summary>
    public static double MeanAbsoluteError(ReadOnlySpan<double> actual, ReadOnlySpan<double> forecast) =>
        Mean(actual, forecast, static (y, f) => Math.Abs(y - f));

    /// <summary>Root of the mean of (y - f)^2.</summary>
    public static double RootMeanSquaredError(ReadOnlySpan<double> actual, ReadOnlySpan<double> forecast) =>
        Math.Sqrt(Mean(actual, forecast, static (y, f) => (y - f) * (y - f)));

    /// <summary>
    /// Mean absolute scaled error, mean |y - f| / mean |x_t - x_(t-m)|, the second over the history the forecast was made
    /// from: 1 is as good as the seasonal naive forecast was one season ahead. NaN where that is 0 (a constant history) or
    /// the history has no two values m apart. Hyndman and Koehler, "Another look at measures of forecast accuracy" (2006).
    /// </summary>
    /// <param name="actual">What came.</param>
    /// <param name="forecast">One value a step.</param>
    /// <param name="history">What had come before.</param>
    /// <param name="season">m, at least 1.</param>
    public static double Mase(ReadOnlySpan<double> actual, ReadOnlySpan<double> forecast, ReadOnlySpan<double> history, int season)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(season, 1);
        return MeanAbsoluteError(actual, forecast) / Scale(history, season);
    }

    /// <summary>
    /// Overall weighted average of the M4 competition, half of sMAPE / sMAPE(Naive2) + MASE / MASE(Naive2), each already the
    /// mean over the series of a set. Makridakis, Spiliotis and Assimakopoulos (2020), section 2.
    /// </summary>
    public static double Owa(double smape, double mase, double naive2Smape, double naive2Mase) =>
        naive2Smape > 0 && naive2Mase > 0 ? 0.5 * ((smape / naive2Smape) + (mase / naive2Mase)) : double.NaN;

    /// <summary>
    /// Mean weighted quantile loss over the nine levels a and all series and steps, sum of 2 max(a (y - q), (a - 1) (y - q))
    /// / 9 / sum |y|. If all nine quantiles are one value f it is sum |y - f| / sum |y|.
    /// Ansari and others, "Chronos" (2024), appendix; Gneiting and Raftery (2007) on why it is proper.
    /// </summary>
    /// <param name="actuals">What came, a series each.</param>
    /// <param name="forecasts">As many, each of as many steps.</param>
    public static double WeightedQuantileLoss(IReadOnlyList<double[]> actuals, IReadOnlyList<Forecast> forecasts)
    {
        if (actuals.Count != forecasts.Count)
            throw new ArgumentException($"There are {forecasts.Count} forecasts, expected {actuals.Count}: one for each series.", nameof(forecasts));
        double loss = 0, size = 0;
        for (int i = 0; i < actuals.Count; i++)
        {
            loss += QuantileLoss(actuals[i], forecasts[i]);
            size += AbsoluteSum(actuals[i]);
        }
        return size > 0 ? loss / size : double.NaN;
    }

    /// <summary>Share of the actual values from lower to upper, both included.</summary>
    public static double Coverage(ReadOnlySpan<double> actual, ReadOnlySpan<double> lower, ReadOnlySpan<double> upper)
    {
        CheckLength(actual, lower, nameof(lower));
        CheckLength(actual, upper, nameof(upper));
        int inside = 0, count = 0;
        for (int t = 0; t < actual.Length; t++)
        {
            if (double.IsNaN(actual[t]))
                continue;
            count++;
            if (actual[t] >= lower[t] && actual[t] <= upper[t])
                inside++;
        }
        return (double)inside / count;
    }

    /// <summary>
    /// exp of the mean of ln ratio: how scores relate to a reference's over several sets, whichever of the two one divides by.
    /// Fleming and Wallace, "How not to lie with statistics" (1986).
    /// </summary>
    public static double GeometricMean(IEnumerable<double> ratios) => Math.Exp(ratios.Average(Math.Log));

    /// <summary>What MASE divides by, mean |x_t - x_(t-m)| over the pairs that are known; NaN if there is none, or it is 0.</summary>
    internal static double Scale(ReadOnlySpan<double> history, int season)
    {
        double sum = 0;
        int count = 0;
        for (int t = season; t < history.Length; t++)
        {
            double difference = Math.Abs(history[t] - history[t - season]);
            if (double.IsNaN(difference))
                continue;
            sum += difference;
            count++;
        }
        return sum > 0 ? sum / count : double.NaN;
    }

    /// <summary>Sum over the steps of the mean over the levels of twice the pinball loss.</summary>
    internal static double QuantileLoss(ReadOnlySpan<double> actual, Forecast forecast)
    {
        double sum = 0;
        for (int level = 0; level < Forecast.StandardLevels.Count; level++)
        {
            double a = Forecast.StandardLevels[level];
            ReadOnlySpan<double> quantile = forecast[level];
            CheckLength(actual, quantile, nameof(forecast));
            for (int t = 0; t < actual.Length; t++)
                if (!double.IsNaN(actual[t]))
                    sum += 2 * Math.Max(a * (actual[t] - quantile[t]), (a - 1) * (actual[t] - quantile[t]));
        }
        return sum / Forecast.StandardLevels.Count;
    }

    internal static double AbsoluteSum(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values)
            sum += double.IsNaN(value) ? 0 : Math.Abs(value);
        return sum;
    }

    private static double Mean(ReadOnlySpan<double> actual, ReadOnlySpan<double> forecast, Func<double, double, double> error)
    {
        CheckLength(actual, forecast, nameof(forecast));
        double sum = 0;
        int count = 0;
        for (int t = 0; t < actual.Length; t++)
        {
            if (double.IsNaN(actual[t]))
                continue;
            sum += error(actual[t], forecast[t]);
            count++;
        }
        return sum / count;
    }

    private static void CheckLength(ReadOnlySpan<double> actual, ReadOnlySpan<double> forecast, string name)
    {
        if (actual.Length != forecast.Length)
            throw new ArgumentException($"There are {forecast.Length} forecast steps, expected {actual.Length}: one for each actual value.", name);
    }
}
