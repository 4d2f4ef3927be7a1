using System.Globalization;
using XLstm.Forecasting;

namespace XLstm.Cli.Forecasts;

/// <summary>A forecaster and the obvious ones, on the end of the series themselves.</summary>
internal sealed class Comparison
{
    private const int MostWindows = 5, LeastHistory = 5;

    private readonly EvaluationSet _set;
    private readonly string _title;

    /// <summary>Holds back the last steps, and as often as the history allows those before them, up to five times.</summary>
    /// <exception cref="CommandError">No series is long enough.</exception>
    public Comparison(SeriesTable table, int horizon, int season)
    {
        int least = horizon + Math.Max(LeastHistory, 2 * season);
        (string Name, double[] Values)[] series = [.. table.Series.Where(s => s.Values.Length >= least).Select(s => (s.Name, s.Values))];
        if (series.Length == 0)
            throw new CommandError($"--compare needs {least} values: {horizon} to hold back, and {least - horizon} before them{(season > 1 ? ", two seasons" : "")}. A smaller --horizon needs less.");
        int windows = Math.Clamp((series.Min(s => s.Values.Length) - (least - horizon)) / horizon, 1, MostWindows);
        string where = table.Series.Count == 1 ? "" : series.Length == table.Series.Count ? $" in {Report.Count(series.Length)} series" : $" in the {Report.Count(series.Length)} of {Report.Count(table.Series.Count)} series that are long enough";
        _set = EvaluationSet.Split("compare", series, horizon, season, windows);
        _title = $"Back-test: {(windows == 1 ? $"the last {horizon} steps" : $"{windows} times {horizon} steps")} held back{where}; less is better, but 80% in the last column.";
    }

    public void Write(Forecaster forecaster, TextWriter output, CancellationToken cancellation)
    {
        int season = _set.Season;
        output.WriteLine();
        output.WriteLine(_title);
        output.WriteLine($"  {"",-16}{"MASE",10}{"sMAPE",10}{"WQL",10}{"80% holds",12}");
        IForecaster[] simple = season > 1 ? [Baselines.Naive, Baselines.SeasonalNaive(season)] : [Baselines.Naive];
        IForecaster[] all = [forecaster, .. simple, Baselines.Theta(season), Baselines.ExponentialSmoothing(season)];
        foreach (IForecaster one in all)
        {
            EvaluationResult result = ForecastEvaluator.Evaluate(one, _set, cancellation: cancellation);
            output.WriteLine($"  {result.Forecaster,-16}{Cell(result.Mase, "F3"),10}{Cell(result.Smape, "F2"),10}{Cell(result.Wql, "F4"),10}{Cell(result.Coverage80 * 100, "F0") + "%",12}");
        }
    }

    private static string Cell(double value, string format) => double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "-";
}
