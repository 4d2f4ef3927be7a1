namespace XLstm.Forecasting;

/// <summary>
/// The Theta method as a model with one source of error, theta estimated with the rest (Fiorucci, Pellegrini, Louzada,
/// Petropoulos and Koehler, "Models for optimising the theta method and their relationship to state space models", 2016).
/// A + B t is the least squares line through the series, or through what was seen of it up to each step (dynamic);
/// <code>
/// mu_t = l_(t-1) + (1 - 1/theta) ((1 - alpha)^(t-1) A + (1 - (1 - alpha)^t) / alpha B),   l_t = alpha y_t + (1 - alpha) l_(t-1)
/// </code>
/// alpha, theta and the first l are where the sum of squared errors of one step is least.
/// </summary>
internal sealed class ThetaModel
{
    private readonly double[] _series;
    private readonly bool _dynamic;
    private readonly (double A, double B) _line;

    // What the last pass over the series left.
    private double _alpha, _theta, _level, _a, _b;

    private ThetaModel(double[] series, bool dynamic)
    {
        _series = series;
        _dynamic = dynamic;
        _line = Ets.Line(series);
    }

    /// <summary>Mean squared error of one step.</summary>
    public double Error { get; private set; }

    /// <summary>A and B as the forecasts use them: at the end, of the whole series.</summary>
    public (double A, double B) Line => (_a, _b);

    /// <summary>Fitted to a series without gaps whose values are about 1.</summary>
    public static ThetaModel Fit(double[] series, bool dynamic)
    {
        var model = new ThetaModel(series, dynamic);
        double[] best = [0.5, 2, series[0] / 2];
        NelderMead.Minimize(point => model.Pass(point), best, [0.2, 1, 0.1], evaluations: 600, tolerance: 1e-10);
        model.Error = model.Pass(best);
        return model;
    }

    /// <summary>The forecasts of the next steps, and their standard deviations as of simple smoothing with drift.</summary>
    public (double[] Mean, Func<int, double> Sigma) Predict(int horizon)
    {
        var mean = new double[horizon];
        double left = Math.Pow(1 - _alpha, _series.Length), gathered = (1 - (left * (1 - _alpha))) / _alpha, share = 1 - (1 / _theta);
        for (int h = 0; h < horizon; h++)
            mean[h] = _level + (share * ((left * _a) + ((h + gathered) * _b)));
        double variance = Error * _series.Length / Math.Max(1, _series.Length - 3), alpha = _alpha;
        return (mean, h => Math.Sqrt(variance * (1 + ((h - 1) * alpha * alpha))));
    }

    private double Pass(double[] point)
    {
        _alpha = Math.Clamp(point[0], 0.1, 0.99);
        _theta = Math.Clamp(point[1], 1, 1e4);
        double level = point[2], share = 1 - (1 / _theta), left = 1, squares = 0, mean = 0;
        (double a, double b) = _dynamic ? (0, 0) : _line;
        for (int t = 1; t <= _series.Length; t++)
        {
            double y = _series[t - 1], next = left * (1 - _alpha);
            double error = y - level - (share * ((left * a) + ((1 - next) / _alpha * b)));
            // The dynamic line is not one before two values are known.
            if (!_dynamic || t > 2)
                squares += error * error;
            level += _alpha * (y - level);
            left = next;
            if (!_dynamic)
                continue;
            if (t > 1)
                b = (((t - 2) * b) + (6.0 / t * (y - mean))) / (t + 1);
            mean += (y - mean) / t;
            a = mean - (0.5 * (t + 1) * b);
        }
        (_level, _a, _b) = (level, a, b);
        return squares / (_dynamic ? _series.Length - 2 : _series.Length);
    }
}
