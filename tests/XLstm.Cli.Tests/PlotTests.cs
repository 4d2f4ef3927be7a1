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

    [Fact]
    public void A_fan_lies_below_its_lines_and_gaps_break_them()
    {
        var picture = new TerminalPicture([new TerminalLine([(0, 0), (1, 5), (2, double.NaN), (3, 5)]), new TerminalLine([(3, 5), (7, 5)], 'o')], "from", "to", "all")
        {
            Band = [(3, 5, 5), (7, 0, 10)], Divide = 3, Number = value => $"{value}",
        };
        string[] ascii = [.. TerminalPlot.Draw(picture, 28, 11, braille: false)];
        Assert.Equal(12, ascii.Length);
        Assert.StartsWith("     10 ", ascii[0], StringComparison.Ordinal);
        Assert.StartsWith("      0 .", ascii[10], StringComparison.Ordinal);
        Assert.EndsWith(":", ascii[0], StringComparison.Ordinal);
        Assert.EndsWith("oooo", ascii[5], StringComparison.Ordinal);
        Assert.Contains("    ", ascii[5][8..].TrimEnd(), StringComparison.Ordinal);
        Assert.Contains('|', ascii[9]);
        string[] braille = [.. TerminalPlot.Draw(picture, 28, 11, braille: true)];
        Assert.Contains(braille[5], c => c is > '\u2800' and <= '\u28FF');
        Assert.DoesNotContain(braille[..11], line => line.Contains(':', StringComparison.Ordinal) || line.Contains('o', StringComparison.Ordinal));
        Assert.Empty(TerminalPlot.Draw(picture with { Lines = [], Band = [] }, 28, 11, braille: true));
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
