using XLstm.Cli.Runs;
using XLstm.Forecasting;

namespace XLstm.Cli.Forecasts;

/// <summary>A forecaster and the obvious ones, on the past of the series themselves.</summary>
internal sealed class Comparison
{
    private readonly SeriesTable _table;

    /// <exception cref="CommandError">No series is long enough.</exception>
    public Comparison(SeriesTable table, BacktestOptions options)
    {
        _table = table;
        Test = new Backtest([.. table.Series.Select(s => (s.Name, s.Values))], options);
        if (Test.WindowCount > 0)
            return;
        int horizon = options.Horizon, history = Test.Options.MinHistory!.Value, most = table.Series.Max(s => s.Values.Count(double.IsFinite));
        throw new CommandError($"A back-test needs {(long)horizon + history} values: {horizon} to hold back, and {history} before them{(history == 2 * options.Season ? ", two seasons" : "")}. "
            + $"{(table.Series.Count == 1 ? "There are" : "The longest series has")} {Report.Count(most)}. A smaller --horizon needs less.");
    }

    public Backtest Test { get; }

    /// <summary>Tells which series have no window, or less than others.</summary>
    public void Tell(Action<string> note)
    {
        (int horizon, int history) = (Test.Options.Horizon, Test.Options.MinHistory!.Value);
        if (Test.LeftOut.Count > 0)
            note($"left out of the back-test, being too short for {horizon} steps with {history} values before them: {Names(Test.LeftOut)}");
        int[] fewer = [.. Test.Windows.CountBy(w => w.Series).Where(s => s.Value < Test.WindowCount).Select(s => s.Key)];
        if (fewer.Length > 0)
            note($"only the last of the {Test.WindowCount} windows fit: {Names(fewer)}");
    }

    /// <summary>All of them, the forecaster first, then calibrated on what came before each window if that is wanted.</summary>
    public IReadOnlyList<BacktestResult> Run(IForecaster forecaster, bool calibrate, WorkProgress progress, Action<string> note, CancellationToken cancellation)
    {
        int season = Test.Options.Season;
        IForecaster[] simple = season > 1 ? [Baselines.Naive, Baselines.SeasonalNaive(season)] : [Baselines.Naive];
        IForecaster[] all = [forecaster, .. simple, Baselines.Theta(season), Baselines.ExponentialSmoothing(season)];
        int parts = all.Length + (calibrate ? 1 : 0);
        List<BacktestResult> results = [.. all.Select((one, i) => Test.Run(one, progress.Part(i, parts), cancellation))];
        if (!calibrate)
            return results;
        var lacking = new List<string>();
        results.Insert(1, Test.Run(CalibratedForecaster.NameOf(forecaster), Learn, progress.Part(all.Length, parts), cancellation));
        if (lacking.Count > 0)
            note($"in {lacking.Count} of {Test.WindowCount} windows too little came before them for a calibration. {lacking[0]}");
        return results;

        CalibratedForecaster Learn(IReadOnlyList<double[]> known)
        {
            CalibratedForecaster calibrated = CalibratedForecaster.Calibrate(forecaster, known, Test.Options.Horizon, cancellation: cancellation);
            lacking.AddRange(calibrated.Warnings.Take(1));
            return calibrated;
        }
    }

    /// <summary>What OWA compares with.</summary>
    public BacktestResult Naive2(CancellationToken cancellation) => Test.Run(Baselines.Naive2(Test.Options.Season), cancellation: cancellation);

    /// <summary>The time of the first value of a window and of its last, if all series have the same; otherwise its number.</summary>
    public string Title(int window)
    {
        string[] times = [.. Test.Windows.Where(w => w.Number == window).Select(Time).Distinct(StringComparer.Ordinal).Take(2)];
        return times.Length == 1 && _table.TimeName is not null ? times[0] : $"window {window + 1}";
    }

    /// <summary>Series that have a window of this number.</summary>
    public int SeriesIn(int window) => Test.Windows.Count(w => w.Number == window);

    private string Time(BacktestWindow window)
    {
        string first = _table.Series[window.Series].Time(window.Start), last = _table.Series[window.Series].Time(window.Start + Test.Options.Horizon - 1);
        return first == last ? first : $"{first} to {last}";
    }

    private string Names(IReadOnlyCollection<int> series) =>
        string.Join(", ", series.Take(5).Select(i => $"\"{Test.Names[i]}\"")) + (series.Count > 5 ? $" and {Report.Count(series.Count - 5)} more" : "");
}
