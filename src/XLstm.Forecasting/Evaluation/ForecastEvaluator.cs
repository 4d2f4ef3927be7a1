namespace XLstm.Forecasting;

/// <summary>How well a forecaster did on a set.</summary>
/// <param name="Set">The set's name.</param>
/// <param name="Forecaster">The forecaster's name.</param>
/// <param name="Series">Series in the set.</param>
/// <param name="Mase">Mean over the series for which it is defined: <see cref="ForecastMetrics.Mase"/> of the median.</param>
/// <param name="Wql"><see cref="ForecastMetrics.WeightedQuantileLoss"/> over the whole set.</param>
/// <param name="Deviation">Sum |y - median| / sum |y|: what WQL would be were the median all nine quantiles.</param>
/// <param name="Smape">Mean over the series of <see cref="ForecastMetrics.Smape"/> of the median.</param>
/// <param name="Coverage80">Share of all values between the 0.1 and 0.9 quantiles.</param>
/// <param name="Unscaled">Series left out of MASE, because their history does not change from season to season or is too short, or nothing is known of what came.</param>
public sealed record EvaluationResult(
    string Set, string Forecaster, int Series, double Mase, double Wql, double Deviation, double Smape, double Coverage80, int Unscaled)
{
    /// <summary><see cref="ForecastMetrics.Owa"/>, given how <see cref="Baselines"/>' Naive2 did on the same set.</summary>
    public double Owa(EvaluationResult naive2) => ForecastMetrics.Owa(Smape, Mase, naive2.Smape, naive2.Mase);

    /// <summary>
    /// MASE and WQL divided by the seasonal naive forecast's, as the Chronos benchmark does it: its WQL is that of the point
    /// forecast, <see cref="Deviation"/>. Over several sets, the <see cref="ForecastMetrics.GeometricMean"/>.
    /// </summary>
    public (double Mase, double Wql) RelativeTo(EvaluationResult seasonalNaive) => (Mase / seasonalNaive.Mase, Wql / seasonalNaive.Deviation);
}

/// <summary>Judges forecasters by sets of series.</summary>
public static class ForecastEvaluator
{
    /// <summary>Forecasts a set, a batch at a time, and measures.</summary>
    /// <param name="forecaster">Whom to judge.</param>
    /// <param name="set">By what.</param>
    /// <param name="batch">Series given to the forecaster at once.</param>
    /// <param name="progress">Told the series done, after every batch.</param>
    /// <param name="cancellation">Stops the work.</param>
    public static EvaluationResult Evaluate(
        IForecaster forecaster, EvaluationSet set, int batch = 64, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        var scores = new ScoreSum(set.Season);
        for (int start = 0; start < set.Series.Count; start += batch)
        {
            cancellation.ThrowIfCancellationRequested();
            EvaluationSeries[] part = [.. set.Series.Skip(start).Take(batch)];
            IReadOnlyList<Forecast> forecasts = forecaster.Forecast([.. part.Select(s => s.History)], set.Horizon, cancellation);
            for (int i = 0; i < part.Length; i++)
                scores.Add(part[i].History, part[i].Future, forecasts[i]);
            progress?.Report(start + part.Length);
        }
        return scores.Result(set.Name, forecaster.Name);
    }
}
