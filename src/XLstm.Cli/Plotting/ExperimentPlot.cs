using ScottPlot;
using ScottPlot.TickGenerators;
using XLstm.Experiments;

namespace XLstm.Cli.Plotting;

/// <summary>What models reached, by length and over time, as pictures: a line for each seed, a colour for each model.</summary>
internal static class ExperimentPlot
{
    /// <summary>
    /// Writes curve.svg and .png into a directory and, where several lengths were measured, accuracy.svg and .png, or loss.svg and .png where the loss is
    /// what counts.
    /// </summary>
    public static void Save(ExperimentReport report, string directory)
    {
        LabelFont.Register();
        Save(Curves(report), "curve");
        if (report.Results[0].Groups.Count > 1)
            Save(ByLength(report), report.RandomAccuracy is null ? "loss" : "accuracy");

        void Save(Plot plot, string name)
        {
            using (plot)
                foreach (string type in new[] { ".svg", ".png" })
                    PictureFile.Save(plot, Path.Combine(directory, name + type));
        }
    }

    private static Plot ByLength(ExperimentReport report)
    {
        // Models that reach the same would hide each other.
        Plot plot = Lines(report, (result, model) => [.. result.Groups.Select((g, i) => (i + (0.06 * model), Value(report, g)))]);
        var ticks = new NumericManual();
        foreach ((int i, GroupResult group) in report.Results[0].Groups.Index())
            ticks.AddMajor(i, group.Name);
        plot.Axes.Bottom.TickGenerator = ticks;
        if (report.RandomAccuracy is not null)
            plot.Axes.SetLimitsY(Math.Min(-0.1, report.Results.Min(r => r.Groups.Min(g => Value(report, g))) - 0.05), 1.05);
        plot.XLabel("length in tokens");
        plot.YLabel(report.RandomAccuracy is null ? $"loss ({report.LossName})" : "scaled accuracy");
        return plot;
    }

    private static Plot Curves(ExperimentReport report)
    {
        Plot plot = Lines(report, (result, _) => [.. result.Curve.Select(v => (result.Minutes * v.Step / result.Steps, v.Loss))]);
        plot.XLabel("minutes");
        plot.YLabel($"loss in validation ({report.LossName})");
        return plot;
    }

    private static Plot Lines(ExperimentReport report, Func<ExperimentResult, int, (double X, double Y)[]> points)
    {
        var plot = new Plot();
        var palette = new ScottPlot.Palettes.Category10();
        string[] models = [.. report.Results.Select(r => r.Model).Distinct(StringComparer.Ordinal)];
        foreach (ExperimentResult result in report.Results)
        {
            int model = Array.IndexOf(models, result.Model);
            (double X, double Y)[] line = points(result, model);
            var drawn = plot.Add.Scatter(line.Select(p => p.X).ToArray(), line.Select(p => p.Y).ToArray(), palette.GetColor(model));
            if (result == report.Results.First(r => r.Model == result.Model))
                drawn.LegendText = result.Model.Contains(':', StringComparison.Ordinal) ? $"xLSTM[{result.Model}]" : result.Model;
            drawn.LineWidth = 2;
            drawn.MarkerSize = 6;
        }
        plot.ShowLegend(Edge.Right);
        plot.Title($"{report.Experiment}, {report.Setting.Name} setting");
        return plot;
    }

    private static double Value(ExperimentReport report, GroupResult group) =>
        report.RandomAccuracy is { } guess ? (group.Accuracy - guess) / (1 - guess) : group.Loss;
}
