using XLstm.Forecasting;

namespace XLstm.Cli.Plotting;

/// <summary>The end of a series and what may come after it.</summary>
/// <param name="Name">Of the series.</param>
/// <param name="History">Values up to the end, NaN where one is missing.</param>
/// <param name="Times">Of the values and of the steps after them.</param>
/// <param name="Forecast">Of those steps.</param>
internal sealed record FanChart(string Name, double[] History, IReadOnlyList<string> Times, Forecast Forecast)
{
    private const int LeastHistory = 48, LeastHorizons = 3;

    /// <summary>The forecast with as much history as one can see beside it.</summary>
    public static FanChart Of(TableSeries series, Forecast forecast)
    {
        int shown = Math.Min(series.Values.Length, Math.Max(LeastHistory, LeastHorizons * forecast.Horizon)), from = series.Values.Length - shown;
        return new FanChart(series.Name, series.Values[from..], [.. Enumerable.Range(from, shown + forecast.Horizon).Select(series.Time)], forecast);
    }

    /// <summary>Of a quantile, after the last value that is there; places count from the first value shown.</summary>
    public List<(double X, double Y)> Line(int level)
    {
        int last = Array.FindLastIndex(History, double.IsFinite);
        var points = new List<(double, double)>();
        if (last >= 0)
            points.Add((last, History[last]));
        for (int h = 0; h < Forecast.Horizon; h++)
            points.Add((History.Length + h, Forecast[level][h]));
        return points;
    }

    /// <summary>The chart in characters.</summary>
    public TerminalPicture Picture()
    {
        int levels = Forecast.StandardLevels.Count;
        var history = History.Select((y, x) => ((double)x, y)).ToList();
        var band = Line(0).Zip(Line(levels - 1), (low, high) => (low.X, low.Y, high.Y)).Where(b => double.IsFinite(b.Item2) && double.IsFinite(b.Item3)).ToList();
        Func<double, string> number = Figures.For([.. history.Select(p => p.Item2), .. band.Select(b => b.Item3)]);
        return new TerminalPicture([new TerminalLine(history), new TerminalLine(Line(levels / 2), 'o')], Times[0], Times[^1], $"{Name}: history | median and 80%")
        {
            Band = band, Divide = History.Length - 0.5, Number = number,
        };
    }
}
