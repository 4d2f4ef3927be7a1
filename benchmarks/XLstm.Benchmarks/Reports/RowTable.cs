using System.Globalization;
using XLstm.Benchmarks.Comparison;

namespace XLstm.Benchmarks.Reports;

/// <summary>Rows of a comparison as text: a line on a terminal, a table in a page.</summary>
internal static class RowTable
{
    public static string Line(Row row) =>
        $"{row.Title,-74} {row.Threads}  {Value(row.Ours, row.Unit),-15} {(row.Theirs is { } theirs ? Value(theirs, row.Unit) : ""),-15} {Ratio(row),-22} {Asked(row),-7} {Met(row),-7} {row.Peer}".TrimEnd();

    /// <summary>Lines of a Markdown table.</summary>
    public static IEnumerable<string> Markdown(IEnumerable<Row> rows) =>
    [
        "| | Threads | Ours | Beside it | Ratio (least to largest) | Target | |",
        "|---|---|---|---|---|---|---|",
        .. rows.Select(r => $"| {r.Title} | {r.Threads} | {Value(r.Ours, r.Unit)} | {(r.Theirs is { } t ? $"{Value(t, r.Unit)}: {r.Peer}" : "")} | {Ratio(r)} | {Asked(r)} | {Met(r)} |"),
    ];

    private static string Value(Figure figure, string unit) => $"{Number(figure.Median)} {unit}";

    private static string Ratio(Row row) => row.Ratio is not { } r ? "" : r.Min == r.Max
        ? Number(r.Median)
        : $"{Number(r.Median)} ({Number(r.Min)} to {Number(r.Max)})";

    private static string Asked(Row row) => row.Target is not { } target || row.Met is null ? "" : (target.AtLeast ? "≥ " : "≤ ") + Number(target.Value);

    private static string Met(Row row) => row.Met switch { true => "met", false => "not met", null => "" };

    /// <summary>Three digits that say something; thousands in full.</summary>
    private static string Number(double value)
    {
        double size = Math.Abs(value);
        string format = size >= 1000 ? "N0" : size >= 100 ? "F0" : size >= 10 ? "F1" : size >= 1 || size == 0 ? "F2" : "F3";
        return value.ToString(format, CultureInfo.InvariantCulture);
    }
}
