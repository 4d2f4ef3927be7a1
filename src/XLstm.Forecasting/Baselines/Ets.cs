namespace XLstm.Forecasting;

internal enum Trend
{
    None,
    Additive,
    Damped,
}

internal enum Seasonality
{
    None,
    Additive,
    Multiplicative,
}

/// <summary>A form of exponential smoothing.</summary>
internal readonly record struct EtsForm(bool MultiplicativeError, Trend Trend, Seasonality Season)
{
    /// <summary>Smoothing parameters, damping included.</summary>
    public int Smoothing => 1 + (int)Trend + (Season == Seasonality.None ? 0 : 1);

    /// <summary>First states: level, slope and all but one of the seasons, whose sum or mean is given.</summary>
    public int States(int season) => 1 + (Trend == Trend.None ? 0 : 1) + (Season == Seasonality.None ? 0 : season - 1);
}

/// <summary>
/// Exponential smoothing as a state space model (FPP3, 8.5; Hyndman, Koehler, Ord and Snyder, "Forecasting with Exponential
/// Smoothing", 2008): level l, slope b, season s, and e = y - mu the error of the forecast mu of one step,
/// <code>
/// base = l + phi b          mu = base, base + s or base s       d = e, with a multiplicative season e / s
/// l = base + alpha d        b  = phi b + beta d                 s = s + gamma e, with a multiplicative season s + gamma e / base
/// </code>
/// The error is normal, its variance sigma^2 or, a multiplicative one's, sigma^2 mu^2: both have these same equations and
/// differ in likelihood and intervals. beta = alpha beta*, gamma = (1 - alpha) gamma*; alpha, beta*, gamma* are between 0.0001
/// and 0.9999, phi between 0.8 and 0.98. They and the first l and b are where the likelihood is greatest; the first s are
/// those of a classical decomposition, which a search in so many dimensions seldom improves. A form with factors or relative
/// errors whose forecasts from there are not all positive has an infinite criterion: it is not for this series.
/// </summary>
internal sealed class Ets
{
    private readonly EtsForm _form;
    private readonly int _season;
    private readonly double[] _series;
    private readonly double[] _firstSeasons;
    private readonly double[] _seasons;

    // What the last pass over the series left.
    private double _alpha, _beta, _gamma, _phi, _level, _slope, _squares, _logs;

    private Ets(EtsForm form, double[] series, int season)
    {
        _form = form;
        _series = series;
        _season = form.Season == Seasonality.None ? 1 : season;
        _seasons = new double[_season];
        _firstSeasons = new double[_season];
    }

    public (double Alpha, double Beta, double Gamma, double Phi) Weights => (_alpha, _beta, _gamma, _phi);

    /// <summary>sigma^2.</summary>
    public double Variance => _squares / Math.Max(1, _series.Length - _form.Smoothing - _form.States(_season));

    /// <summary>Akaike's criterion corrected for small samples, up to a constant; infinite where the series has too few values for the form.</summary>
    public double Aicc
    {
        get
        {
            double n = _series.Length, k = _form.Smoothing + _form.States(_season) + 1;
            return n - k - 1 <= 0 ? double.PositiveInfinity : Deviance + (2 * k * n / (n - k - 1));
        }
    }

    /// <summary>-2 log likelihood, up to a constant that all forms share. Values are about 1, so that 1e-30 is an exact fit.</summary>
    private double Deviance => (_series.Length * Math.Log(Math.Max(_squares, 1e-30))) + (2 * _logs);

    /// <summary>The form fitted to a series without gaps whose values are about 1; a multiplicative one to positive values only.</summary>
    public static Ets Fit(EtsForm form, double[] series, int season)
    {
        var model = new Ets(form, series, season);
        double[] adjusted = model.Seasons();
        (double level, double slope) = Line(adjusted.AsSpan(0, Math.Min(adjusted.Length, Math.Max(10, 2 * model._season))));
        if (form.Trend == Trend.None)
            (level, slope) = (level + (slope * 0.5 * (Math.Min(adjusted.Length, Math.Max(10, 2 * model._season)) + 1)), 0);

        double spread = Math.Max(1e-3, Deviation(adjusted));
        List<double> point = [0.3], steps = [0.3];
        if (form.Trend != Trend.None)
            Add(0.1, 0.2);
        if (form.Trend == Trend.Damped)
            Add(0.95, -0.05);
        if (form.Season != Seasonality.None)
            Add(0.1, 0.2);
        Add(level, 0.3 * spread);
        if (form.Trend != Trend.None)
            Add(slope, 0.05 * spread);
        double[] best = [.. point];
        NelderMead.Minimize(model.Pass, best, [.. steps], evaluations: 200 * best.Length, tolerance: 1e-6);
        model.Pass(best);
        return model;

        void Add(double value, double step)
        {
            point.Add(value);
            steps.Add(step);
        }
    }

    /// <summary>The forecasts of the next steps and their variances.</summary>
    public (double[] Mean, double[] Variance) Predict(int horizon)
    {
        double[] mean = new double[horizon], variance = new double[horizon];
        double[] weights = new double[horizon], seconds = new double[horizon];
        double slopes = 0, damping = 1, sum = 0, variance1 = Variance;
        bool factors = _form is { MultiplicativeError: true, Season: Seasonality.Multiplicative };
        for (int h = 0; h < horizon; h++)
        {
            slopes += damping *= _phi;
            double trend = _level + (slopes * _slope);
            double season = _seasons[(_series.Length + h) % _season];
            mean[h] = _form.Season == Seasonality.Multiplicative ? trend * season : trend + season;
            if (_form.MultiplicativeError)
            {
                // E of the square of the forecast of step h, given all before it. Of the factors, only that of the last season varies.
                double centre = factors ? trend : mean[h];
                seconds[h] = centre * centre;
                for (int j = 0; j < h; j++)
                    seconds[h] += variance1 * weights[j] * weights[j] * seconds[h - 1 - j];
                double second = seconds[h] * (1 + variance1);
                if (factors)
                    second *= Math.Pow(1 + (_gamma * _gamma * variance1), h / _season);
                variance[h] = (second - (centre * centre)) * (factors ? season * season : 1);
            }
            else
            {
                variance[h] = variance1 * (1 + sum);
            }
            // How an error moves the forecast h + 1 steps on.
            weights[h] = _alpha + (_beta * slopes) + (!factors && (h + 1) % _season == 0 ? _gamma : 0);
            sum += weights[h] * weights[h];
        }
        return (mean, variance);
    }

    /// <summary>One pass over the series with these parameters: its deviance.</summary>
    private double Pass(double[] point)
    {
        int i = 0;
        _alpha = Inside(point[i++]);
        _beta = _form.Trend == Trend.None ? 0 : _alpha * Inside(point[i++]);
        _phi = _form.Trend == Trend.Damped ? Math.Clamp(point[i++], 0.8, 0.98) : 1;
        _gamma = _form.Season == Seasonality.None ? 0 : (1 - _alpha) * Inside(point[i++]);
        double level = point[i++], slope = _form.Trend == Trend.None ? 0 : point[i];
        double alpha = _alpha, beta = _beta, gamma = _gamma, phi = _phi, squares = 0, product = 1;
        bool relative = _form.MultiplicativeError, factors = _form.Season == Seasonality.Multiplicative, seasonal = _form.Season != Seasonality.None;
        double[] seasons = _seasons;
        _firstSeasons.CopyTo(seasons, 0);
        (_squares, _logs) = (double.PositiveInfinity, 0);
        int place = 0;
        foreach (double y in _series)
        {
            double carried = phi * slope, start = level + carried, season = seasons[place];
            double mu = factors ? start * season : start + season, error = y - mu, move = error;
            if (relative || factors)
            {
                if (!(mu > 1e-12 && start > 1e-12))
                    return double.PositiveInfinity;
                if (factors)
                    move = error / season;
            }
            level = start + (alpha * move);
            slope = carried + (beta * move);
            if (seasonal)
            {
                seasons[place] = season + (gamma * (factors ? error / start : error));
                place = place + 1 == seasons.Length ? 0 : place + 1;
            }
            if (relative)
            {
                error /= mu;
                product *= mu;
                if (product is < 1e-200 or > 1e200)
                {
                    _logs += Math.Log(product);
                    product = 1;
                }
            }
            squares += error * error;
        }
        (_level, _slope, _squares) = (level, slope, squares);
        _logs += Math.Log(product);
        double deviance = Deviance;
        return double.IsNaN(deviance) ? double.PositiveInfinity : deviance;
    }

    private static double Inside(double share) => Math.Clamp(share, 1e-4, 0.9999);

    /// <summary>Sets the first seasons, returns the series without them.</summary>
    private double[] Seasons()
    {
        if (_form.Season == Seasonality.None)
            return _series;
        var decomposition = new Decomposition(_series, _season, _form.Season == Seasonality.Multiplicative);
        for (int i = 0; i < _season; i++)
            _firstSeasons[i] = decomposition[i];
        return decomposition.Remove(_series);
    }

    /// <summary>The least squares line through values at 1, 2, ...: at 0, and its slope.</summary>
    internal static (double Level, double Slope) Line(ReadOnlySpan<double> values)
    {
        double n = values.Length, centre = (n + 1) / 2, mean = 0, product = 0;
        foreach (double value in values)
            mean += value / n;
        for (int t = 0; t < values.Length; t++)
            product += (t + 1 - centre) * (values[t] - mean);
        double slope = n < 2 ? 0 : product / (n * ((n * n) - 1) / 12);
        return (mean - (slope * centre), slope);
    }

    private static double Deviation(double[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(x => (x - mean) * (x - mean)) / values.Length);
    }
}
