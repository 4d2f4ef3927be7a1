using System.Globalization;
using ScottPlot;
using XLstm.Forecasting;

namespace XLstm.Cli.Plotting;

/// <summary>The judged values of a series as a picture, those that are flagged as red points.</summary>
internal static class AnomalyPlot
{
    private const double Shade = 0.3;
    private const int MarkerSize = 9;

    /// <summary>Writes SVG or PNG, as the name ends.</summary>
    public static void Save(TableSeries series, IReadOnlyList<JudgedValue> judged, double coverage, string path)
    {
        LabelFont.Register();
        using var plot = new Plot();
        int first = judged[0].Index;
        string share = (coverage * 100).ToString("0.###", CultureInfo.InvariantCulture);
        SeriesPlot.Band(plot, [.. judged.Where(v => double.IsFinite(v.Lower) && double.IsFinite(v.Upper)).Select(v => ((double)(v.Index - first), v.Lower, v.Upper))], Shade, $"expected, {share}%");
        SeriesPlot.Line(plot, [.. judged.Select(v => ((double)(v.Index - first), v.Value))], series.Name, Colors.Black.WithAlpha(0.8));
        JudgedValue[] found = [.. judged.Where(v => v.IsAnomaly)];
        if (found.Length > 0)
        {
            var marks = plot.Add.ScatterPoints(found.Select(v => (double)(v.Index - first)).ToArray(), found.Select(v => v.Value).ToArray(), Colors.Red);
            marks.MarkerSize = MarkerSize;
            marks.LegendText = "not as expected";
        }
        SeriesPlot.Save(plot, series.Name, [.. judged.Select(v => series.Time(v.Index))], path);
    }
}
