using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;
using XLstm.Experiments;

namespace XLstm.Cli.Plotting;

/// <summary>What reading costs by its length, as two pictures with logarithmic axes.</summary>
internal static class LengthCostPlot
{
    private static readonly int[] s_powers = [1], s_steps = [1, 2, 5];

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
        double[] ticks = Ticks([.. report.Results.SelectMany(r => r.Points).Select(value)]);
        var values = new NumericManual();
        foreach (double tick in ticks)
            values.AddMajor(Math.Log10(tick), tick.ToString("#,0.###", CultureInfo.InvariantCulture));
        plot.Axes.Left.TickGenerator = values;
        plot.Axes.SetLimitsY(Math.Log10(ticks[0]), Math.Log10(ticks[^1]));
        plot.Title($"width {report.Setting.Width}, {report.Setting.Blocks} blocks, {(report.Threads == 1 ? "1 thread" : $"{report.Threads} threads")}");
        plot.XLabel("tokens read");
        plot.YLabel(label);
        plot.ShowLegend(Edge.Right);
        PictureFile.Save(plot, path + ".svg");
        PictureFile.Save(plot, path + ".png");
    }

    // 1, 2 and 5 times the powers of ten, from the last one below the values to the first above; of many decades the powers alone.
    private static double[] Ticks(double[] values)
    {
        int least = (int)Math.Floor(Math.Log10(values.Min())), most = (int)Math.Ceiling(Math.Log10(values.Max()));
        double[] all = [.. Enumerable.Range(least, most - least + 2).SelectMany(power => (most - least > 3 ? s_powers : s_steps).Select(times => times * Math.Pow(10, power)))];
        return [.. all.Where((tick, i) => all[Math.Min(i + 1, all.Length - 1)] > values.Min() && (i == 0 || all[i - 1] < values.Max()))];
    }
}
