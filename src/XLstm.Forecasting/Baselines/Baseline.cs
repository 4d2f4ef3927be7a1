namespace XLstm.Forecasting;

/// <summary>A forecaster that looks at each series alone, many at once.</summary>
internal abstract class Baseline(string name) : IForecaster
{
    private static readonly double[] s_normal = [.. XLstm.Forecasting.Forecast.StandardLevels.Select(NormalDistribution.Quantile)];

    public string Name => name;

    public IReadOnlyList<Forecast> Forecast(IReadOnlyList<double[]> series, int horizon, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(horizon, 1);
        var forecasts = new Forecast[series.Count];
        Parallel.For(0, forecasts.Length, new ParallelOptions { CancellationToken = cancellation }, i =>
        {
            double[] history = Observed(series[i]);
            forecasts[i] = history.Length == 0 ? Normal(Filled(horizon, double.NaN), _ => 0) : Predict(history, horizon, cancellation);
        });
        return forecasts;
    }

    /// <summary>Forecasts a history that begins with a value, NaN where one is missing, nothing infinite.</summary>
    protected abstract Forecast Predict(double[] history, int horizon, CancellationToken cancellation);

    /// <summary>Quantiles mean + z sigma(h), h from 1.</summary>
    protected static Forecast Normal(double[] mean, Func<int, double> sigma)
    {
        var quantiles = new double[s_normal.Length][];
        for (int level = 0; level < quantiles.Length; level++)
        {
            quantiles[level] = (double[])mean.Clone();
            // Not at the median: an infinite sigma times 0 is no number.
            if (level != quantiles.Length / 2)
                for (int t = 0; t < mean.Length; t++)
                    quantiles[level][t] += s_normal[level] * sigma(t + 1);
        }
        return new Forecast(quantiles);
    }

    /// <summary>Without gaps: where a value is missing, the one a season before it, or in the first season the one just before.</summary>
    protected static double[] Fill(double[] history, int season)
    {
        var filled = (double[])history.Clone();
        for (int t = 1; t < filled.Length; t++)
            if (double.IsNaN(filled[t]))
                filled[t] = filled[t >= season ? t - season : t - 1];
        return filled;
    }

    /// <summary>Enough of the end of a long series to estimate from: what lies further back costs time and changes little.</summary>
    protected static double[] Recent(double[] series, int season)
    {
        int count = (int)Math.Min(series.Length, Math.Max(5000, 4L * season));
        return count == series.Length ? series : series[^count..];
    }

    protected static double[] Filled(int length, double value)
    {
        var values = new double[length];
        values.AsSpan().Fill(value);
        return values;
    }

    private static double[] Observed(double[] series)
    {
        int first = Array.FindIndex(series, double.IsFinite);
        return first < 0 ? [] : Array.ConvertAll(series[first..], value => double.IsFinite(value) ? value : double.NaN);
    }
}
