namespace XLstm.Forecasting;

/// <summary>f(h) = the last observed value of the same place in the season; Naive with a season of 1.</summary>
internal sealed class SeasonalNaive(string name, int season) : Baseline(name)
{
    protected override Forecast Predict(double[] history, int horizon, CancellationToken cancellation)
    {
        // Less than one season: no value of the same place to repeat, no error to measure.
        int m = history.Length <= season ? 1 : season;
        double[] filled = Fill(history, m);
        var mean = new double[horizon];
        for (int h = 0; h < horizon; h++)
            mean[h] = filled[filled.Length - m + (h % m)];
        double sigma = Sigma(history, m);
        return Normal(mean, h => sigma * Math.Sqrt(((h - 1) / m) + 1));
    }

    /// <summary>Root of the mean squared error of one season ahead: divided by the number of errors, their mean not taken away.</summary>
    private static double Sigma(double[] history, int m)
    {
        double sum = 0;
        int count = 0;
        for (int t = m; t < history.Length; t++)
        {
            double error = history[t] - history[t - m];
            if (double.IsNaN(error))
                continue;
            sum += error * error;
            count++;
        }
        return count == 0 ? 0 : Math.Sqrt(sum / count);
    }
}
