using System.Globalization;
using XLstm.Forecasting;

namespace XLstm.Cli.Forecasts;

/// <summary>The flagged values of every series, below each other.</summary>
internal sealed class AnomalyTable(TextWriter output, double coverage)
{
    private const int MostSeries = 10, MostValues = 24, LeastWidth = 11;

    public void Write(SeriesTable table, IReadOnlyList<IReadOnlyList<JudgedValue>> judged)
    {
        int[] found = [.. Enumerable.Range(0, judged.Count).Where(i => judged[i].Any(v => v.IsAnomaly))];
        output.WriteLine();
        output.WriteLine($"{Report.Count(judged.Sum(j => j.Count(v => v.IsAnomaly)))} of {Report.Count(judged.Sum(j => j.Count))} values are not as expected{(table.Series.Count == 1 ? "" : $", in {Report.Count(found.Length)} of {Report.Count(judged.Count)} series")}.");
        foreach (int i in found.Take(MostSeries))
            Write(table.TimeName ?? "step", table.Series[i], [.. judged[i].Where(v => v.IsAnomaly)]);
        if (found.Length > MostSeries)
            output.WriteLine($"... and {Report.Count(found.Length - MostSeries)} more series: --output writes them all.");
    }

    private void Write(string timeName, TableSeries series, JudgedValue[] found)
    {
        // The least likely ones where there are many.
        JudgedValue[] shown = [.. found.OrderByDescending(v => Math.Abs(v.Score)).Take(MostValues).OrderBy(v => v.Index)];
        Func<double, string> number = Figures.For(shown.SelectMany(v => new[] { v.Value, v.Lower, v.Upper }));
        int width = Math.Max(timeName.Length, shown.Max(v => series.Time(v.Index).Length));
        string share = (coverage * 100).ToString("0.###", CultureInfo.InvariantCulture) + "%";
        output.WriteLine();
        output.WriteLine(SeriesText.Line(series.Name));
        string[][] rows = [.. shown.Select(v => new[] { number(v.Value), number(v.Expected), number(v.Lower), number(v.Upper), Score(v.Score) })];
        int cell = Math.Max(LeastWidth, 2 + rows.Max(row => row.Max(text => text.Length)));
        output.WriteLine("  " + timeName.PadRight(width) + string.Concat(new[] { "value", "expected", share + " from", "to", "score" }.Select(name => name.PadLeft(cell))));
        for (int i = 0; i < rows.Length; i++)
            output.WriteLine("  " + series.Time(shown[i].Index).PadRight(width) + string.Concat(rows[i].Select(text => text.PadLeft(cell))));
        if (shown.Length < found.Length)
            output.WriteLine($"  ... and {Report.Count(found.Length - shown.Length)} that are less far off: --output writes them all.");
    }

    private static string Score(double score) => double.IsInfinity(score) ? (score > 0 ? "+inf" : "-inf") : score.ToString("+0.0;-0.0", CultureInfo.InvariantCulture);
}
