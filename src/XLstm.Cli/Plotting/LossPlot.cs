using ScottPlot;

namespace XLstm.Cli.Plotting;

/// <summary>The loss curve as a picture.</summary>
internal static class LossPlot
{
    private const int MostPoints = 400;

    /// <summary>Writes loss.svg and loss.png into a directory.</summary>
    public static void Save(LossCurve curve, string title, string directory)
    {
        using Plot plot = Draw(curve, title);
        PictureFile.Save(plot, Path.Combine(directory, "loss.svg"));
        PictureFile.Save(plot, Path.Combine(directory, "loss.png"));
    }

    private static Plot Draw(LossCurve curve, string title)
    {
        LabelFont.Register();
        var plot = new Plot();
        Line(plot, LossCurve.Thinned(curve.Training, MostPoints), "training", Colors.C0, markers: false);
        Line(plot, curve.Validation, "validation", Colors.C1, markers: true);
        plot.Title(title);
        plot.XLabel("step");
        plot.YLabel("loss (nats per token)");
        plot.ShowLegend(Alignment.UpperRight);
        return plot;
    }

    private static void Line(Plot plot, IReadOnlyList<(double Step, double Loss)> points, string name, Color color, bool markers)
    {
        if (points.Count == 0)
            return;
        var line = plot.Add.Scatter(points.Select(p => p.Step).ToArray(), points.Select(p => p.Loss).ToArray(), color);
        line.LegendText = name;
        line.LineWidth = 2;
        line.MarkerSize = markers || points.Count == 1 ? 6 : 0;
    }
}
