using System.Globalization;
using XLstm.Experiments;

namespace XLstm.Cli;

/// <summary>Experiments and their results as tables.</summary>
internal sealed class ExperimentTable(TextWriter output)
{
    private const int NarrowestColumn = 8;

    /// <summary>What there is.</summary>
    public static void List(TextWriter output)
    {
        int width = Experiment.All.Max(e => e.Name.Length) + 2;
        foreach (IGrouping<string, Experiment> group in Experiment.All.GroupBy(e => e.ChomskyClass ?? "other tasks", StringComparer.Ordinal))
        {
            output.WriteLine($"{group.Key}:");
            foreach (Experiment experiment in group)
                output.WriteLine($"  {experiment.Name.PadRight(width)}{experiment.Shows}");
        }
        output.WriteLine("cost:");
        output.WriteLine($"  {LengthCostText.Name.PadRight(width)}{LengthCostText.Shows}");
    }

    /// <summary>A line for each run: the whole, then group by group.</summary>
    public void Write(ExperimentReport report)
    {
        bool accuracy = report.RandomAccuracy is not null;
        GroupResult[] groups = [.. report.Results[0].Groups];
        int width = Math.Max(NarrowestColumn, groups.Max(g => g.Name.Length) + 2);
        output.WriteLine(accuracy
            ? $"Scaled accuracy: 0 for guessing ({Cell(report.RandomAccuracy!.Value)}), 1 for no mistake; all, then by length in tokens."
            : $"Loss ({report.LossName}); all, then by length in tokens.");
        output.WriteLine($"  {"model",-13}{"seed",5}{"parameters",12}{"steps",9}{"minutes",9}{"all",8}{string.Concat(groups.Select(g => g.Name.PadLeft(width)))}");
        foreach (ExperimentResult r in report.Results)
            output.WriteLine(
                $"  {r.Model,-13}{r.Seed,5}{Report.Count(r.Parameters),12}{Report.Count(r.Steps),9}{r.Minutes.ToString("F1", CultureInfo.InvariantCulture),9}{Cell(r.ScaledAccuracy ?? r.Loss),8}"
                + string.Concat(r.Groups.Select(g => Cell(report.RandomAccuracy is { } guess ? (g.Accuracy - guess) / (1 - guess) : g.Loss).PadLeft(width))));
    }

    /// <summary>A result in a line.</summary>
    public static string Line(ExperimentResult result) =>
        $"{(result.ScaledAccuracy is { } scaled ? $"scaled accuracy {Cell(scaled)}, accuracy {Cell(result.Accuracy)}, " : "")}loss {Cell(result.Loss)} after {result.Minutes.ToString("F1", CultureInfo.InvariantCulture)} minutes";

    private static string Cell(double value) => value.ToString("F3", CultureInfo.InvariantCulture);
}
