namespace XLstm.Forecasting;

/// <summary>The form of exponential smoothing with the least AICc.</summary>
internal sealed class ExponentialSmoothing(int season) : Baseline("ETS")
{
    private const int LongestSeason = 24;

    protected override Forecast Predict(double[] history, int horizon, CancellationToken cancellation)
    {
        double[] filled = Recent(Fill(history, season), season);
        if (Smoothing.Simple(filled))
        {
            (double[] last, Func<int, double> sigma) = Smoothing.Last(filled, horizon);
            return Normal(last, sigma);
        }
        double unit = Smoothing.Unit(filled);
        double[] scaled = [.. filled.Select(x => x / unit)];
        Ets? best = null;
        foreach (EtsForm form in Forms(scaled))
        {
            cancellation.ThrowIfCancellationRequested();
            Ets model = Ets.Fit(form, scaled, season);
            if (best == null || model.Aicc < best.Aicc)
                best = model;
        }
        (double[] mean, double[] variance) = best!.Predict(horizon);
        return Normal([.. mean.Select(x => x * unit)], h => unit * Math.Sqrt(variance[h - 1]));
    }

    /// <summary>Never additive errors with a multiplicative season, whose forecasts can run away.</summary>
    private IEnumerable<EtsForm> Forms(double[] series)
    {
        bool positive = series.Min() > 1e-6, seasonal = season is > 1 and <= LongestSeason && series.Length >= 2 * season;
        foreach (Trend trend in Enum.GetValues<Trend>())
            foreach (Seasonality seasonality in seasonal ? Enum.GetValues<Seasonality>() : [Seasonality.None])
            {
                if (seasonality != Seasonality.Multiplicative)
                    yield return new EtsForm(false, trend, seasonality);
                if (positive)
                    yield return new EtsForm(true, trend, seasonality);
            }
    }
}
