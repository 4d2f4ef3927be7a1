using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;
using XLstm.Experiments;

namespace XLstm.Cli.Plotting;

/// <summary>What reading costs by its length, as two pictures with logarithmic axes.</summary>
internal static class LengthCostPlot
{
    /// <summary>Writes time.svg and state.svg, and .png of both, into a directory.</summary>
    public static void Save(LengthCostReport report, string directory)
    {
        LabelFont.Register();
        Save(report, Path.Combine(directory, "time"), "microseconds a token", p => 1000 * p.Milliseconds / p.Tokens);
        Save(report, Path.Combine(directory, "state"), "bytes kept for the next token", p => p.StateBytes);
    }

    private static void Save(LengthCostReport report, string path, string label, Func<LengthCostPoint, double> value)
    {
        using var plot = new Plot();
        var palette = new ScottPlot.Palettes.Category10();
        int model = 0;
        foreach (LengthCostResult result in report.Results)
        {
            var line = plot.Add.Scatter(
                result.Points.Select(p => Math.Log10(p.Tokens)).ToArray(), result.Points.Select(p => Math.Log10(value(p))).ToArray(), palette.GetColor(model++));
            line.LegendText = result.Model.Contains(':', StringComparison.Ordinal) ? $"xLSTM[{result.Model}]" : result.Model;
            line.LineWidth = 2;
            line.MarkerSize = 6;
        }
        var lengths = new NumericManual();
        foreach (LengthCostPoint point in report.Results[0].Points)
            lengths.AddMajor(Math.Log10(point.Tokens), point.Tokens.ToString(CultureInfo.InvariantCulture));
        plot.Axes.Bottom.TickGenerator = lengths;
        plot.Axes.Left.TickGenerator = new NumericAutomatic
        {
            IntegerTicksOnly = true,
            LabelFormatter = exponent => Math.Pow(10, exponent).ToString("N0", CultureInfo.InvariantCulture),
        };
        plot.Title($"width {report.Setting.Width}, {report.Setting.Blocks} blocks, {report.Threads} threads");
        plot.XLabel("tokens read");
        plot.YLabel(label);
        plot.ShowLegend(Alignment.UpperLeft);
        PictureFile.Save(plot, path + ".svg");
        PictureFile.Save(plot, path + ".png");
    }
}
