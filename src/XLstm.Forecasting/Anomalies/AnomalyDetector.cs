namespace XLstm.Forecasting;

/// <summary>
/// Finds values that a forecaster would not have expected from what came before them. Each value is forecast from those at
/// least h steps before it, and its distance from the median measured in the forecast's own spread (<see cref="JudgedValue.Score"/>, s).
/// How unusual that is, the series itself tells: with n earlier scores, k of them at least as large,
/// <code>p = (k + 1) / (n + 1), k = #{i: |s_i| >= |s|}</code>
/// and a value is flagged where p is at most the wanted rate a. If scores are exchangeable the chance of that is at most a,
/// whatever the forecaster and the noise (split conformal p-values: Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random
/// World", 2005; for anomalies, Laxhammar and Falkman, 2015); scores of series are so only roughly. With fewer than 1/a - 1
/// earlier scores no p is that small; there it is that of a normal distribution, widened where earlier scores were larger than that,
/// <code>p = 2 P(Z below -|s| / max(1, median |s_i| / 0.674))</code>
/// Immutable, and thread-safe as its forecaster is.
/// </summary>
/// <remarks>
/// Infinities are missing values. A missing value has an expectation and no score. A series with too few values has no judged ones. While
/// a series is constant all scores are 0, and a first value that differs is infinitely far off. A flagged value stays in the history of the
/// values after it: a level shift is flagged where it begins, and soon expected.
/// </remarks>
public sealed class AnomalyDetector
{
    // Forecasters read less than this; the copies of a long series would fill the memory.
    private const int MostHistory = 8192;

    private const int Batch = 256;

    private static readonly double s_spread = 2 * NormalDistribution.Quantile(0.9), s_quartile = NormalDistribution.Quantile(0.75);

    private readonly IForecaster _forecaster;
    private readonly AnomalyOptions _options;

    /// <summary>A detector that expects what a forecaster says.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public AnomalyDetector(IForecaster forecaster, AnomalyOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(forecaster);
        options ??= new AnomalyOptions();
        Between(options.Rate, nameof(AnomalyOptions.Rate));
        Between(options.Coverage, nameof(AnomalyOptions.Coverage));
        AtLeastOne(options.Horizon, nameof(AnomalyOptions.Horizon));
        AtLeastOne(options.MinHistory, nameof(AnomalyOptions.MinHistory));
        AtLeastOne(options.Calibration, nameof(AnomalyOptions.Calibration));
        (_forecaster, _options) = (forecaster, options);

        static void Between(double value, string name)
        {
            if (!(value > 0 && value < 1))
                throw new ArgumentOutOfRangeException(nameof(options), value, $"{name} is {value}, expected more than 0 and less than 1.");
        }

        static void AtLeastOne(int value, string name)
        {
            if (value < 1)
                throw new ArgumentOutOfRangeException(nameof(options), value, $"{name} is {value}, expected 1 or more.");
        }
    }

    /// <summary>Judges the values of a series, in order of time, from the first that has enough before it.</summary>
    /// <param name="series">Values in order of time, NaN where one is missing.</param>
    /// <param name="last">How many values at the end to judge; those before them are forecast only as far as they are compared with. Null for all.</param>
    /// <param name="progress">Told the share of the forecasts done, from 0 to 1, after every batch.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ArgumentOutOfRangeException">Less than one value is to be judged.</exception>
    public IReadOnlyList<JudgedValue> Detect(IReadOnlyList<double> series, int? last = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        if (last < 1)
            throw new ArgumentOutOfRangeException(nameof(last), last, $"The last {last} values are to be judged, expected 1 or more.");
        double[] values = [.. series.Select(value => double.IsFinite(value) ? value : double.NaN)];
        int enough = First(values), judged = Math.Max(enough, values.Length - (last ?? values.Length));
        int first = (int)Math.Max(enough, (long)judged - _options.Calibration);
        var results = new List<JudgedValue>();
        var earlier = new EarlierScores(_options.Calibration);
        for (int start = first; start < values.Length; start += Batch)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(Batch, values.Length - start);
            double[][] histories = [.. Enumerable.Range(start, count).Select(t => t - _options.Horizon + 1).Select(end => values[Math.Max(0, end - MostHistory)..end])];
            IReadOnlyList<Forecast> forecasts = _forecaster.Forecast(histories, _options.Horizon, cancellation);
            for (int i = 0; i < count; i++)
            {
                JudgedValue value = Judge(start + i, values[start + i], forecasts[i], earlier);
                if (start + i >= judged)
                    results.Add(value);
            }
            progress?.Report((start + count - first) / (double)(values.Length - first));
        }
        return results;
    }

    // The first value that a forecast from enough others is made for.
    private int First(double[] values)
    {
        int known = 0;
        for (int t = 0; t < values.Length; t++)
            if (!double.IsNaN(values[t]) && ++known == _options.MinHistory)
                return (int)Math.Min(values.Length, (long)t + _options.Horizon);
        return values.Length;
    }

    private JudgedValue Judge(int index, double value, Forecast forecast, EarlierScores earlier)
    {
        int h = _options.Horizon - 1;
        double median = forecast.Median[h], lower = forecast.Quantile((1 - _options.Coverage) / 2)[h], upper = forecast.Quantile((1 + _options.Coverage) / 2)[h];
        double score = value == median ? 0 : (value - median) / ((forecast[Forecast.StandardLevels.Count - 1][h] - forecast[0][h]) / s_spread);
        if (double.IsNaN(score))
            return new JudgedValue(index, value, median, lower, upper, score, double.NaN, IsAnomaly: false);
        double p = PValue(Math.Abs(score), earlier);
        earlier.Add(Math.Abs(score));
        return new JudgedValue(index, value, median, lower, upper, score, p, p <= _options.Rate);
    }

    private double PValue(double size, EarlierScores earlier)
    {
        double all = earlier.Count + 1;
        if (1 / all <= _options.Rate)
            return (earlier.AtLeast(size) + 1) / all;
        double wide = Math.Max(1, earlier.Median / s_quartile);
        return size == 0 || double.IsInfinity(wide) ? 1 : double.IsInfinity(size) ? 0 : 2 * NormalDistribution.Distribution(-size / wide);
    }

    /// <summary>Sizes of the last scores, also in order.</summary>
    private sealed class EarlierScores(int most)
    {
        private readonly List<double> _sorted = [];
        private readonly Queue<double> _all = [];

        public int Count => _sorted.Count;

        /// <summary>0 where there is none.</summary>
        public double Median => Count == 0 ? 0 : _sorted[Count / 2];

        public int AtLeast(double size) => Count - Place(size);

        public void Add(double size)
        {
            if (Count == most)
                _sorted.RemoveAt(Place(_all.Dequeue()));
            _all.Enqueue(size);
            _sorted.Insert(Place(size), size);
        }

        // Of the first that is not smaller.
        private int Place(double size)
        {
            int low = 0, high = _sorted.Count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                (low, high) = _sorted[middle] < size ? (middle + 1, high) : (low, middle);
            }
            return low;
        }
    }
}
