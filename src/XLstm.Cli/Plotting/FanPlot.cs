using ScottPlot;

namespace XLstm.Cli.Plotting;

/// <summary>A forecast as a picture: the median in a fan of shades.</summary>
internal static class FanPlot
{
    private const double Shade = 0.18;

    /// <summary>Writes SVG or PNG, as the name ends.</summary>
    public static void Save(FanChart chart, string path)
    {
        LabelFont.Register();
        using var plot = new Plot();
        for (int i = 0; i < chart.Bands.Count; i++)
            SeriesPlot.Band(plot, chart.Area(chart.Bands[i]), Shade, i == 0 ? FanChart.Label(chart.Bands[0]) : "");
        SeriesPlot.Line(plot, [.. chart.History.Select((y, x) => ((double)x, y))], chart.Name, Colors.Black.WithAlpha(0.8));
        SeriesPlot.Line(plot, chart.Line(0.5), "forecast, median", Colors.C0);
        var end = plot.Add.VerticalLine(chart.History.Length - 0.5, 1, Colors.Gray);
        end.LinePattern = LinePattern.Dotted;
        SeriesPlot.Save(plot, chart.Name, chart.Times, path);
    }
}
