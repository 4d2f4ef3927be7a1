using CsvHelper;

namespace XLstm.Classification;

/// <summary>
/// A CSV file with a header. Wide: each row is a series of one channel, a column for each step, empty at the end of shorter ones, and perhaps one of names. Long: each row is one
/// step, a column for each channel, one that tells series apart, and a label that is the same in all rows of a series. With windows: long, and labels may change.
/// </summary>
internal static class SequenceTable
{
    private const int MostRecordBytes = 1 << 24, NumbersThatAreClasses = 20;
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
        Columns columns = Columns.Of(Cells(reader), options, path, (int)reader.LineNumber);
        var number = new Number(reader.Separator);
        bool cut = options.Window is not null, wide = options.RowsAreSteps is { } steps ? !steps : !cut && columns.Id < 0;
        List<SequenceRecord> records = Rows(reader, path, columns, ref number, cut, wide);
        // Names that occur once each are names of rows.
        wide |= options.RowsAreSteps is null && !cut && columns.Values.Length > 1 && records.TrueForAll(r => r.Length == 1);
        var notes = new List<string> { columns.Meaning(wide) };
        notes.AddRange(columns.LeftOut);
        if (!wide && columns.Time >= 0)
            notes.AddRange(SequenceRecord.SetTimes(records, columns.Names[columns.Time], path));
        notes.Add(columns.Labels);
        List<SequenceWindow> series = options.Window is { } length ? Windows(records, length, options, columns, path, notes) : [.. records.Select(r => new SequenceWindow(r, 0, r.Length, r.Name))];
        TimeSeries[] values = [.. series.Select(w => wide ? w.Row() : w.Series())];
        SequenceData data;
        if (columns.Label < 0)
            data = SequenceData.Unlabelled(values);
        else if (options.Regression)
            data = SequenceData.WithTargets(values, [.. series.Select(w => new[] { w.Mean(text => number.TryRead(text, out double y)
                ? y : throw SequenceReader.Error(path, w.Line, $"\"{SequenceReader.Short(text)}\" is no number to be told{number.Expected}")) })]);
        else
        {
            data = SequenceReader.Labelled(values, [.. series.Select(w => cut ? w.Class() : w.Record.Labels[0])], [.. series.Select(w => w.Line)], path, options.Learned);
            if (data.Classes.Count > Math.Max(NumbersThatAreClasses, values.Length / 2) && data.Classes.All(c => SequenceReader.TryNumber(c, out _)))
                notes.Add($"the {data.Classes.Count} classes of {values.Length} series are all numbers: are they to be told as numbers (regression)?");
        }
        return data.With(notes, columns.Id < 0 && !cut ? null : [.. series.Select(w => w.Name)], columns.Table(options, wide));
    }

    private static List<SequenceRecord> Rows(CsvReader reader, string path, Columns columns, ref Number number, bool cut, bool wide)
    {
        (string[] names, int label, int id, int time, int[] values) = (columns.Names, columns.Label, columns.Id, columns.Time, columns.Values);
        List<SequenceRecord> records = [];
        var order = new Dictionary<string, SequenceRecord>(StringComparer.Ordinal);
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
            var numbers = new double[values.Count(i => i < row.Length)];
            int filled = 0;
            foreach (int i in values)
                if (i < row.Length && !number.TryRead(row[i], out numbers[filled++]))
                    throw SequenceReader.Error(path, line, $"column \"{SequenceReader.Short(names[i])}\": \"{SequenceReader.Short(row[i])}\" is no number{number.Expected}. Name the channels to leave other columns out, or say what this one is (label, id, time)");
            string name = id < 0 ? "" : row[id];
            if (id >= 0 && name.Length == 0)
                throw SequenceReader.Error(path, line, $"column \"{SequenceReader.Short(names[id])}\" is empty, and should say to which series this step belongs");
            if (wide || !order.TryGetValue(name, out SequenceRecord? record))
            {
                records.Add(record = new SequenceRecord(name, numbers.Length));
                if (!wide)
                    order.Add(name, record);
            }
            string told = label < 0 ? "" : row[label];
            if (!cut && record.Length > 0 && record.Labels[0] != told)
                throw SequenceReader.Error(path, line, $"series \"{SequenceReader.Short(name)}\" has the label \"{SequenceReader.Short(told)}\" here and \"{SequenceReader.Short(record.Labels[0])}\" in line {record.Lines[0]}. Where labels change within a record, cut it into windows");
            record.Add(numbers, time < 0 ? null : SequenceRecord.Moment(row[time], Plain(row[time], number)), told, line);
        }
        return records.Count > 0 ? records : throw new InvalidDataException($"{path}: there is nothing below the header.");
    }

    private static List<SequenceWindow> Windows(List<SequenceRecord> records, int length, SequenceTableOptions options, Columns columns, string path, List<string> notes)
    {
        int every = options.Every ?? length, tooShort = records.Count(r => r.Length < length);
        if (tooShort == records.Count)
            throw new InvalidDataException($"{path}: there is no window of {length} steps: the longest {(columns.Id < 0 ? "record" : $"series that \"{columns.Names[columns.Id]}\" names")} has {records.Max(r => r.Length)}.");
        long count = records.Sum(r => (long)SequenceWindow.Count(r, length, every));
        if (count * length * records[0].ChannelCount > MostCells)
            throw new InvalidDataException($"{path}: {count:N0} windows of {length} steps have more than {MostCells:N0} values; begin them further apart.");
        long over = records.Where(r => r.Length >= length).Sum(r => (long)r.Length - ((SequenceWindow.Count(r, length, every) - 1L) * every) - length);
        notes.Add($"{count:N0} {(count == 1 ? "window" : "windows")} of {length} {(length == 1 ? "step" : "steps")}, one every {every}{(tooShort == 0 ? "" : $"; {tooShort} series {(tooShort == 1 ? "is" : "are")} shorter and left out")}{(over == 0 ? "" : $"; {over:N0} {(over == 1 ? "step" : "steps")} at the ends {(over == 1 ? "is" : "are")} in none")}");
        List<SequenceWindow> windows = [.. records.SelectMany(r => SequenceWindow.Of(r, length, every))];
        if (windows.RemoveAll(w => !w.HasValue) is > 0 and var empty)
            notes.Add($"{empty:N0} {(empty == 1 ? "window has" : "windows have")} no values: left out");
        if (windows.Count == 0)
            throw new InvalidDataException($"{path}: no window has a value.");
        // Nothing can be learned of them, but something told.
        if (!options.Learned && windows.Exists(w => w.HasLabel) && windows.RemoveAll(w => !w.HasLabel) is > 0 and var without)
            notes.Add($"{without:N0} {(without == 1 ? "window has" : "windows have")} no label: left out");
        Dictionary<SequenceRecord, Func<int, int, bool>> gaps = records.ToDictionary(r => r, r => r.Gaps());
        if (windows.Count(w => gaps[w.Record](w.From, w.Length)) is > 0 and var broken)
            notes.Add($"{broken:N0} {(broken == 1 ? "window spans a gap" : "windows span gaps")} in \"{columns.Names[columns.Time]}\", of ten times the usual step or more");
        return windows;
    }

    // As a number, missing or not; null where it is none. A copy of the reader: the points of a date decide nothing about numbers.
    private static double? Plain(string text, Number reader) => reader.TryRead(text, out double number) ? number : null;

    private static string[] Cells(CsvReader reader)
    {
        var cells = new string[reader.FieldCount];
        for (int i = 0; i < cells.Length; i++)
            cells[i] = System.Text.Encoding.UTF8.GetString(reader.GetSpan(i)).Trim();
        return cells;
    }

    /// <summary>What the columns are, -1 where there is none.</summary>
    private sealed record Columns(string[] Names, int Label, int Id, int Time, int[] Values, string Labels, IReadOnlyList<string> LeftOut)
    {
        public static Columns Of(string[] names, SequenceTableOptions options, string path, int line)
        {
            if (names.All(n => SequenceReader.TryNumber(n, out _)))
                throw SequenceReader.Error(path, line, "there is no header; the first line has names of columns, one of them of the labels");
            if (names.Where(n => n.Length > 0).GroupBy(n => n, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice)
                throw SequenceReader.Error(path, line, $"there are {twice.Count()} columns called \"{SequenceReader.Short(twice.Key)}\"");
            // A sensor has axes x, y and z.
            string[] usual = Find("z") >= 0 ? s_labels[..^1] : s_labels;
            int[]? named = options.Channels is { } channels ? [.. channels.Select(c => Given(c, false))] : null;
            int label = Meant(options.Label, usual), id = Meant(options.Id, s_ids);
            int time = options.Time == "" || (id < 0 && options.Window is null && options.Time is null) ? -1 : Meant(options.Time, s_times);
            if (named?.FirstOrDefault(i => i == label || i == id || i == time || named.Count(n => n == i) > 1, -1) is >= 0 and var both)
                throw new InvalidDataException($"{path}: column \"{names[both]}\" is a channel {(both == label ? "and the label" : both == id ? "and the id of series" : both == time ? "and the time" : "twice")}.");
            // What pandas writes before the columns.
            bool index = named is null && names.Length > 1 && names[0].Length == 0 && 0 != label && 0 != id && 0 != time;
            int[] values = named ?? [.. Enumerable.Range(index ? 1 : 0, names.Length - (index ? 1 : 0)).Where(i => i != label && i != id && i != time)];
            if (values.Length == 0)
                throw SequenceReader.Error(path, line, "there is no column of values");
            int[] left = named is null ? [] : [.. Enumerable.Range(0, names.Length).Where(i => i != label && i != id && i != time && !named.Contains(i))];
            return new Columns(
                names, label, id, time, values, label < 0 ? $"there is no column of labels, called {(options.Label is { } wanted ? $"\"{wanted}\"" : $"{string.Join(", ", usual)} or as said")}" : $"labels: column \"{names[label]}\"",
                index ? ["the first column has no name: left out"] : left.Length > 0 ? [$"left out: {List(left.Select(i => names[i]))}"] : []);

            int Find(string name) => Array.FindIndex(names, n => string.Equals(n, name, StringComparison.OrdinalIgnoreCase));

            // The first of the usual names that there is and that is no channel.
            int Meant(string? name, string[] usual) => name is null ? usual.Select(Find).FirstOrDefault(i => i >= 0 && named?.Contains(i) != true, -1) : Given(name, options.Learned);

            int Given(string name, bool mayLack) => Find(name) is >= 0 and var at ? at : mayLack ? -1
                : throw new InvalidDataException($"{path}: there is no column \"{name}\". The columns are: {string.Join(", ", names.Take(20))}{(names.Length > 20 ? ", ..." : "")}.");
        }

        /// <summary>What a row is, for people.</summary>
        public string Meaning(bool wide) => wide
            ? $"each row is a series, of up to {Values.Length} steps{(Id < 0 ? "" : $", which \"{Names[Id]}\" names")}"
            : $"each row is a step{(Id < 0 ? "" : $" of the series that \"{Names[Id]}\" names")}{(Time < 0 ? "" : $", in order of \"{Names[Time]}\"")}, with {Values.Length} {(Values.Length == 1 ? "channel" : "channels")}: {List(Values.Select(i => Names[i]))}";

        /// <summary>How a file like this one is read.</summary>
        public SequenceTableOptions Table(SequenceTableOptions options, bool wide) => options with
        {
            Label = Name(Label), Id = Name(Id), Time = options.Time == "" ? "" : Name(Time), Channels = wide ? options.Channels : [.. Values.Select(i => Names[i])], RowsAreSteps = wide ? options.RowsAreSteps : true, Learned = true,
        };

        private string? Name(int column) => column < 0 ? null : Names[column];

        private static string List(IEnumerable<string> names) => string.Join(", ", names.Take(12).Select(n => SequenceReader.Short(n))) + (names.Skip(12).Any() ? ", ..." : "");
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
}
