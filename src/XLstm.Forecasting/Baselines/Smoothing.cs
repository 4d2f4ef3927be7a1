namespace XLstm.Forecasting;

/// <summary>Methods for a series without seasons and without gaps: mean and standard deviation of every step after it.</summary>
internal static class Smoothing
{
    /// <summary>Below so many values no parameter is worth estimating.</summary>
    public const int Fewest = 5;

    /// <summary>The last value.</summary>
    public static (double[] Mean, Func<int, double> Sigma) Last(double[] series, int horizon)
    {
        double sum = 0;
        for (int t = 1; t < series.Length; t++)
            sum += (series[t] - series[t - 1]) * (series[t] - series[t - 1]);
        double sigma = series.Length < 2 ? 0 : Math.Sqrt(sum / (series.Length - 1));
        var mean = new double[horizon];
        mean.AsSpan().Fill(series[^1]);
        return (mean, h => sigma * Math.Sqrt(h));
    }

    /// <summary>Exponential smoothing of one form.</summary>
    public static (double[] Mean, Func<int, double> Sigma) Exponential(double[] series, int horizon, Trend trend)
    {
        if (Simple(series))
            return Last(series, horizon);
        double unit = Unit(series);
        (double[] mean, double[] variance) = Ets.Fit(new EtsForm(false, trend, Seasonality.None), [.. series.Select(x => x / unit)], 1).Predict(horizon);
        return ([.. mean.Select(x => x * unit)], h => unit * Math.Sqrt(variance[h - 1]));
    }

    /// <summary>
    /// Half the straight line through the series, continued, half simple exponential smoothing of the series less that line
    /// doubled: z_t = 2 y_t - L_t. The error of one step is half the smoothing's.
    /// </summary>
    public static (double[] Mean, Func<int, double> Sigma) Theta(double[] series, int horizon)
    {
        if (Simple(series))
            return Last(series, horizon);
        double unit = Unit(series);
        double[] scaled = [.. series.Select(x => x / unit)];
        (double level, double slope) = Ets.Line(scaled);
        var doubled = Ets.Fit(new EtsForm(false, Trend.None, Seasonality.None), [.. scaled.Select((y, t) => (2 * y) - level - (slope * (t + 1)))], 1);
        (double[] mean, double[] variance) = doubled.Predict(horizon);
        for (int h = 0; h < horizon; h++)
            mean[h] = unit * 0.5 * (mean[h] + level + (slope * (series.Length + h + 1)));
        return (mean, h => unit * 0.5 * Math.Sqrt(variance[h - 1]));
    }

    /// <summary>Of the two forms of <see cref="ThetaModel"/> the one with the smaller error.</summary>
    public static (double[] Mean, Func<int, double> Sigma) OptimizedTheta(double[] series, int horizon)
    {
        if (Simple(series))
            return Last(series, horizon);
        double unit = Unit(series);
        double[] scaled = [.. series.Select(x => x / unit)];
        ThetaModel still = ThetaModel.Fit(scaled, dynamic: false), moving = ThetaModel.Fit(scaled, dynamic: true);
        (double[] mean, Func<int, double> sigma) = (moving.Error < still.Error ? moving : still).Predict(horizon);
        return ([.. mean.Select(x => x * unit)], h => unit * sigma(h));
    }

    /// <summary>Too short to estimate anything, or always the same.</summary>
    public static bool Simple(double[] series) => series.Length < Fewest || Array.TrueForAll(series, x => x == series[0]);

    /// <summary>A power of 2 that makes the values about 1: no digit changes, and no tolerance depends on the unit they come in.</summary>
    public static double Unit(double[] series) => Math.ScaleB(1, Math.ILogB(series.Max(Math.Abs)));
}
