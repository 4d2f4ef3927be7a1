using System.Globalization;
using CsvHelper;

namespace XLstm.Classification;

/// <summary>What of a CSV file means what.</summary>
public sealed record SequenceTableOptions
{
    /// <summary>The column of classes or targets; null: "label", "class", "target" or "y" if there is one.</summary>
    public string? Label { get; init; }

    /// <summary>
    /// The column that tells series apart of which each row is one step; null: "id", "series" or "case" if there is one. Without one, or where it is
    /// another one in each row, each row is a series.
    /// </summary>
    public string? Id { get; init; }

    /// <summary>The column of times, numbers or dates, by which the steps of a series are sorted. Null: "time", "date", "timestamp" or "step" if there is one.</summary>
    public string? Time { get; init; }

    /// <summary>Whether labels are numbers to be told, no classes.</summary>
    public bool Regression { get; init; }
}

/// <summary>
/// A CSV file with a header. Wide: each row is a series of one channel, a column for each step, empty at the end of shorter ones, and perhaps one of names. Long: each row is one
/// step, a column for each channel, one that tells series apart, and a label that is the same in all rows of a series.
/// </summary>
internal static class SequenceTable
{
    private const int MostRecordBytes = 1 << 24;
    private const long MostCells = 100_000_000;
    private static readonly string[] s_labels = ["label", "class", "target", "y"], s_ids = ["id", "series", "case"], s_times = ["time", "date", "timestamp", "step"];

    public static SequenceData Read(Stream stream, string path, SequenceTableOptions options)
    {
        using var reader = CsvReader.Create(stream, new CsvReaderOptions { HasHeader = false, TrackLineNumbers = true, MaxRecordSize = MostRecordBytes, TrimWhitespace = true }, leaveOpen: true);
        try
        {
            return Read(reader, path, options);
        }
        catch (CsvFormatException e)
        {
            throw new InvalidDataException($"{path}: {e.Message} A quotation mark that is opened and not closed does this.", e);
        }
    }

    private static SequenceData Read(CsvReader reader, string path, SequenceTableOptions options)
    {
        if (!reader.Read())
            throw new InvalidDataException($"{path}: the file is empty.");
        string[] names = Cells(reader);
        var number = new Number(reader.Separator);
        if (names.All(n => SequenceReader.TryNumber(n, out _)))
            throw SequenceReader.Error(path, (int)reader.LineNumber, "there is no header; the first line has names of columns, one of them of the labels");
        if (names.Where(n => n.Length > 0).GroupBy(n => n, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw SequenceReader.Error(path, (int)reader.LineNumber, $"there are {twice.Count()} columns called \"{SequenceReader.Short(twice.Key)}\"");
        int label = Find(options.Label, s_labels), id = Find(options.Id, s_ids), time = id < 0 && options.Time is null ? -1 : Find(options.Time, s_times);
        int[] values = [.. Enumerable.Range(0, names.Length).Where(i => i != label && i != id && i != time)];
        if (values.Length == 0)
            throw SequenceReader.Error(path, (int)reader.LineNumber, "there is no column of values");
        var (series, labels, lines) = (new List<TimeSeries>(), new List<string>(), new List<int>());
        var order = new Dictionary<string, int>(StringComparer.Ordinal);
        var steps = new List<List<double>[]>();
        var times = new List<List<double>>();
        long cells = 0;
        while (reader.Read())
        {
            int line = (int)reader.LineNumber;
            string[] row = Cells(reader);
            if (row.All(c => c.Length == 0))
                continue;
            if (row.Length > names.Length && row[names.Length..].Any(c => c.Length > 0) || row.Length < names.Length && (id >= 0 || row.Length <= Math.Max(label, 0)))
                throw SequenceReader.Error(path, line, $"there are {row.Length} cells, expected {names.Length} as in the header");
            if ((cells += row.Length) > MostCells)
                throw SequenceReader.Error(path, line, $"the table has more than {MostCells:N0} cells");
            double[] numbers = [.. values.Where(i => i < row.Length).Select(i => number.TryRead(row[i], out double x)
                ? x : throw SequenceReader.Error(path, line, $"column \"{SequenceReader.Short(names[i])}\": \"{SequenceReader.Short(row[i])}\" is no number{number.Expected}"))];
            if (id < 0)
            {
                series.Add(new TimeSeries([numbers[..(Array.FindLastIndex(numbers, x => !double.IsNaN(x)) + 1)]]));
                labels.Add(label < 0 ? "" : row[label]);
                lines.Add(line);
                continue;
            }
            if (row[id].Length == 0)
                throw SequenceReader.Error(path, line, $"column \"{SequenceReader.Short(names[id])}\" is empty: to which series does this step belong?");
            if (!order.TryGetValue(row[id], out int at))
            {
                order.Add(row[id], at = steps.Count);
                steps.Add([.. values.Select(_ => new List<double>())]);
                times.Add([]);
                labels.Add(label < 0 ? "" : row[label]);
                lines.Add(line);
            }
            if (label >= 0 && labels[at] != row[label])
                throw SequenceReader.Error(path, line, $"series \"{SequenceReader.Short(row[id])}\" is of class \"{SequenceReader.Short(row[label])}\" here and \"{SequenceReader.Short(labels[at])}\" in line {lines[at]}");
            for (int c = 0; c < values.Length; c++)
                steps[at][c].Add(numbers[c]);
            if (time >= 0)
                times[at].Add(Time(row[time], number));
        }
        string[]? called = id < 0 ? null : [.. order.Keys];
        // Names that occur once each are names of rows.
        bool wide = id < 0 || (values.Length > 1 && steps.TrueForAll(s => s[0].Count == 1));
        int sorted = wide ? 0 : Sort(steps, times);
        if (id >= 0 && wide)
            series.AddRange(steps.Select(s => new TimeSeries([[.. s.Select(c => c[0]).Take(Array.FindLastIndex(s, c => !double.IsNaN(c[0])) + 1)]])));
        else
            series.AddRange(steps.Select(s => new TimeSeries([.. s.Select(channel => channel.ToArray())])));
        if (series.Count == 0)
            throw new InvalidDataException($"{path}: there is nothing below the header.");
        List<string> notes = [wide ? $"each row is a series, of up to {values.Length} steps{(id < 0 ? "" : $", which \"{names[id]}\" names")}" : $"each row is a step of the series that \"{names[id]}\" names, with {values.Length} {(values.Length == 1 ? "channel" : "channels")}"];
        if (sorted > 0)
            notes.Add($"{sorted} {(sorted == 1 ? "series was" : "series were")} not in order of \"{names[time]}\": sorted");
        else if (!wide && time >= 0 && times.Exists(t => t.Exists(double.IsNaN)))
            notes.Add($"\"{names[time]}\" has times that cannot be read: steps stand as in the file");
        notes.Add(label < 0 ? $"there is no column of labels, called {string.Join(", ", s_labels)} or as said" : $"labels: column \"{names[label]}\"");
        if (label < 0)
            return SequenceData.Unlabelled(series).With(notes, called);
        if (!options.Regression)
            return SequenceReader.Labelled(series, labels, lines, path).With(notes, called);
        return SequenceData.WithTargets(series, [.. labels.Select((l, i) => number.TryRead(l, out double y)
            ? new[] { y } : throw SequenceReader.Error(path, lines[i], $"\"{SequenceReader.Short(l)}\" is no number to be told{number.Expected}"))]).With(notes, called);

        int Find(string? given, string[] usual)
        {
            // The first of the usual names that there is: a channel may be called y beside a column called label.
            int at = (given is null ? usual : [given]).Select(name => Array.FindIndex(names, n => string.Equals(n, name, StringComparison.OrdinalIgnoreCase))).FirstOrDefault(i => i >= 0, -1);
            return at >= 0 || given is null ? at : throw new InvalidDataException($"{path}: there is no column \"{given}\". The columns are: {string.Join(", ", names.Take(20))}{(names.Length > 20 ? ", ..." : "")}.");
        }
    }

    // The first number with a mark decides which mark the file has; where commas stand between columns, it is no comma.
    private struct Number(char separator)
    {
        private char? _mark = separator == ',' ? '.' : null;

        public readonly string Expected => _mark is null || separator == ',' ? "" : $", with a decimal {(_mark == ',' ? "comma" : "point")} as before";

        public bool TryRead(string text, out double value)
        {
            value = double.NaN;
            int at = text.AsSpan().IndexOfAny(',', '.');
            if (at >= 0)
                _mark ??= text[at];
            return at < 0 || text[at] == _mark ? SequenceReader.TryNumber(_mark == ',' ? text.Replace(',', '.') : text, out value) : false;
        }
    }

    // Numbers and dates; NaN for what is neither. A copy of the reader: the points of a date decide nothing about numbers.
    private static double Time(string text, Number reader) =>
        reader.TryRead(text, out double number) ? number
        : DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime time) ? time.Ticks : double.NaN;

    // Each series whose times can all be read and are not in order; equal ones stay as they stand. How many there were.
    private static int Sort(List<List<double>[]> steps, List<List<double>> times)
    {
        if (times.Exists(t => t.Exists(double.IsNaN)))
            return 0;
        int sorted = 0;
        for (int s = 0; s < steps.Count; s++)
        {
            List<double> of = times[s];
            if (!Enumerable.Range(1, Math.Max(0, of.Count - 1)).Any(i => of[i] < of[i - 1]))
                continue;
            int[] order = [.. Enumerable.Range(0, of.Count).OrderBy(i => of[i])];
            for (int c = 0; c < steps[s].Length; c++)
                steps[s][c] = [.. order.Select(i => steps[s][c][i])];
            sorted++;
        }
        return sorted;
    }

    private static string[] Cells(CsvReader reader)
    {
        var cells = new string[reader.FieldCount];
        for (int i = 0; i < cells.Length; i++)
            cells[i] = System.Text.Encoding.UTF8.GetString(reader.GetSpan(i)).Trim();
        return cells;
    }
}
