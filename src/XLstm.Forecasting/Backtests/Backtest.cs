namespace XLstm.Forecasting;

/// <summary>
/// How a forecaster would have done: from several places in the past of each series it forecasts what came next, and sees only what was
/// known there (rolling origins: Tashman, "Out-of-sample tests of forecasting accuracy", 2000). The windows are fixed here, so that all
/// forecasters are measured by the same ones. Immutable and thread-safe.
/// </summary>
public sealed class Backtest
{
    // Copies of histories in memory at the same time.
    private const long MostBatchValues = 1 << 24;

    private const int Batch = 64, LeastHistory = 5;

    private readonly double[][] _values;

    /// <summary>Finds the windows that fit; where none does there are none, and scores of nothing are NaN.</summary>
    /// <param name="series">Names, and values in order of time; NaN where one is missing, infinities count as missing.</param>
    /// <param name="options">What to hold back.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public Backtest(IReadOnlyList<(string Name, double[] Values)> series, BacktestOptions options)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentNullException.ThrowIfNull(options);
        AtLeastOne(options.Horizon, nameof(options.Horizon));
        AtLeastOne(options.Windows, nameof(options.Windows));
        AtLeastOne(options.Stride ?? 1, nameof(options.Stride));
        AtLeastOne(options.Season, nameof(options.Season));
        AtLeastOne(options.MinHistory ?? 1, nameof(options.MinHistory));
        Options = options with { Stride = options.Stride ?? options.Horizon, MinHistory = options.MinHistory ?? (int)Math.Clamp(2L * options.Season, LeastHistory, int.MaxValue) };
        Names = [.. series.Select(s => s.Name)];
        _values = [.. series.Select(s => Array.ConvertAll(s.Values, value => double.IsFinite(value) ? value : double.NaN))];
        int[] fitting = [.. _values.Select(Fitting)];
        WindowCount = fitting.DefaultIfEmpty().Max();
        LeftOut = [.. Enumerable.Range(0, fitting.Length).Where(i => fitting[i] == 0)];
        Windows = [.. fitting.SelectMany((count, i) => Enumerable.Range(WindowCount - count, count).Select(w => new BacktestWindow(i, w, Start(i, w))))];

        static void AtLeastOne(int value, string name)
        {
            if (value < 1)
                throw new ArgumentOutOfRangeException(nameof(options), value, $"{name} is {value}, expected 1 or more.");
        }
    }

    /// <summary>As given, with the stride and the history that follow from them.</summary>
    public BacktestOptions Options { get; }

    /// <summary>Of the series.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Of every series the windows that fit, in order of the series and of time.</summary>
    public IReadOnlyList<BacktestWindow> Windows { get; }

    /// <summary>Windows of the series that has the most; others have the last of them.</summary>
    public int WindowCount { get; }

    /// <summary>Series that are too short for a window.</summary>
    public IReadOnlyList<int> LeftOut { get; }

    /// <summary>What came in a window.</summary>
    public ReadOnlySpan<double> Actual(BacktestWindow window) => _values[window.Series].AsSpan(window.Start, Options.Horizon);

    /// <summary>What was known before it.</summary>
    public ReadOnlySpan<double> History(BacktestWindow window) => _values[window.Series].AsSpan(0, window.Start);

    /// <summary>Forecasts every window from what was known before it.</summary>
    /// <param name="forecaster">Whom to judge.</param>
    /// <param name="progress">Told the share of the forecasts done, from 0 to 1.</param>
    /// <param name="cancellation">Stops the work.</param>
    public BacktestResult Run(IForecaster forecaster, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(forecaster);
        var forecasts = new Forecast[Windows.Count];
        Forecast(forecaster, [.. Enumerable.Range(0, Windows.Count)], forecasts, 0, progress, cancellation);
        return Result(forecaster.Name, forecasts);
    }

    /// <summary>
    /// The same for a forecaster that learns from the series themselves: for each window it is made anew, from what was known before that window.
    /// </summary>
    /// <param name="name">What tables call it.</param>
    /// <param name="learn">Makes it, from the series as they were before a window; of those that have a window of that number.</param>
    /// <param name="progress">Told the share of the forecasts done, from 0 to 1.</param>
    /// <param name="cancellation">Stops the work.</param>
    public BacktestResult Run(string name, Func<IReadOnlyList<double[]>, IForecaster> learn, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(learn);
        var forecasts = new Forecast[Windows.Count];
        int done = 0;
        foreach (int[] window in Enumerable.Range(0, Windows.Count).GroupBy(i => Windows[i].Number).OrderBy(g => g.Key).Select(g => g.ToArray()))
        {
            cancellation.ThrowIfCancellationRequested();
            Forecast(learn([.. window.Select(i => History(Windows[i]).ToArray())]), window, forecasts, done, progress, cancellation);
            done += window.Length;
        }
        return Result(name, forecasts);
    }

    private void Forecast(IForecaster forecaster, int[] windows, Forecast[] forecasts, int done, IProgress<double>? progress, CancellationToken cancellation)
    {
        for (int from = 0, count; from < windows.Length; from += count)
        {
            cancellation.ThrowIfCancellationRequested();
            long values = Windows[windows[from]].Start;
            for (count = 1; count < Batch && from + count < windows.Length && values + Windows[windows[from + count]].Start <= MostBatchValues; count++)
                values += Windows[windows[from + count]].Start;
            int[] batch = windows[from..(from + count)];
            IReadOnlyList<Forecast> made = forecaster.Forecast([.. batch.Select(i => History(Windows[i]).ToArray())], Options.Horizon, cancellation);
            for (int i = 0; i < count; i++)
                forecasts[batch[i]] = made[i];
            progress?.Report((done + from + count) / (double)Windows.Count);
        }
    }

    private BacktestResult Result(string name, Forecast[] forecasts)
    {
        var pooled = new ScoreSum(Options.Season);
        ScoreSum[] byWindow = [.. Enumerable.Range(0, WindowCount).Select(_ => new ScoreSum(Options.Season))];
        for (int i = 0; i < forecasts.Length; i++)
        {
            pooled.Add(History(Windows[i]), Actual(Windows[i]), forecasts[i]);
            byWindow[Windows[i].Number].Add(History(Windows[i]), Actual(Windows[i]), forecasts[i]);
        }
        return new BacktestResult(name, forecasts, pooled.Result("back-test", name), [.. byWindow.Select((scores, w) => scores.Result($"window {w + 1}", name))]);
    }

    private int Start(int series, int window) => _values[series].Length - Options.Horizon - ((WindowCount - 1 - window) * Options.Stride!.Value);

    private int Fitting(double[] values)
    {
        int known = 0, first = 0;
        while (first < values.Length && known < Options.MinHistory)
            known += double.IsNaN(values[first++]) ? 0 : 1;
        long room = (long)values.Length - Options.Horizon - first;
        return known < Options.MinHistory || room < 0 ? 0 : (int)Math.Min(Options.Windows, (room / Options.Stride!.Value) + 1);
    }
}
