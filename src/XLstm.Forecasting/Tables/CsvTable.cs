using System.Globalization;
using System.Text;
using System.Text.Unicode;
using CsvHelper;

namespace XLstm.Forecasting;

/// <summary>The cells of a CSV file as text, column by column, and the lines they stand in.</summary>
internal sealed class CsvTable
{
    private const long MostBytes = 1L << 30, MostCells = 100_000_000;
    private const int MostRecordBytes = 1 << 24, SampleBytes = 1 << 16, SampleLines = 50;

    private readonly string _file;
    private readonly List<TextColumn> _columns = [];
    private readonly List<int> _lines = [];
    private int _first;

    private CsvTable(string file) => _file = file;

    /// <summary>Of the columns; unique.</summary>
    public string[] Names { get; private set; } = [];

    /// <summary>Whether the names stand in the file.</summary>
    public bool HasHeader => _first == 1;

    public char? Separator { get; private set; }

    public int Rows => _lines.Count - _first;

    /// <summary>A cell without the blanks around it, UTF-8.</summary>
    public ReadOnlySpan<byte> this[int column, int row] => _columns[column][row + _first];

    public string Text(int column, int row) => Encoding.UTF8.GetString(this[column, row]);

    public int Line(int row) => _lines[row + _first];

    /// <param name="stream">The file.</param>
    /// <param name="file">What errors call it.</param>
    /// <param name="separator">Between cells; null to look.</param>
    /// <param name="isData">Whether a cell may be a value: a first line of such cells is no header.</param>
    /// <exception cref="InvalidDataException">It is no table, or too large; says the line.</exception>
    public static CsvTable Read(Stream stream, string file, char? separator, Func<ReadOnlySpan<byte>, bool> isData)
    {
        if (!stream.CanSeek)
            stream = Kept(stream, file);
        if (stream.Length > MostBytes)
            throw TooLarge(file);
        var table = new CsvTable(file);
        (char? found, Encoding? encoding) = Look(stream, file);
        separator ??= found;
        table.Separator = separator;
        var options = new CsvReaderOptions
        {
            HasHeader = false, TrackLineNumbers = true, MaxRecordSize = MostRecordBytes, Separator = separator, TrimWhitespace = true, Encoding = encoding,
        };
        using var reader = CsvReader.Create(stream, options, leaveOpen: true);
        try
        {
            while (reader.Read())
                table.Add(reader);
        }
        catch (CsvFormatException e)
        {
            throw new InvalidDataException($"{file}: {e.Message} A quotation mark that is opened and not closed does this.", e);
        }
        if (table._lines.Count == 0)
            throw new InvalidDataException($"{file}: the file is empty.");
        table.Name(isData);
        if (table.Rows == 0)
            throw new InvalidDataException($"{file}: there is nothing below the header.");
        return table;
    }

    public InvalidDataException Error(int row, int column, string message) => new($"{_file}, line {Line(row)}, column \"{Names[column]}\": {message}");

    public InvalidDataException Error(int row, string message) => new($"{_file}, line {Line(row)}: {message}");

    public InvalidDataException Error(string message) => new($"{_file}: {message}");

    /// <summary>The column of a name, small letters or not, or of a number that no column has as its name, from 1.</summary>
    public int Find(string name) => TryFind(name) is >= 0 and int at
        ? at
        : throw Error($"there is no column \"{name}\". The columns are: {string.Join(", ", Names.Take(20))}{(Names.Length > 20 ? ", ..." : "")}.");

    /// <summary>The columns of names, each of which may be several with commas between them, if no column is called so.</summary>
    public List<int> FindAll(IEnumerable<string> names) =>
        [.. names.SelectMany(name => TryFind(name) >= 0 ? [name] : name.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Select(Find).Distinct()];

    private int TryFind(string name)
    {
        int at = Array.IndexOf(Names, name);
        if (at < 0)
            at = Array.FindIndex(Names, n => string.Equals(n, name.Trim(), StringComparison.OrdinalIgnoreCase));
        if (at < 0 && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1 && number <= Names.Length)
            at = number - 1;
        return at;
    }

    private static InvalidDataException TooLarge(string file) => new($"{file}: there are more than {MostBytes:N0} bytes, the most that is read. Split it, or leave out columns.");

    // What comes through a pipe.
    private static MemoryStream Kept(Stream stream, string file)
    {
        var kept = new MemoryStream();
        var part = new byte[SampleBytes];
        for (int count; (count = stream.Read(part)) > 0;)
        {
            kept.Write(part, 0, count);
            if (kept.Length > MostBytes)
                throw TooLarge(file);
        }
        kept.Position = 0;
        return kept;
    }

    // The separator, if the first lines agree on one, and the encoding, if it is not UTF-8.
    private static (char? Separator, Encoding? Encoding) Look(Stream stream, string file)
    {
        var sample = new byte[(int)Math.Min(SampleBytes, stream.Length)];
        stream.ReadExactly(sample);
        stream.Position = 0;
        ReadOnlySpan<byte> bytes = sample;
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return (null, null);
        if (bytes.Contains((byte)0))
            throw new InvalidDataException($"{file}: this is no text. A table is expected with commas, semicolons or tabs between its columns.");
        if (sample.Length < stream.Length && bytes.LastIndexOf((byte)'\n') is > 0 and int end)
            bytes = bytes[..end];
        Encoding? encoding = Utf8.IsValid(bytes) ? null : Encoding.Latin1;
        return (bytes.StartsWith("sep="u8) ? null : SeparatorOf(bytes), encoding);
    }

    private static char? SeparatorOf(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> candidates = "\t;|,"u8;
        var counts = new List<int[]>();
        var count = new int[candidates.Length];
        bool quoted = false, empty = true;
        foreach (byte b in text)
        {
            if (b == '"')
                quoted = !quoted;
            if (b is (byte)'\n' or (byte)'\r' && !quoted)
            {
                if (!empty)
                    counts.Add(count);
                if (counts.Count == SampleLines)
                    break;
                (count, empty) = (new int[candidates.Length], true);
                continue;
            }
            empty = false;
            if (!quoted && candidates.IndexOf(b) is >= 0 and int i)
                count[i]++;
        }
        if (!empty && counts.Count < SampleLines)
            counts.Add(count);
        if (counts.Count == 0)
            return null;
        for (int i = 0; i < candidates.Length; i++)
            if (counts[0][i] > 0 && counts.TrueForAll(c => c[i] == counts[0][i]))
                return (char)candidates[i];
        // One column of decimal commas under a name without one.
        return counts.Count > 1 && counts[0].All(c => c == 0) && counts.Skip(1).All(c => c is [0, 0, 0, 1]) ? ';' : null;
    }

    private void Add(CsvReader reader)
    {
        int fields = reader.FieldCount, line = (int)reader.LineNumber;
        // Spreadsheets fill the end of a row, and rows after the last, with separators.
        while (fields > Math.Max(1, _columns.Count) && _lines.Count > 0 && reader.IsEmpty(fields - 1))
            fields--;
        int filled = 0;
        while (filled < fields && reader.IsEmpty(filled))
            filled++;
        if (_lines.Count > 0 && filled == fields)
            return;
        if (_lines.Count == 0)
            for (int i = 0; i < fields; i++)
                _columns.Add(new TextColumn());
        if (fields != _columns.Count)
            throw new InvalidDataException($"{_file}, line {line}: there are {fields} cells, expected {_columns.Count} as in line {_lines[0]}.{(Separator is { } s ? $" Cells are taken to be separated by {Describe(s)}." : "")}");
        if ((long)fields * (_lines.Count + 1) > MostCells)
            throw new InvalidDataException($"{_file}, line {line}: the table has more than {MostCells:N0} cells. Split it, or leave out columns.");
        for (int i = 0; i < fields; i++)
            _columns[i].Add(reader.GetSpan(i));
        _lines.Add(line);
    }

    private static string Describe(char separator) => separator switch { '\t' => "tabs", ';' => "semicolons", ',' => "commas", _ => $"\"{separator}\"" };

    private void Name(Func<ReadOnlySpan<byte>, bool> isData)
    {
        bool header = false;
        foreach (TextColumn column in _columns)
            header |= !isData(column[0]);
        // Some programs number the columns in a first line of its own.
        header |= _columns.Count > 1 && _lines.Count > 1 && (Counts(0) || Counts(1));
        _first = header ? 1 : 0;
        Names = [.. _columns.Select((c, i) => header && c[0].Length > 0 ? Encoding.UTF8.GetString(c[0]) : $"column {i + 1}")];
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < Names.Length; i++)
        {
            string name = Names[i];
            int times = seen[name] = seen.GetValueOrDefault(name) + 1;
            if (times > 1)
                Names[i] = $"{name} ({times})";
        }

        bool Counts(int from) => _columns.Select((c, i) => c[0].SequenceEqual(Encoding.UTF8.GetBytes((from + i).ToString(CultureInfo.InvariantCulture)))).All(same => same);
    }

    /// <summary>Many short texts, one after the other.</summary>
    private sealed class TextColumn
    {
        private readonly List<int> _ends = [];
        private byte[] _bytes = new byte[256];

        public ReadOnlySpan<byte> this[int row]
        {
            get
            {
                int start = row == 0 ? 0 : _ends[row - 1];
                return _bytes.AsSpan(start, _ends[row] - start);
            }
        }

        public void Add(ReadOnlySpan<byte> text)
        {
            text = text.Trim(" \t"u8);
            int start = _ends.Count == 0 ? 0 : _ends[^1];
            if (start + text.Length > _bytes.Length)
                Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(2L * _bytes.Length, start + text.Length)));
            text.CopyTo(_bytes.AsSpan(start));
            _ends.Add(start + text.Length);
        }
    }
}
