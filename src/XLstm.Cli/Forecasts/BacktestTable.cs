using System.Globalization;
using XLstm.Forecasting;

namespace XLstm.Cli.Forecasts;

/// <summary>Who forecast how well in a back-test, pooled and window by window, and who wins.</summary>
internal sealed class BacktestTable(TextWriter output)
{
    private const int MostWindows = 24;

    // What differs by less looks alike in the table: the first of them wins.
    private const double Alike = 0.999;

    /// <param name="comparison">The windows.</param>
    /// <param name="results">At least two.</param>
    /// <param name="naive2">What OWA compares with.</param>
    public void Write(Comparison comparison, IReadOnlyList<BacktestResult> results, BacktestResult naive2)
    {
        Backtest test = comparison.Test;
        string where = test.Names.Count == 1 ? "" : $" in {Report.Count(test.Names.Count - test.LeftOut.Count)} series";
        int horizon = test.Options.Horizon, stride = test.Options.Stride!.Value;
        string held = test.WindowCount == 1 ? $"the last {(horizon == 1 ? "step" : $"{horizon} steps")}" : $"{test.WindowCount} windows of {(horizon == 1 ? "one step" : $"{horizon} steps")}, {(stride == horizon ? "one after the other" : $"{stride} apart")},";
        output.WriteLine();
        output.WriteLine($"Back-test: {held} held back{where} and forecast from what came before.");
        int width = results.Max(r => r.Forecaster.Length) + 1;
        output.WriteLine($"  {new string(' ', width)}{"MASE",9}{"sMAPE",9}{"WQL",9}{"OWA",9}{"80% holds",12}");
        foreach (BacktestResult result in results)
        {
            EvaluationResult r = result.Pooled;
            output.WriteLine($"  {result.Forecaster.PadRight(width)}{Cell(r.Mase, "F3"),9}{Cell(r.Smape, "F2"),9}{Cell(r.Wql, "F4"),9}{Cell(r.Owa(naive2.Pooled), "F3"),9}{Cell(r.Coverage80 * 100, "F0"),11}%");
        }
        output.WriteLine("  Less is better. 80% holds: the share of the values between the 10% and the 90% quantile. Less than 80%");
        output.WriteLine("  says that a forecast is too sure of itself, more that it is too careful.");
        if (test.WindowCount > 1)
            Windows(comparison, results);
        Winner(results);
    }

    private void Windows(Comparison comparison, IReadOnlyList<BacktestResult> results)
    {
        int count = comparison.Test.WindowCount, from = Math.Max(0, count - MostWindows);
        bool uneven = comparison.SeriesIn(0) < comparison.SeriesIn(count - 1);
        string[] titles = [.. Enumerable.Range(from, count - from).Select(w => comparison.Title(w) + (uneven ? $", {Report.Count(comparison.SeriesIn(w))} series" : ""))];
        int width = Math.Max("MASE by window".Length, titles.Max(t => t.Length)) + 1;
        output.WriteLine();
        output.WriteLine("  " + "MASE by window".PadRight(width) + string.Concat(results.Select(r => r.Forecaster.PadLeft(Width(r)))));
        for (int w = from; w < count; w++)
        {
            int best = Best(results, r => r.ByWindow[w].Mase);
            output.WriteLine("  " + titles[w - from].PadRight(width) + string.Concat(results.Select((r, i) => ((i == best ? "*" : "") + Cell(r.ByWindow[w].Mase, "F3")).PadLeft(Width(r)))));
        }
        if (from > 0)
            output.WriteLine($"  the last {MostWindows} of {count} windows: --output writes all forecasts.");
    }

    private void Winner(IReadOnlyList<BacktestResult> results)
    {
        (string Name, Func<EvaluationResult, double> Score)[] scores = [("MASE", r => r.Mase), ("sMAPE", r => r.Smape), ("WQL", r => r.Wql)];
        string[] winners = [.. scores.Select(s => (s.Name, Best: Best(results, r => s.Score(r.Pooled)))).Where(s => s.Best >= 0)
            .GroupBy(s => s.Best).Select(g => $"{results[g.Key].Forecaster} by {Listed([.. g.Select(s => s.Name)])}")];
        if (winners.Length == 0)
            return;
        int count = results[0].ByWindow.Count, best = Best(results, r => r.Pooled.Mase);
        int won = best < 0 ? 0 : Enumerable.Range(0, count).Count(w => Best(results, r => r.ByWindow[w].Mase) == best);
        output.WriteLine();
        output.WriteLine($"Best: {string.Join("; ", winners)}.{(count > 1 && best >= 0 ? $" {results[best].Forecaster} has the least MASE in {won} of {count} windows." : "")}");
    }

    // -1 where nothing can be compared.
    private static int Best(IReadOnlyList<BacktestResult> results, Func<BacktestResult, double> score)
    {
        int best = -1;
        for (int i = 0; i < results.Count; i++)
            if (double.IsFinite(score(results[i])) && (best < 0 || score(results[i]) < Alike * score(results[best])))
                best = i;
        // Of a constant all are right.
        return results.Count > 1 && results.All(r => score(r) == score(results[0])) ? -1 : best;
    }

    private static string Listed(string[] names) => names.Length == 1 ? names[0] : string.Join(", ", names[..^1]) + " and " + names[^1];

    private static int Width(BacktestResult result) => Math.Max(7, result.Forecaster.Length) + 2;

    private static string Cell(double value, string format) => double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "-";
}
