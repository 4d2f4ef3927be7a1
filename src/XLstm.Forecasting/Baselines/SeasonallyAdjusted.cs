namespace XLstm.Forecasting;

/// <summary>A method for series without seasons, with the season taken out before and put back after.</summary>
/// <param name="name">What tables call it.</param>
/// <param name="season">m.</param>
/// <param name="method">Mean and standard deviation of every step after a series without gaps.</param>
internal sealed class SeasonallyAdjusted(string name, int season, Func<double[], int, (double[] Mean, Func<int, double> Sigma)> method) : Baseline(name)
{
    protected override Forecast Predict(double[] history, int horizon, CancellationToken cancellation)
    {
        double[] filled = Recent(Fill(history, season), season);
        Decomposition? seasonal = Decomposition.IfSeasonal(filled, season);
        (double[] mean, Func<int, double> sigma) = method(seasonal?.Remove(filled) ?? filled, horizon);
        if (seasonal == null)
            return Normal(mean, sigma);
        for (int h = 0; h < horizon; h++)
            mean[h] = seasonal.Restore(mean[h], filled.Length + h);
        return Normal(mean, h => sigma(h) * (seasonal.Multiplicative ? seasonal[filled.Length + h - 1] : 1));
    }
}
