using System.Globalization;

namespace XLstm.Forecasting;

/// <summary>
/// Given series to learn from: windows of them that end anywhere before the last part, which is held out. The last part
/// is an eighth of a series, at least the horizon and at most a third; it is forecast from up to <see cref="MostOrigins"/> of its places.
/// </summary>
internal sealed class OwnSeries : IForecastSource
{
    // With less context there is hardly a difference between neighbours.
    private const int LeastContext = 4, LeastLength = 3 * LeastContext;
    private const int MostOrigins = 16, MostValidationRows = 1024;

    private readonly PatchNetworkConfig _config;
    private readonly ForecasterRunOptions _options;
    private readonly double[][] _series;
    private readonly int[] _limits;
    private readonly double[] _weights;
    private readonly int _context, _longest;

    /// <summary>Series to learn from, read as forecasts read them.</summary>
    /// <exception cref="ArgumentException">None of them is long enough to be learned from and held out.</exception>
    public OwnSeries(PatchNetworkConfig config, ForecasterRunOptions options, IReadOnlyList<double[]> series)
    {
        (_config, _options, _context) = (config, options, PatchForecaster.MostContext(config.Patch));
        _series = [.. series.Select(s => PatchRun.Context(s, int.MaxValue))];
        _limits = [.. _series.Select(s => s.Length - HeldOut(s.Length))];
        // Long series have more to tell, but not as much more as they are longer.
        _weights = [.. _series.Select((s, i) => IsConstant(s.AsSpan(0, _limits[i])) ? 0 : Math.Sqrt(Math.Max(0, _limits[i] - LeastContext)))];
        for (int i = 1; i < _weights.Length; i++)
            _weights[i] += _weights[i - 1];
        List<ForecastBatch> windows = _weights is [.., > 0] ? Windows() : [];
        if (windows.Count == 0)
            throw new ArgumentException(
                $"There is nothing to learn from: of {_series.Length} series the longest has {_series.Select(s => s.Length).DefaultIfEmpty().Max()} values; expected at least one that changes, with {LeastLength} values or more.");
        Validation = windows;
        _longest = Math.Min(_context, _limits.Where((_, i) => Weight(i) > 0).Max() - 1);
    }

    public string Fingerprint
    {
        get
        {
            ulong hash = 0;
            foreach (double[] one in _series)
                foreach (double x in one)
                    hash = new RandomSource(hash ^ BitConverter.DoubleToUInt64Bits(double.IsNaN(x) ? double.NaN : x)).NextBits();
            return string.Create(CultureInfo.InvariantCulture, $"{_series.Length} series, {_series.Sum(s => (long)s.Length)} values, {hash:x16}");
        }
    }

    public IEnumerable<ForecastBatch> Validation { get; }

    private int Horizon => Math.Min(_options.Horizon ?? _config.Outputs, _config.Outputs);

    public ForecastBatch Draw(long step)
    {
        int P = _config.Patch, most = (_longest + P - 1) / P;
        var random = new RandomSource(RandomSource.SeedFor(_options.Seed, $"batch {step}"));
        // As a forecast will read it, or less: more places to learn from.
        int T = random.NextDouble() < 0.5 ? most : Math.Max(1, most >> (1 + (int)random.NextInteger(3)));
        var rows = new (double[] Series, int From, int Length, int Limit)[Math.Clamp(_options.BatchTokens / T, 1, 512)];
        for (int b = 0; b < rows.Length; b++)
        {
            int i = Pick(random.NextDouble() * _weights[^1]), end = LeastContext + (int)random.NextInteger(_limits[i] - LeastContext);
            int length = Math.Min(end, Math.Min(T * P, _context));
            rows[b] = (_series[i], end - length, length, _limits[i]);
        }
        ulong seeds = random.NextBits();
        var batch = new ForecastBatch(_config, rows.Length, rows.Max(r => (r.Length + P - 1) / P));
        Parallel.For(0, rows.Length, b =>
        {
            (double[] series, int from, int length, int limit) = rows[b];
            var own = new RandomSource(seeds + (ulong)b);
            int tokens = (length + P - 1) / P, known = own.NextDouble() < 0.6 ? tokens : 1 + (int)own.NextInteger(tokens);
            // The first patch alone may be too little to know a scale from.
            if ((known * P) - ((tokens * P) - length) < LeastContext)
                known++;
            double[] window = series[from..Math.Min(limit, from + length + _config.Outputs)];
            batch.Read(b, window, window, length, Math.Min(known, tokens), _options.Season ?? 0, Horizon);
        });
        return batch;
    }

    // A series that is too short for it is only learned from.
    private int HeldOut(int length) => length < LeastLength ? 0 : Math.Clamp(Math.Max(length / 8, Horizon), 1, length / 3);

    private double Weight(int i) => i == 0 ? _weights[0] : _weights[i] - _weights[i - 1];

    private int Pick(double at)
    {
        int i = Array.FindIndex(_weights, w => at < w);
        return i < 0 ? Array.FindLastIndex(_weights, w => w > 0) : i;
    }

    private List<ForecastBatch> Windows()
    {
        int P = _config.Patch;
        var windows = new List<(double[] Window, int Length)>();
        int origins = Math.Clamp(MostValidationRows / _series.Length, 1, MostOrigins);
        for (int i = 0; i < _series.Length; i++)
        {
            int heldOut = _series[i].Length - _limits[i], places = Math.Min(origins, heldOut - Math.Min(heldOut, Horizon) + 1);
            if (heldOut == 0)
                continue;
            for (int j = 0; j < places; j++)
            {
                int end = _limits[i] + (places == 1 ? 0 : j * (heldOut - Math.Min(heldOut, Horizon)) / (places - 1)), from = Math.Max(0, end - _context);
                double[] window = _series[i][from..Math.Min(_series[i].Length, end + Horizon)];
                if (!IsConstant(window.AsSpan(0, end - from)) && window.AsSpan(end - from).ContainsAnyExcept(double.NaN))
                    windows.Add((window, end - from));
            }
        }
        // Evenly over all series where there are too many.
        int every = (windows.Count + MostValidationRows - 1) / MostValidationRows;
        windows = [.. windows.Where((_, i) => i % every == 0).OrderBy(w => w.Length)];
        var batches = new List<ForecastBatch>();
        for (int from = 0, count; from < windows.Count; from += count)
        {
            for (count = 1; from + count < windows.Count && (count + 1) * Tokens(windows[from + count]) <= 2048;)
                count++;
            var batch = new ForecastBatch(_config, count, Tokens(windows[from + count - 1]));
            for (int b = 0; b < count; b++)
                batch.Read(b, windows[from + b].Window, windows[from + b].Window, windows[from + b].Length, Tokens(windows[from + b]), _options.Season ?? 0, Horizon);
            batches.Add(batch);
        }
        return batches;

        int Tokens((double[] Window, int Length) w) => (w.Length + P - 1) / P;
    }

    private static bool IsConstant(ReadOnlySpan<double> values)
    {
        double first = double.NaN;
        foreach (double x in values)
            if (double.IsNaN(first))
                first = x;
            else if (!double.IsNaN(x) && x != first)
                return false;
        return true;
    }
}
