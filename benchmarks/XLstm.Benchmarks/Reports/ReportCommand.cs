using XLstm.Benchmarks.Comparison;

namespace XLstm.Benchmarks.Reports;

/// <summary>report: renews docs/performance.md and its pictures from files of results.</summary>
internal static class ReportCommand
{
    public static int Run(IReadOnlyList<string> files, string page)
    {
        Results[] all = [.. files.Order(StringComparer.Ordinal).Select(Results.Read)];
        if (all.Length == 0)
        {
            Console.Error.WriteLine("There are no results: \"compare\" writes them to benchmarks/results.");
            return 1;
        }
        File.WriteAllText(page, PerformancePage.Renew(File.ReadAllText(page).ReplaceLineEndings("\n"), all));
        Console.WriteLine(page);
        foreach (string picture in Plots.Write(all, Path.Combine(Path.GetDirectoryName(page)!, "images")))
            Console.WriteLine(picture);
        foreach (Row row in all.SelectMany(r => r.Rows).Where(r => r.Met == false))
            Console.WriteLine($"not met: {RowTable.Line(row)}");
        return 0;
    }
}
