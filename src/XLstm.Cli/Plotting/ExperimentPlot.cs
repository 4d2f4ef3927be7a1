using ScottPlot;
using ScottPlot.TickGenerators;
using XLstm.Experiments;

namespace XLstm.Cli.Plotting;

/// <summary>What models reached, by length, as a picture: a line for each seed, a colour for each model.</summary>
internal static class ExperimentPlot
{
    /// <summary>Writes accuracy.svg and .png into a directory, or loss.svg and .png where the loss is what counts.</summary>
    public static void Save(ExperimentReport report, string directory)
    {
        LabelFont.Register();
        using Plot plot = Draw(report);
        string name = report.RandomAccuracy is null ? "loss" : "accuracy";
        PictureFile.Save(plot, Path.Combine(directory, name + ".svg"));
        PictureFile.Save(plot, Path.Combine(directory, name + ".png"));
    }

    private static Plot Draw(ExperimentReport report)
    {
        var plot = new Plot();
        IReadOnlyList<GroupResult> groups = report.Results[0].Groups;
        var palette = new ScottPlot.Palettes.Category10();
        string[] models = [.. report.Results.Select(r => r.Model).Distinct(StringComparer.Ordinal)];
        foreach (ExperimentResult result in report.Results)
        {
            int model = Array.IndexOf(models, result.Model);
            double[] values = [.. result.Groups.Select(g => Value(report, g))];
            // Models that reach the same would hide each other.
            var line = plot.Add.Scatter(values.Select((_, i) => i + (0.06 * model)).ToArray(), values, palette.GetColor(model));
            if (result == report.Results.First(r => r.Model == result.Model))
                line.LegendText = result.Model.Contains(':', StringComparison.Ordinal) ? $"xLSTM[{result.Model}]" : result.Model;
            line.LineWidth = 2;
            line.MarkerSize = 6;
        }
        var ticks = new NumericManual();
        for (int i = 0; i < groups.Count; i++)
            ticks.AddMajor(i, groups[i].Name);
        plot.Axes.Bottom.TickGenerator = ticks;
        if (report.RandomAccuracy is not null)
            plot.Axes.SetLimitsY(-0.1, 1.05);
        plot.Title($"{report.Experiment}, {report.Setting.Name} setting");
        plot.XLabel("length in tokens");
        plot.YLabel(report.RandomAccuracy is null ? $"loss ({report.LossName})" : "scaled accuracy");
        plot.ShowLegend(Alignment.LowerLeft);
        return plot;
    }

    private static double Value(ExperimentReport report, GroupResult group) =>
        report.RandomAccuracy is { } guess ? (group.Accuracy - guess) / (1 - guess) : group.Loss;
}
