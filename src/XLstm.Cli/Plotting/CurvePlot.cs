using ScottPlot;
using ScottPlot.TickGenerators;
using XLstm.Training;

namespace XLstm.Cli.Plotting;

/// <summary>The loss by what was read before, as a picture.</summary>
internal static class CurvePlot
{
    public static void Save(TextScore score, string title, string path)
    {
        LabelFont.Register();
        using var plot = new Plot();
        var line = plot.Add.Scatter(score.ByPosition.Select((_, i) => (double)i).ToArray(), score.ByPosition.Select(p => p.NatsPerToken).ToArray(), Colors.C0);
        line.LineWidth = 2;
        line.MarkerSize = 6;
        var ticks = new NumericManual();
        for (int i = 0; i < score.ByPosition.Count; i++)
            ticks.AddMajor(i, Report.Count(score.ByPosition[i].From));
        plot.Axes.Bottom.TickGenerator = ticks;
        plot.Title(title);
        plot.XLabel("tokens before");
        plot.YLabel("loss (nats per token)");
        PictureFile.Save(plot, path);
    }
}
