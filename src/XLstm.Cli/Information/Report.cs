using System.Globalization;
using XLstm.Cli.Runs;

namespace XLstm.Cli;

/// <summary>Lines of a label and a value, values below each other; what files have in them commands no terminal.</summary>
internal sealed class Report(TextWriter output)
{
    private const int LabelWidth = 16;

    public void Title(string text) => output.WriteLine(TextSample.Printable(text));

    public void Line(string label, string value) => output.WriteLine($"  {label.PadRight(LabelWidth)}{TextSample.Printable(value)}");

    /// <summary>One line per value; the label stands on the first.</summary>
    public void Lines(string label, IEnumerable<string> values)
    {
        foreach (string value in values)
        {
            Line(label, value);
            label = "";
        }
    }

    /// <summary>1536 as "1,536 bytes", 2 MB and more in larger units, too.</summary>
    public static string Bytes(long bytes)
    {
        string exact = bytes.ToString("N0", CultureInfo.InvariantCulture) + " bytes";
        return bytes switch
        {
            >= 1L << 30 => $"{exact} ({bytes / (double)(1L << 30):F2} GiB)",
            >= 1L << 20 => $"{exact} ({bytes / (double)(1L << 20):F1} MiB)",
            >= 1L << 14 => $"{exact} ({bytes / 1024.0:F0} KiB)",
            _ => exact,
        };
    }

    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
