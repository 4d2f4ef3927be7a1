using System.Globalization;
using System.Runtime.InteropServices;

namespace XLstm.Classification;

/// <summary>Rows of one name, in the order of the file: the steps of a series.</summary>
internal sealed class SequenceRecord(string name, int channels)
{
    private const double LongGap = 10;

    // Such dates have the month first for some and the day for others.
    private static readonly CultureInfo s_dayFirst = DayFirst();

    private readonly List<(double MonthFirst, double DayFirst)> _moments = [];
    private List<double> _values = [];

    public string Name => name;

    public int ChannelCount => channels;

    public int Length => Lines.Count;

    public List<string> Labels { get; private set; } = [];

    public List<int> Lines { get; private set; } = [];

    /// <summary>Of each step, once <see cref="SetTimes"/> has decided how they are read; null without.</summary>
    public List<double>? Times { get; private set; }

    /// <summary>The channels of a step.</summary>
    public ReadOnlySpan<double> this[int step] => CollectionsMarshal.AsSpan(_values).Slice(step * channels, channels);

    /// <summary>A date, or what <paramref name="number"/> makes of the text; NaN where it is neither.</summary>
    public static (double MonthFirst, double DayFirst) Moment(string text, double? number)
    {
        if (number is { } value)
            return (value, value);
        double monthFirst = Date(CultureInfo.InvariantCulture);
        return text.Length > 3 && text.AsSpan(0, 4).IndexOfAnyExceptInRange('0', '9') < 0 ? (monthFirst, monthFirst) : (monthFirst, Date(s_dayFirst));

        double Date(CultureInfo culture) =>
            DateTime.TryParse(text, culture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime time) ? time.Ticks : double.NaN;
    }

    public void Add(ReadOnlySpan<double> values, (double MonthFirst, double DayFirst)? moment, string label, int line)
    {
        _values.AddRange(values);
        if (moment is { } when)
            _moments.Add(when);
        // A column has few different ones.
        Labels.Add(Labels.Count > 0 && Labels[^1] == label ? Labels[^1] : label);
        Lines.Add(line);
    }

    /// <summary>Reads the times of all records in the same way, and puts steps in their order.</summary>
    /// <returns>What is to be said about it.</returns>
    /// <exception cref="InvalidDataException">A time is none, or it cannot be told what they mean.</exception>
    public static IEnumerable<string> SetTimes(IReadOnlyList<SequenceRecord> records, string column, string path)
    {
        column = $"\"{SequenceReader.Short(column)}\"";
        if (records.All(r => r._moments.TrueForAll(m => double.IsNaN(m.MonthFirst) && double.IsNaN(m.DayFirst))))
            return [$"{column} has no times: steps stand as in the file"];
        bool month = records.All(r => r._moments.TrueForAll(m => !double.IsNaN(m.MonthFirst))), day = records.All(r => r._moments.TrueForAll(m => !double.IsNaN(m.DayFirst)));
        if (!month && !day)
        {
            (SequenceRecord record, int step) = records.SelectMany(r => Enumerable.Range(0, r.Length).Select(i => (r, i)))
                .OrderByDescending(s => double.IsNaN(s.r._moments[s.i].MonthFirst) && double.IsNaN(s.r._moments[s.i].DayFirst)).First(s => double.IsNaN(s.r._moments[s.i].MonthFirst));
            throw SequenceReader.Error(path, record.Lines[step], $"column {column} has no time that is one like the others");
        }
        var notes = new List<string>();
        bool dayFirst = !month;
        if (month && day && records.Any(r => r._moments.Exists(m => m.MonthFirst != m.DayFirst)))
        {
            bool monthOrdered = records.All(r => IsOrdered(r.Read(dayFirst: false))), dayOrdered = records.All(r => IsOrdered(r.Read(dayFirst: true)));
            if (!monthOrdered && !dayOrdered)
                throw new InvalidDataException($"{path}: column {column} has dates that could have the day first or the month, and rows are in order of neither. Write the year first: 2024-01-31.");
            dayFirst = !monthOrdered;
            notes.Add($"dates of {column} have the {(dayFirst ? "day" : "month")} first: so they are in order");
        }
        int sorted = 0;
        foreach (SequenceRecord record in records)
            sorted += record.Sort(record.Read(dayFirst), column, path) ? 1 : 0;
        if (sorted > 0)
            notes.Add($"{sorted} {(sorted == 1 ? "series was" : "series were")} not in order of {column}: sorted");
        return notes;
    }

    /// <summary>Whether much more time lies between two of the steps than between most.</summary>
    public Func<int, int, bool> Gaps()
    {
        if (Times is null || Length < 2)
            return (_, _) => false;
        double[] apart = [.. Enumerable.Range(1, Length - 1).Select(i => Times[i] - Times[i - 1])];
        double usual = apart.Order().ElementAt(apart.Length / 2);
        int[] longs = [.. Enumerable.Range(1, Length - 1).Where(i => usual > 0 && apart[i - 1] >= LongGap * usual)];
        // Before which step a gap is.
        return (from, length) =>
        {
            int next = Array.BinarySearch(longs, from + 1);
            next = next < 0 ? ~next : next;
            return next < longs.Length && longs[next] < from + length;
        };
    }

    private static CultureInfo DayFirst()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.DateTimeFormat.ShortDatePattern = "dd/MM/yyyy";
        return culture;
    }

    private List<double> Read(bool dayFirst) => [.. _moments.Select(m => dayFirst ? m.DayFirst : m.MonthFirst)];

    private static bool IsOrdered(List<double> times)
    {
        for (int i = 1; i < times.Count; i++)
            if (times[i] < times[i - 1])
                return false;
        return true;
    }

    // Equal ones stay as they stand. Whether they were not in order.
    private bool Sort(List<double> times, string column, string path)
    {
        Times = times;
        if (IsOrdered(times))
            return false;
        int again = times.Count - times.Distinct().Count();
        if (again > times.Count / 10)
            throw new InvalidDataException(
                $"{path}: {(name.Length == 0 ? "the record" : $"series \"{SequenceReader.Short(name)}\"")} is not in order of {column}, and {again} of its {times.Count} steps have the time of another: are these several records? They need a column that tells them apart (id), or times that do.");
        int[] order = [.. Enumerable.Range(0, Length).OrderBy(i => times[i])];
        _values = [.. order.SelectMany(i => this[i].ToArray())];
        (Times, Labels, Lines) = (Ordered(times), Ordered(Labels), Ordered(Lines));
        return true;

        List<T> Ordered<T>(List<T> of) => [.. order.Select(i => of[i])];
    }
}

/// <summary>Steps of a record that are a series: all of them, or a window.</summary>
internal sealed record SequenceWindow(SequenceRecord Record, int From, int Length, string Name)
{
    public int Line => Record.Lines[From];

    public bool HasLabel => Labels().Any(label => !SequenceReader.IsMissing(label));

    public bool HasValue => Enumerable.Range(From, Length).Any(t => Record[t].ContainsAnyExcept(double.NaN));

    /// <summary>Windows side by side, or one every so many steps; what is left at the end is none.</summary>
    public static IEnumerable<SequenceWindow> Of(SequenceRecord record, int length, int every) => Enumerable.Range(0, Count(record, length, every))
        .Select(w => new SequenceWindow(record, w * every, length, string.Create(CultureInfo.InvariantCulture, $"{record.Name}{(record.Name.Length == 0 ? "" : " ")}{(w * every) + 1}-{(w * every) + length}")));

    public static int Count(SequenceRecord record, int length, int every) => record.Length < length ? 0 : ((record.Length - length) / every) + 1;

    public TimeSeries Series() => new([.. Enumerable.Range(0, Record.ChannelCount).Select(c => Enumerable.Range(From, Length).Select(t => Record[t][c]).ToArray())]);

    /// <summary>A row as a series of one channel, up to its last value.</summary>
    public TimeSeries Row()
    {
        double[] values = Record[From].ToArray();
        return new TimeSeries([values[..(Array.FindLastIndex(values, x => !double.IsNaN(x)) + 1)]]);
    }

    /// <summary>What most of its steps are of those that have a class, of two the one that comes last; empty where none has.</summary>
    public string Class() => Labels().Select((label, i) => (label, i)).Where(l => !SequenceReader.IsMissing(l.label)).GroupBy(l => l.label, StringComparer.Ordinal)
        .MaxBy(g => (g.Count(), g.Last().i))?.Key ?? "";

    /// <summary>The mean of the numbers that are there, NaN where none is.</summary>
    public double Mean(Func<string, double> number)
    {
        // One number, told in every step, stays as it is.
        double[] there = [.. Labels().Distinct(StringComparer.Ordinal).Count() == 1 ? [number(Labels().First())] : Labels().Select(number).Where(double.IsFinite)];
        return there.Length == 0 ? double.NaN : there.Average();
    }

    private IEnumerable<string> Labels() => Record.Labels.Skip(From).Take(Length);
}
