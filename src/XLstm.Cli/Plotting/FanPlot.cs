using ScottPlot;
using ScottPlot.TickGenerators;
using XLstm.Forecasting;

namespace XLstm.Cli.Plotting;

/// <summary>A forecast as a picture: the median in a fan of four shades.</summary>
internal static class FanPlot
{
    private const int Ticks = 7;

    /// <summary>Writes SVG or PNG, as the name ends.</summary>
    public static void Save(FanChart chart, string path)
    {
        LabelFont.Register();
        using var plot = new Plot();
        int levels = Forecast.StandardLevels.Count;
        for (int level = 0; level < levels / 2; level++)
            Band(plot, chart.Line(level), chart.Line(levels - 1 - level), level == 0 ? "10% to 90%" : "");
        Line(plot, [.. chart.History.Select((y, x) => ((double)x, y))], chart.Name, Colors.Black.WithAlpha(0.8));
        Line(plot, chart.Line(levels / 2), "forecast, median", Colors.C0);
        var end = plot.Add.VerticalLine(chart.History.Length - 0.5, 1, Colors.Gray);
        end.LinePattern = LinePattern.Dotted;
        plot.Axes.Bottom.TickGenerator = TimeTicks(chart.Times);
        plot.Title(chart.Name);
        plot.ShowLegend(Alignment.UpperLeft);
        plot.Axes.Margins(0.01, 0.06);
        PictureFile.Save(plot, path);
    }

    private static NumericManual TimeTicks(IReadOnlyList<string> times)
    {
        var ticks = new NumericManual();
        int step = Math.Max(1, (times.Count + Ticks - 1) / Ticks);
        // The same months of other years, where steps are months.
        if (step > 6)
            step = (step + 11) / 12 * 12;
        for (int i = 0; i < times.Count; i += step)
            ticks.AddMajor(i, times[i]);
        return ticks;
    }

    private static void Band(Plot plot, List<(double X, double Y)> low, List<(double X, double Y)> high, string name)
    {
        (double X, double Low, double High)[] points = [.. low.Zip(high, (l, h) => (l.X, l.Y, h.Y)).Where(p => double.IsFinite(p.Item2) && double.IsFinite(p.Item3))];
        if (points.Length < 2)
            return;
        var fill = plot.Add.FillY([.. points.Select(p => p.X)], [.. points.Select(p => p.Low)], [.. points.Select(p => p.High)]);
        fill.FillColor = Colors.C0.WithAlpha(0.18);
        fill.LineWidth = 0;
        fill.LegendText = name;
    }

    // In parts where values are missing: a line through NaN would have no length.
    private static void Line(Plot plot, List<(double X, double Y)> points, string name, Color color)
    {
        string? label = name;
        for (int from = 0; from < points.Count;)
        {
            int count = 0;
            while (from + count < points.Count && double.IsFinite(points[from + count].Y))
                count++;
            if (count > 0)
            {
                var line = plot.Add.Scatter(points.Skip(from).Take(count).Select(p => p.X).ToArray(), points.Skip(from).Take(count).Select(p => p.Y).ToArray(), color);
                line.LegendText = label ?? "";
                line.LineWidth = 2;
                line.MarkerSize = count == 1 ? 5 : 0;
                label = null;
            }
            from += count + 1;
        }
    }
}
