using System.Globalization;

namespace XLstm.Forecasting;

/// <summary>What others reported, to stand beside ours: copied numbers, none computed here.</summary>
/// <param name="Set">A <see cref="ForecastBenchmark"/>'s name.</param>
/// <param name="Source">
/// `m4` (the competition's table), `chronos` (results of the Chronos zero-shot benchmark) or `gift-eval`. Chronos reports a
/// seasonal naive WQL whose nine quantiles are all its point forecast: ours to compare is <see cref="EvaluationResult.Deviation"/>.
/// </param>
/// <param name="Method">As the source calls it.</param>
/// <param name="Mase">Mean over the series.</param>
/// <param name="Wql">Null where not reported, as all below.</param>
/// <param name="Smape">In percent.</param>
/// <param name="Owa">Relative to Naive2.</param>
public sealed record PublishedScore(string Set, string Source, string Method, double? Mase, double? Wql, double? Smape, double? Owa)
{
    /// <summary>All that are known, by set and source.</summary>
    public static IReadOnlyList<PublishedScore> All { get; } = Read();

    /// <summary>
    /// MASE and WQL that a source reports for a method, divided by those it reports for the seasonal naive forecast: the
    /// geometric means over some sets. NaN unless it reports both for all of them.
    /// </summary>
    public static (double Mase, double Wql) Relative(string source, string method, IEnumerable<string> sets)
    {
        List<(PublishedScore? Score, PublishedScore? Naive)> pairs = [.. sets.Select(set => (Find(set, method), Find(set, "Seasonal naive")))];
        return (Mean(score => score?.Mase), Mean(score => score?.Wql));

        PublishedScore? Find(string set, string name) => All.FirstOrDefault(s => s.Set == set && s.Source == source && s.Method == name);

        double Mean(Func<PublishedScore?, double?> value) =>
            ForecastMetrics.GeometricMean(pairs.Select(pair => value(pair.Score) / value(pair.Naive) ?? double.NaN));
    }

    private static List<PublishedScore> Read()
    {
        using Stream stream = typeof(PublishedScore).Assembly.GetManifestResourceStream("published.csv")!;
        using var reader = new StreamReader(stream);
        var scores = new List<PublishedScore>();
        while (reader.ReadLine() is { } line)
        {
            string[] cells = line.Split(',');
            if (line[0] != '#' && cells[0] != "set")
                scores.Add(new PublishedScore(cells[0], cells[1], cells[2], Value(cells[3]), Value(cells[4]), Value(cells[5]), Value(cells[6])));
        }
        return scores;

        static double? Value(string cell) => cell.Length == 0 ? null : double.Parse(cell, CultureInfo.InvariantCulture);
    }
}
