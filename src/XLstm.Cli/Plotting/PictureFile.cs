using System.Text;
using ScottPlot;

namespace XLstm.Cli.Plotting;

/// <summary>Plots as files.</summary>
internal static class PictureFile
{
    private const int Width = 900, Height = 500;

    /// <summary>Writes SVG or PNG, as the name ends, with labels in <see cref="LabelFont"/>.</summary>
    public static void Save(Plot plot, string path)
    {
        plot.Font.Set(LabelFont.Name);
        plot.Legend.FontName = LabelFont.Name;
        byte[] picture;
        if (path.EndsWith(".svg", StringComparison.OrdinalIgnoreCase))
            // A viewer without our font takes one of its own, instead of none.
            picture = Encoding.UTF8.GetBytes(plot.GetSvgXml(Width, Height).Replace($"\"{LabelFont.Name}\"", $"\"{LabelFont.Name}, DejaVu Sans, Verdana, sans-serif\"", StringComparison.Ordinal));
        else
            picture = plot.GetImageBytes(Width, Height, ImageFormat.Png);
        AtomicFile.Write(path, stream => stream.Write(picture));
    }
}
