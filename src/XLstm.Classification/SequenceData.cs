namespace XLstm.Classification;

/// <summary>Series with what is to be told of each: a class, or numbers.</summary>
public sealed class SequenceData
{
    private readonly HashSet<int> _without;

    private SequenceData(IReadOnlyList<TimeSeries> series, IReadOnlyList<string>? labels, IReadOnlyList<double[]>? targets, IReadOnlyList<int>? without = null)
    {
        ArgumentNullException.ThrowIfNull(series);
        for (int i = 1; i < series.Count; i++)
            if (series[i].ChannelCount != series[0].ChannelCount)
                throw new ArgumentException($"Series {i + 1} has {series[i].ChannelCount} channels, expected {series[0].ChannelCount} as in the first.", nameof(series));
        (Series, Labels, Targets, _without) = (series, labels, targets, [.. without ?? []]);
        Classes = [.. (labels ?? []).Where((_, i) => !_without.Contains(i)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>The series, all with the same channels.</summary>
    public IReadOnlyList<TimeSeries> Series { get; }

    /// <summary>The class of each, or null.</summary>
    public IReadOnlyList<string>? Labels { get; }

    /// <summary>The numbers of each, NaN where one is not known, or null.</summary>
    public IReadOnlyList<double[]>? Targets { get; }

    /// <summary>What the labels are, in ordinal order.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>What the file calls each series; null where it has no names for them.</summary>
    public IReadOnlyList<string>? Names { get; internal init; }

    /// <summary>What a reader of files found out by itself, for people.</summary>
    public IReadOnlyList<string> Notes { get; internal init; } = [];

    /// <summary>How the file was read, what its columns are included; null where it was no .csv. Trained models keep it for the files that they are to be used on.</summary>
    public SequenceTableOptions? Table { get; internal init; }

    /// <summary>Whether it is known of what class a series is; where a file is read for a trained model, of some windows it may not be.</summary>
    /// <param name="series">Its place in <see cref="Series"/>, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is none.</exception>
    public bool HasLabel(int series)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(series);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(series, Series.Count);
        return Labels is not null && !_without.Contains(series);
    }

    /// <summary>Series and their classes.</summary>
    /// <exception cref="ArgumentException">There are more of one than of the other, or channels differ.</exception>
    public static SequenceData Labelled(IReadOnlyList<TimeSeries> series, IReadOnlyList<string> labels)
    {
        Same(series, labels, nameof(labels));
        return new SequenceData(series, labels, null);
    }

    /// <summary>Series and the numbers that belong to each.</summary>
    /// <exception cref="ArgumentException">There are more of one than of the other, or channels or numbers of targets differ.</exception>
    public static SequenceData WithTargets(IReadOnlyList<TimeSeries> series, IReadOnlyList<double[]> targets)
    {
        Same(series, targets, nameof(targets));
        for (int i = 0; i < targets.Count; i++)
            if (targets[i].Length == 0 || targets[i].Length != targets[0].Length)
                throw new ArgumentException($"Target {i + 1} has {targets[i].Length} numbers, expected {Math.Max(1, targets[0].Length)}.", nameof(targets));
        return new SequenceData(series, null, targets);
    }

    /// <summary>Series of which nothing is known.</summary>
    public static SequenceData Unlabelled(IReadOnlyList<TimeSeries> series) => new(series, null, null);

    /// <summary>Series of which some have no class.</summary>
    internal static SequenceData PartlyLabelled(IReadOnlyList<TimeSeries> series, IReadOnlyList<string> labels, IReadOnlyList<int> without) => new(series, labels, null, without);

    internal SequenceData With(IReadOnlyList<string> notes, IReadOnlyList<string>? names = null, SequenceTableOptions? table = null) =>
        new(Series, Labels, Targets, [.. _without]) { Notes = notes, Names = names, Table = table };

    private static void Same<T>(IReadOnlyList<TimeSeries> series, IReadOnlyList<T> others, string name)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentNullException.ThrowIfNull(others, name);
        if (series.Count != others.Count)
            throw new ArgumentException($"There are {others.Count} {name}, expected {series.Count}, one for each series.", name);
    }
}
