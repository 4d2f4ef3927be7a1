using System.Globalization;

namespace XLstm.Forecasting;

/// <summary>
/// A forecaster whose quantiles hold on the user's own series the share of the values that they say. From the windows of a <see cref="Backtest"/>,
/// for each level a but the median, with q_a the forecast, y what came, and the forecast's own width w = q90 - q10 at that step, scores
/// <code>s = (y - q_a) / w,   q_a' = q_a + w c_a,   c_a the quantile of the scores of level a (n + 1) / n, for a above 0.5</code>
/// and in the mirror image, 1 - (1 - a) (n + 1) / n, for a below it; n windows give n H scores. Quantiles are sorted afterwards, the median is
/// brought between its neighbours, and nothing is below 0 where neither the series nor its forecast was. This is split conformal prediction (Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005) of quantiles (Romano,
/// Patterson and Candes, "Conformalized quantile regression", 2019), each side for itself, with widths for a scale, as all steps and series share a
/// correction. If windows were exchangeable, the share of the values of a further window below q_a' would be at least a on average (above 0.5) or at most a (below).
/// Those of a time series are not quite: the future may differ from the past, and neighbouring windows are alike.
/// Immutable, and thread-safe as its forecaster is.
/// </summary>
public sealed class CalibratedForecaster : IForecaster
{
    private const int MostWindows = 20, LeastWindows = 3, EnoughWindows = 600;

    private readonly IForecaster _forecaster;

    private readonly double[] _corrections;

    private CalibratedForecaster(IForecaster forecaster, double[] corrections, int windows, IReadOnlyList<string> warnings) =>
        (_forecaster, _corrections, WindowCount, Warnings) = (forecaster, corrections, windows, warnings);

    /// <inheritdoc/>
    public string Name => NameOf(_forecaster);

    /// <summary>Windows that it has learned from, of all series together.</summary>
    public int WindowCount { get; }

    /// <summary>What could not be calibrated.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>c_a of each of <see cref="Forecast.StandardLevels"/>, in widths of the forecast; 0 for the median and for levels that stay as they are.</summary>
    public IReadOnlyList<double> Corrections => _corrections;

    /// <summary>What tables call a forecaster when it is calibrated.</summary>
    public static string NameOf(IForecaster forecaster) => forecaster.Name + ", calibrated";

    /// <summary>Learns from series how far off the quantiles of a forecaster are.</summary>
    /// <param name="forecaster">Whose.</param>
    /// <param name="series">Values in order of time, NaN where one is missing. Series that are too short for a window teach nothing.</param>
    /// <param name="horizon">Steps that it will be asked for, at least 1.</param>
    /// <param name="options">From which windows.</param>
    /// <param name="progress">Told the share of the work done, from 0 to 1.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ArgumentOutOfRangeException">The horizon or an option is out of range.</exception>
    public static CalibratedForecaster Calibrate(
        IForecaster forecaster, IReadOnlyList<double[]> series, int horizon, CalibrationOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(forecaster);
        ArgumentNullException.ThrowIfNull(series);
        options ??= new CalibrationOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(horizon, 1);
        int most = options.Windows ?? Math.Clamp(EnoughWindows / Math.Max(1, series.Count), LeastWindows, MostWindows);
        long room = series.Select(s => (long)s.Length).DefaultIfEmpty().Max() - horizon - options.MinHistory;
        // The windows of the longest series reach back to its beginning.
        int stride = (int)Math.Clamp(room / Math.Max(1, most - 1), 1, horizon);
        var backtest = new Backtest([.. series.Select(s => ("", s))], new BacktestOptions(horizon, most, stride, MinHistory: options.MinHistory));
        return Learn(forecaster, backtest, backtest.Run(forecaster, progress, cancellation));
    }

    /// <inheritdoc/>
    public IReadOnlyList<Forecast> Forecast(IReadOnlyList<double[]> series, int horizon, CancellationToken cancellation = default)
    {
        IReadOnlyList<Forecast> forecasts = _forecaster.Forecast(series, horizon, cancellation);
        return [.. forecasts.Select((forecast, i) => Corrected(forecast, series[i]))];
    }

    private static CalibratedForecaster Learn(IForecaster forecaster, Backtest backtest, BacktestResult result)
    {
        IReadOnlyList<double> levels = XLstm.Forecasting.Forecast.StandardLevels;
        var scores = new List<double>[levels.Count];
        for (int level = 0; level < scores.Length; level++)
            scores[level] = [];
        int windows = 0;
        for (int i = 0; i < result.Forecasts.Count; i++)
        {
            ReadOnlySpan<double> actual = backtest.Actual(backtest.Windows[i]);
            Forecast forecast = result.Forecasts[i];
            int before = scores[0].Count;
            for (int h = 0; h < actual.Length; h++)
            {
                double width = Width(forecast, h);
                // Without a width nothing can be corrected, and nothing be learned.
                if (double.IsNaN(actual[h]) || !(width > 0) || !double.IsFinite(width))
                    continue;
                for (int level = 0; level < scores.Length; level++)
                    scores[level].Add((actual[h] - forecast[level][h]) / width);
            }
            windows += scores[0].Count > before ? 1 : 0;
        }
        var corrections = new double[levels.Count];
        var kept = new List<double>();
        for (int level = 0; level < scores.Length; level++)
        {
            if (level == levels.Count / 2)
                continue;
            if (Correction(scores[level], levels[level], windows) is { } correction)
                corrections[level] = correction;
            else
                kept.Add(levels[level]);
        }
        string[] warnings = kept.Count == 0 ? [] :
            [$"The quantiles {string.Join(", ", kept.Select(level => level.ToString(CultureInfo.InvariantCulture)))} are not calibrated: that takes {Least(kept[0])} windows, and there {(windows == 1 ? "is 1" : $"are {windows}")}."];
        return new CalibratedForecaster(forecaster, corrections, windows, warnings);
    }

    /// <summary>Windows without which the level (n + 1) / n of a quantile is more than 1.</summary>
    private static int Least(double level) => (int)Math.Ceiling((1 / Math.Min(level, 1 - level)) - 1 - 1e-9);

    private static double? Correction(List<double> scores, double level, int windows)
    {
        if (windows < Least(level))
            return null;
        scores.Sort();
        double outer = Math.Max(level, 1 - level) * (windows + 1) / windows;
        int place = Math.Clamp((int)Math.Ceiling((outer * scores.Count) - 1e-9), 1, scores.Count);
        return level > 0.5 ? scores[place - 1] : scores[^place];
    }

    private static double Width(Forecast forecast, int step) => forecast[XLstm.Forecasting.Forecast.StandardLevels.Count - 1][step] - forecast[0][step];

    private Forecast Corrected(Forecast forecast, double[] series)
    {
        bool nonNegative = !Array.Exists(series, value => value < 0);
        for (int h = 0; h < forecast.Horizon; h++)
            nonNegative &= forecast[0][h] >= 0;
        double[][] quantiles = [.. _corrections.Select(_ => new double[forecast.Horizon])];
        int median = quantiles.Length / 2;
        var sorted = new double[quantiles.Length - 1];
        for (int h = 0; h < forecast.Horizon; h++)
        {
            double width = Width(forecast, h);
            for (int level = 0; level < quantiles.Length; level++)
            {
                double moved = forecast[level][h] + (width * _corrections[level]);
                // The corrected width of the largest numbers is no number.
                if (level != median)
                    sorted[level < median ? level : level - 1] = double.IsFinite(moved) ? moved : forecast[level][h];
            }
            Array.Sort(sorted);
            for (int level = 0; level < quantiles.Length; level++)
            {
                double value = level < median ? sorted[level] : level > median ? sorted[level - 1] : Math.Clamp(forecast.Median[h], sorted[median - 1], sorted[median]);
                quantiles[level][h] = nonNegative ? Math.Max(0, value) : value;
            }
        }
        return new Forecast(quantiles) { Warnings = forecast.Warnings };
    }
}
