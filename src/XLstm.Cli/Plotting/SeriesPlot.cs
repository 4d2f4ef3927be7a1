using ScottPlot;
using ScottPlot.TickGenerators;

namespace XLstm.Cli.Plotting;

/// <summary>What pictures of series have in common.</summary>
internal static class SeriesPlot
{
    private const int Ticks = 7;

    /// <summary>Writes the picture, with the times of the places 0, 1, 2, ... below it and the legend beneath, where it hides nothing.</summary>
    public static void Save(Plot plot, string title, IReadOnlyList<string> times, string path)
    {
        plot.Axes.Bottom.TickGenerator = TimeTicks(times);
        plot.Title(title);
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.ShowLegend(Edge.Bottom);
        plot.Axes.Margins(0.01, 0.06);
        PictureFile.Save(plot, path);
    }

    public static void Band(Plot plot, IReadOnlyList<(double X, double Low, double High)> points, double alpha, string name)
    {
        if (points.Count < 2)
            return;
        var fill = plot.Add.FillY([.. points.Select(p => p.X)], [.. points.Select(p => p.Low)], [.. points.Select(p => p.High)]);
        fill.FillColor = Colors.C0.WithAlpha(alpha);
        fill.LineWidth = 0;
        fill.LegendText = name;
    }

    /// <summary>In parts where values are missing: a line through NaN would have no length.</summary>
    public static void Line(Plot plot, List<(double X, double Y)> points, string name, Color color)
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
}
