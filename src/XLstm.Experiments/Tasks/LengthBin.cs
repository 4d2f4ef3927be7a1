using System.Globalization;

namespace XLstm.Experiments;

/// <summary>Lengths that are reported together.</summary>
internal readonly record struct LengthBin(int Shortest, int Longest)
{
    private const int Most = 8;

    /// <summary>"40-66".</summary>
    public string Name => Shortest == Longest ? Shortest.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{Shortest}-{Longest}");

    /// <summary>The lengths that a setting evaluates, in at most eight parts.</summary>
    public static IReadOnlyList<LengthBin> Of(ExperimentSetting setting)
    {
        int from = setting.ShortestEvaluation, lengths = setting.LongestEvaluation - from + 1, bins = Math.Min(Most, lengths);
        return [.. Enumerable.Range(0, bins).Select(i => new LengthBin(from + (lengths * i / bins), from + (lengths * (i + 1) / bins) - 1))];
    }
}
