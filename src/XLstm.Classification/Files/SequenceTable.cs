using System.Globalization;
using System.Runtime.InteropServices;
using CsvHelper;

namespace XLstm.Classification;

/// <summary>What of a CSV file means what.</summary>
public sealed record SequenceTableOptions
{
    /// <summary>The column of classes or targets; null: "label", "class", "target" or "y" if there is one, "y" only where no "z" is beside it.</summary>
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

    /// <summary>
    /// For records of a sensor that go on and on: steps of the windows that are cut of them, each a series of its own. Each row is a step then, of one record where no
    /// column tells several apart, and has a label of its own: a window has the class of most of its steps, the later one of two, or the mean of their numbers.
    /// What is left at the end is no window. Null: series are whole.
    /// </summary>
    public int? Window { get; init; }

    /// <summary>Steps from the beginning of a window to that of the next; null for <see cref="Window"/>, windows side by side.</summary>
    public int? Every { get; init; }
}

/// <summary>
/// A CSV file with a header. Wide: each row is a series of one channel, a column for each step, empty at the end of shorter ones, and perhaps one of names. Long: each row is one
/// step, a column for each channel, one that tells series apart, and a label that is the same in all rows of a series. With windows: long, and labels may change.
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
        bool cut = options.Window is not null;
        // A sensor has axes x, y and z.
        string[] labels = names.Contains("z", StringComparer.OrdinalIgnoreCase) ? s_labels[..^1] : s_labels;
        int label = Find(options.Label, labels), id = Find(options.Id, s_ids), time = id < 0 && !cut && options.Time is null ? -1 : Find(options.Time, s_times);
        int[] values = [.. Enumerable.Range(0, names.Length).Where(i => i != label && i != id && i != time)];
        if (values.Length == 0)
            throw SequenceReader.Error(path, (int)reader.LineNumber, "there is no column of values");
        bool wide = !cut && id < 0;
        List<Recording> recordings = [];
        var order = new Dictionary<string, Recording>(StringComparer.Ordinal);
        long cells = 0;
        while (reader.Read())
        {
            int line = (int)reader.LineNumber;
            string[] row = Cells(reader);
            if (row.All(c => c.Length == 0))
                continue;
            if (row.Length > names.Length && row[names.Length..].Any(c => c.Length > 0) || row.Length < names.Length && (!wide || row.Length <= Math.Max(label, 0)))
                throw SequenceReader.Error(path, line, $"there are {row.Length} cells, expected {names.Length} as in the header");
            if ((cells += row.Length) > MostCells)
                throw SequenceReader.Error(path, line, $"the table has more than {MostCells:N0} cells");
            double[] numbers = [.. values.Where(i => i < row.Length).Select(i => number.TryRead(row[i], out double x)
                ? x : throw SequenceReader.Error(path, line, $"column \"{SequenceReader.Short(names[i])}\": \"{SequenceReader.Short(row[i])}\" is no number{number.Expected}"))];
            string name = id < 0 ? "" : row[id];
            if (id >= 0 && name.Length == 0)
                throw SequenceReader.Error(path, line, $"column \"{SequenceReader.Short(names[id])}\" is empty: to which series does this step belong?");
            if (wide || !order.TryGetValue(name, out Recording? recording))
            {
                recordings.Add(recording = new Recording(name, numbers.Length));
                if (!wide)
                    order.Add(name, recording);
            }
            string told = label < 0 ? "" : row[label];
            if (!cut && recording.Length > 0 && recording.Labels[0] != told)
                throw SequenceReader.Error(path, line, $"series \"{SequenceReader.Short(name)}\" is of class \"{SequenceReader.Short(told)}\" here and \"{SequenceReader.Short(recording.Labels[0])}\" in line {recording.Lines[0]}");
            recording.Add(numbers, time < 0 ? double.NaN : Time(row[time], number), told, line);
        }
        if (recordings.Count == 0)
            throw new InvalidDataException($"{path}: there is nothing below the header.");
        // Names that occur once each are names of rows.
        wide |= !cut && values.Length > 1 && recordings.TrueForAll(r => r.Length == 1);
        string of = id < 0 ? "" : $" of the series that \"{names[id]}\" names";
        List<string> notes = [wide ? $"each row is a series, of up to {values.Length} steps{(id < 0 ? "" : $", which \"{names[id]}\" names")}" : $"each row is a step{of}, with {values.Length} {(values.Length == 1 ? "channel" : "channels")}"];
        if (!wide && time >= 0)
        {
            if (recordings.Exists(r => r.Times.Exists(double.IsNaN)))
                notes.Add($"\"{names[time]}\" has times that cannot be read: steps stand as in the file");
            else if (recordings.Count(r => r.Sort()) is > 0 and var sorted)
                notes.Add($"{sorted} {(sorted == 1 ? "series was" : "series were")} not in order of \"{names[time]}\": sorted");
        }
        notes.Add(label < 0 ? $"there is no column of labels, called {string.Join(", ", labels)} or as said" : $"labels: column \"{names[label]}\"");
        List<Window> windows = options.Window is { } length ? Cut(recordings, length, options.Every ?? length, id < 0, path, notes) : [.. recordings.Select(r => new Window(r, 0, r.Length, r.Name))];
        if (cut && windows.Exists(w => w.HasLabel) && windows.RemoveAll(w => !w.HasLabel) is > 0 and var without)
            notes.Add($"{without} {(without == 1 ? "window has" : "windows have")} no label: left out");
        List<TimeSeries> series = [.. windows.Select(w => wide ? w.Row() : w.Series())];
        string[]? called = id < 0 && !cut ? null : [.. windows.Select(w => w.Name)];
        if (label < 0)
            return SequenceData.Unlabelled(series).With(notes, called);
        if (!options.Regression)
            return SequenceReader.Labelled(series, [.. windows.Select(w => cut ? w.Class() : w.Recording.Labels[0])], [.. windows.Select(w => w.Line)], path).With(notes, called);
        return SequenceData.WithTargets(series, [.. windows.Select(w => new[] { w.Mean(text => number.TryRead(text, out double y)
            ? y : throw SequenceReader.Error(path, w.Line, $"\"{SequenceReader.Short(text)}\" is no number to be told{number.Expected}")) })]).With(notes, called);

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

    private static List<Window> Cut(List<Recording> recordings, int length, int every, bool nameless, string path, List<string> notes)
    {
        int short_ = recordings.Count(r => r.Length < length);
        if (short_ == recordings.Count)
            throw new InvalidDataException($"{path}: there is no window of {length} steps: the longest series has {recordings.Max(r => r.Length)}.");
        long count = recordings.Sum(r => r.Length < length ? 0 : ((r.Length - length) / every) + 1L);
        if (count * length * recordings[0].ChannelCount > MostCells)
            throw new InvalidDataException($"{path}: {count:N0} windows of {length} steps have more than {MostCells:N0} values; begin them further apart.");
        notes.Add($"{count} windows of {length} steps, one every {every}{(short_ == 0 ? "" : $"; {short_} series {(short_ == 1 ? "is" : "are")} shorter and left out")}");
        return [.. recordings.SelectMany(r => Enumerable.Range(0, r.Length < length ? 0 : ((r.Length - length) / every) + 1)
            .Select(w => new Window(r, w * every, length, $"{(nameless ? "" : r.Name + " ")}{(w * every) + 1}-{(w * every) + length}")))];
    }

    /// <summary>Rows of one name, in the order of the file.</summary>
    private sealed class Recording(string name, int channels)
    {
        private List<double> _values = [];

        public string Name => name;

        public int ChannelCount => channels;

        public int Length => Lines.Count;

        public List<double> Times { get; private set; } = [];

        public List<string> Labels { get; private set; } = [];

        public List<int> Lines { get; private set; } = [];

        public void Add(ReadOnlySpan<double> values, double time, string label, int line)
        {
            _values.AddRange(values);
            Times.Add(time);
            // A column has few different ones.
            Labels.Add(Labels.Count > 0 && Labels[^1] == label ? Labels[^1] : label);
            Lines.Add(line);
        }

        /// <summary>The channels of a step.</summary>
        public ReadOnlySpan<double> this[int step] => CollectionsMarshal.AsSpan(_values).Slice(step * channels, channels);

        /// <summary>By time; equal ones stay as they stand. Whether they were not in order.</summary>
        public bool Sort()
        {
            if (!Enumerable.Range(1, Math.Max(0, Length - 1)).Any(i => Times[i] < Times[i - 1]))
                return false;
            int[] order = [.. Enumerable.Range(0, Length).OrderBy(i => Times[i])];
            _values = [.. order.SelectMany(i => this[i].ToArray())];
            (Times, Labels, Lines) = (Ordered(Times), Ordered(Labels), Ordered(Lines));
            return true;

            List<T> Ordered<T>(List<T> of) => [.. order.Select(i => of[i])];
        }
    }

    /// <summary>A part of the steps of a recording, or all.</summary>
    private sealed record Window(Recording Recording, int From, int Length, string Name)
    {
        public int Line => Recording.Lines[From];

        public bool HasLabel => Labels().Any(label => !SequenceReader.IsMissing(label));

        public TimeSeries Series() => new([.. Enumerable.Range(0, Recording.ChannelCount).Select(c => Enumerable.Range(From, Length).Select(t => Recording[t][c]).ToArray())]);

        /// <summary>A row as a series of one channel, up to its last value.</summary>
        public TimeSeries Row()
        {
            double[] values = Recording[From].ToArray();
            return new TimeSeries([values[..(Array.FindLastIndex(values, x => !double.IsNaN(x)) + 1)]]);
        }

        /// <summary>What most of its steps are of those that have a class, the later one of two.</summary>
        public string Class() => Labels().Select((label, i) => (label, i)).Where(l => !SequenceReader.IsMissing(l.label)).GroupBy(l => l.label, StringComparer.Ordinal)
            .MaxBy(g => (g.Count(), g.Last().i))?.Key ?? "";

        /// <summary>The mean of the numbers that are there, NaN where none is.</summary>
        public double Mean(Func<string, double> number)
        {
            // One number, told in every step, stays as it is.
            double[] there = [.. Labels().Distinct(StringComparer.Ordinal).Count() == 1 ? [number(Labels().First())] : Labels().Select(number).Where(double.IsFinite)];
            return there.Length == 0 ? double.NaN : there.Average();
        }

        private IEnumerable<string> Labels() => Recording.Labels.Skip(From).Take(Length);
    }

    private static string[] Cells(CsvReader reader)
    {
        var cells = new string[reader.FieldCount];
        for (int i = 0; i < cells.Length; i++)
            cells[i] = System.Text.Encoding.UTF8.GetString(reader.GetSpan(i)).Trim();
        return cells;
    }
}
