using System.Globalization;
using XLstm.Cli.Forecasts;
using XLstm.Forecasting;

namespace XLstm.Cli.Plotting;

/// <summary>The end of a series and what may come after it.</summary>
/// <param name="Name">Of the series.</param>
/// <param name="History">Values up to the end, NaN where one is missing.</param>
/// <param name="Times">Of the values and of the steps after them.</param>
/// <param name="Forecast">Of those steps.</param>
/// <param name="Bands">Levels between which areas are drawn, the widest first.</param>
internal sealed record FanChart(string Name, double[] History, IReadOnlyList<string> Times, Forecast Forecast, IReadOnlyList<(double Low, double High)> Bands)
{
    private const int LeastHistory = 48, LeastHorizons = 3;

    /// <summary>The forecast with as much history as one can see beside it; <paramref name="levels"/> in rising order are the borders of the fan, in pairs from without.</summary>
    public static FanChart Of(TableSeries series, Forecast forecast, IReadOnlyList<double> levels)
    {
        int shown = Math.Min(series.Values.Length, Math.Max(LeastHistory, LeastHorizons * forecast.Horizon)), from = series.Values.Length - shown;
        double[] low = [.. levels.Where(level => level < 0.5)], high = [.. levels.Where(level => level > 0.5).Reverse()];
        // A border without its like on the other side has the median there.
        (double, double)[] bands = [.. Enumerable.Range(0, Math.Max(low.Length, high.Length)).Select(i => (i < low.Length ? low[i] : 0.5, i < high.Length ? high[i] : 0.5))];
        return new FanChart(SeriesText.Line(series.Name), series.Values[from..], [.. Enumerable.Range(from, shown + forecast.Horizon).Select(series.Time)], forecast, bands);
    }

    /// <summary>"10% to 90%".</summary>
    public static string Label((double Low, double High) band) => $"{Percent(band.Low)} to {Percent(band.High)}";

    /// <summary>Of a quantile, after the last value that is there; places count from the first value shown.</summary>
    public List<(double X, double Y)> Line(double level)
    {
        int last = Array.FindLastIndex(History, double.IsFinite);
        var points = new List<(double, double)>();
        if (last >= 0)
            points.Add((last, History[last]));
        double[] quantile = Forecast.Quantile(level);
        for (int h = 0; h < quantile.Length; h++)
            points.Add((History.Length + h, quantile[h]));
        return points;
    }

    /// <summary>The area between two levels, where it is known.</summary>
    public List<(double X, double Low, double High)> Area((double Low, double High) band) =>
        [.. Line(band.Low).Zip(Line(band.High), (low, high) => (low.X, low.Y, high.Y)).Where(b => double.IsFinite(b.Item2) && double.IsFinite(b.Item3))];

    /// <summary>The chart in characters.</summary>
    public TerminalPicture Picture()
    {
        var history = History.Select((y, x) => ((double)x, y)).ToList();
        List<(double X, double Low, double High)> band = Bands.Count > 0 ? Area(Bands[0]) : [];
        List<(double X, double Y)> median = Line(0.5);
        Func<double, string> number = Figures.For([.. history.Select(p => p.Item2), .. median.Select(p => p.Y), .. band.Select(b => b.High)]);
        return new TerminalPicture([new TerminalLine(history), new TerminalLine(median, 'o')], Times[0], Times[^1], $"{Name}: history | median{(Bands.Count > 0 ? ", " + Label(Bands[0]) : "")}")
        {
            Band = band, Divide = History.Length - 0.5, Number = number,
        };
    }

    private static string Percent(double level) => (level * 100).ToString("0.###", CultureInfo.InvariantCulture) + "%";
}
