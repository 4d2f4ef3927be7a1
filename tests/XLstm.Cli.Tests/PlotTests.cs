using System.Text.RegularExpressions;
using XLstm.Cli.Plotting;

namespace XLstm.Cli.Tests;

public partial class PlotTests
{
    [Fact]
    public void Pictures_have_labels_in_a_font_of_their_own()
    {
        using var folder = new TemporaryFolder();
        LossPlot.Save(Curve(), "a run", folder.Root);
        string svg = File.ReadAllText(folder["loss.svg"]);
        string[] labels = [.. Label().Matches(svg).Select(m => m.Groups[1].Value.Trim())];
        Assert.All(new[] { "a run", "step", "training", "validation", "loss (nats per token)" }, label => Assert.Contains(label, labels));
        Assert.Contains("XLstm Labels, DejaVu Sans, Verdana, sans-serif", svg, StringComparison.Ordinal);
        Assert.Equal([0x89, 0x50, 0x4E, 0x47], File.ReadAllBytes(folder["loss.png"])[..4]);
    }

    [Fact]
    public void An_empty_run_has_a_picture_too()
    {
        using var folder = new TemporaryFolder();
        LossPlot.Save(new LossCurve(), "nothing yet", folder.Root);
        Assert.True(File.Exists(folder["loss.png"]));
        Assert.Empty(TerminalPlot.Draw(new LossCurve(), 80, 10, braille: true));
    }

    [Theory]
    [InlineData(20)]
    [InlineData(80)]
    [InlineData(300)]
    public void Terminal_plots_fit_and_fall(int width)
    {
        string[] ascii = [.. TerminalPlot.Draw(Curve(), width, 8, braille: false)];
        Assert.Equal(9, ascii.Length);
        Assert.All(ascii, line => Assert.True(line.Length <= width || width < 32));
        Assert.All(string.Concat(ascii), c => Assert.True(c < 128));
        Assert.Equal('.', ascii[0][^1]);
        Assert.Contains('o', ascii[7]);
        Assert.Contains(TerminalPlot.Draw(Curve(), width, 8, braille: true), line => line.Any(c => c is > '\u2800' and <= '\u28FF'));
    }

    [GeneratedRegex("<text [^>]*>([^<]*)<")]
    private static partial Regex Label();

    private static LossCurve Curve()
    {
        var curve = new LossCurve();
        for (int step = 0; step < 2000; step++)
            curve.AddTraining(step, 1.5 + 4 * Math.Exp(-step / 300.0));
        for (int step = 200; step <= 2000; step += 200)
            curve.AddValidation(step, 1.65 + 4 * Math.Exp(-step / 300.0));
        curve.AddTraining(2000, double.NaN);
        return curve;
    }
}
