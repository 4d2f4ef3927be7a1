using System.Globalization;
using XLstm.Experiments;

namespace XLstm.Cli;

/// <summary>What reading costs by its length, as a table.</summary>
internal static class LengthCostText
{
    /// <summary>As the command line has it.</summary>
    public const string Name = "length-cost";

    public const string Shows = "time to read a text and bytes kept after it, by its length";

    /// <summary>A point.</summary>
    public static string Line(LengthCostPoint point) => string.Create(
        CultureInfo.InvariantCulture, $"{point.Tokens,8} tokens {point.Milliseconds,10:F1} ms {1000 * point.Milliseconds / point.Tokens,9:F1} us a token {point.StateBytes,12} bytes kept");

    /// <summary>Microseconds a token, a line for each model.</summary>
    public static void Write(LengthCostReport report, TextWriter output)
    {
        output.WriteLine("Microseconds a token to read texts of so many tokens, and kilobytes kept after the shortest and the longest.");
        output.WriteLine($"  {"model",-13}{"parameters",12}{string.Concat(report.Results[0].Points.Select(p => p.Tokens.ToString(CultureInfo.InvariantCulture).PadLeft(8)))}{"kept",12}");
        foreach (LengthCostResult r in report.Results)
            output.WriteLine(
                $"  {r.Model,-13}{Report.Count(r.Parameters),12}"
                + string.Concat(r.Points.Select(p => (1000 * p.Milliseconds / p.Tokens).ToString("F1", CultureInfo.InvariantCulture).PadLeft(8)))
                + $"{Kilobytes(r.Points[0])}-{Kilobytes(r.Points[^1])}".PadLeft(14));
    }

    private static string Kilobytes(LengthCostPoint point) => (point.StateBytes / 1000).ToString(CultureInfo.InvariantCulture);
}
