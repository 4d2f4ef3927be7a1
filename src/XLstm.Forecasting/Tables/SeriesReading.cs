using System.Globalization;
using System.Text;

namespace XLstm.Forecasting;

/// <summary>Finds series in a table.</summary>
internal sealed class SeriesReading(CsvTable table, SeriesTableOptions options)
{
    private static readonly HashSet<string> s_rowNumbers = new(StringComparer.OrdinalIgnoreCase) { "", "rownames", "index", "idx", "no", "no.", "nr", "nr.", "id", "row", "#", "unnamed: 0" };

    private static readonly HashSet<string> s_timeNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "t", "ds", "dt", "day", "tag", "hour", "stunde", "week", "woche", "month", "monat", "mois", "mes", "quarter", "quartal", "year", "jahr", "an", "año", "period", "step", "fecha",
        "ts", "epoch", "unix",
    };

    // Cells, of which one may be a mistake.
    private const int CellsOfAMistake = 10;

    private static readonly string[] s_clockWords = ["time", "zeit", "hour", "stunde", "clock", "heure", "hora"];

    private static readonly string[] s_timeWords = ["date", "time", "datum", "zeit", "timestamp"];

    private readonly List<TableNote> _notes = [];
    private readonly NumberEvidence?[] _evidence = new NumberEvidence?[table.Names.Length];

    /// <summary>Whether a cell may be a value or a time, and not the name of a column.</summary>
    public static bool MayBeData(ReadOnlySpan<byte> cell)
    {
        if (NumberText.IsMissing(cell) || NumberText.TryParse(cell, DecimalMark.Point, out _) || NumberText.TryParse(cell, DecimalMark.Comma, out _))
            return true;
        foreach (TimeText text in TimeText.Calendar)
            if (text.TryRead(cell, out _))
                return true;
        return false;
    }

    public SeriesTable Read()
    {
        List<int> wanted = table.FindAll(options.Columns), ids = table.FindAll(options.Ids);
        Times? times = FindTimes([.. wanted, .. ids]);
        if (!table.HasHeader)
            Note("", "the first line is no header: columns are called column 1, column 2, ...");
        if (times is not null)
            Note(nameof(options.Time), $"times are in {Names(times.Columns)}{(times.Columns is [_] ? ", as " + times.Text.Example : "")}");
        else
            Note(nameof(options.Time), "there is no column of times: rows count as steps 1, 2, 3, ...");
        if (times is { Text.Order: { } order, Guessed: true })
            Note(nameof(options.Dates), $"the {(order == DateOrder.DayFirst ? "day" : "month")} is taken to stand first in dates, which they do not tell");
        if (ids.Count == 0 && times is not null && Repeats(times) && options.Repeated == RepeatedTimes.Refuse)
            ids = FindIds(times, wanted) ?? [];
        List<int> values = FindValues(wanted, ids, times);
        DecimalMark mark = FindMark(values);
        return Build(ids, values, times, mark);
    }

    private void Note(string option, string text) => _notes.Add(new TableNote(option, text));

    private NumberEvidence Evidence(int column) => _evidence[column] ??= NumberEvidence.Of(table, column);

    // --- times

    private Times? FindTimes(List<int> taken)
    {
        if (options.Time is { } name)
            return Known(table.Find(name));
        int[] columns = [.. Enumerable.Range(0, table.Names.Length).Except(taken).Where(c => !IsRowNumber(c)).OrderByDescending(IsTimeName)];
        foreach (int column in columns)
            if (Calendar(column) is { } times)
                return WithClock(times, columns) ?? times;
        if (TimeParts.Find(table, columns) is { } parts && new Times(parts.Columns, parts.Text, parts.Values) is var together && IsPlausible(together))
            return together;
        foreach (int column in columns.Where(c => IsTimeName(c) || c == 0))
            foreach (TimeText text in TimeText.Numeric)
                if ((IsTimeName(column) || !text.IsCount && table.Names.Length > 1) && Fits(text, column) && Read(column, text) is var times
                    && (IsTimeName(column) || text.Example.Length <= 8 || (Rises(times) && TimeGrid.Of(times.Values) is { IsExact: true })) && IsPlausible(times))
                    return times;
        foreach (int column in columns.Where(c => IsTimeName(c) && !Evidence(c).IsNumeric))
            Wrong(column, TimeText.Calendar);
        return null;
    }

    private Times Known(int column)
    {
        if (Calendar(column) is { } times)
            return times;
        foreach (TimeText text in TimeText.Numeric)
            if (Fits(text, column))
                return Read(column, text);
        Wrong(column, [.. TimeText.Calendar, .. TimeText.Numeric]);
        throw table.Error($"the times in \"{table.Names[column]}\" cannot be read: {Shown(table.Text(column, 0))} is none of the known ways to write them, such as 2024-01-31, 2024-01-31 12:00, 2024-01, 2024Q1, 31.01.2024, 01/31/2024.");
    }

    private Times? Calendar(int column)
    {
        TimeText[] fitting = [.. TimeText.Calendar.Where(text => Fits(text, column))];
        if (fitting.Length == 0)
            return null;
        TimeText[] ordered = [.. fitting.Where(t => t.Order is not null)];
        if (ordered.Select(t => t.Order).Distinct().Count() < 2)
            return Read(column, fitting[0]);
        if (options.Dates is { } order)
            return Read(column, ordered.First(t => t.Order == order));
        // Both orders make dates: those in order of time, on a denser grid, are more likely meant.
        Times[] read = [.. ordered.Select(text => Read(column, text))];
        (double, double)[] scores = [.. read.Select(Regularity)];
        int best = scores[0].CompareTo(scores[^1]) > 0 ? 0 : read.Length - 1;
        return read[best] with { Guessed = scores[0] == scores[^1] };
    }

    // Dates beside a column of clocks, as meters and loggers write them.
    private Times? WithClock(Times dates, int[] columns)
    {
        if (!Repeats(dates) || dates.Values.Any(time => time % TimeSpan.TicksPerDay != 0))
            return null;
        foreach (int column in columns.Where(c => !dates.Columns.Contains(c) && IsClockName(c)))
        {
            var values = new long[table.Rows];
            int wrong = 0, first = 0;
            for (int row = values.Length - 1; row >= 0; row--)
            {
                if (!TimeText.TryReadClock(table[column, row], out long clock))
                    (wrong, first) = (wrong + 1, row);
                values[row] = dates.Values[row] + clock;
            }
            // A few that are none among many are mistakes.
            if (wrong > 0 && CellsOfAMistake * wrong <= values.Length)
                throw table.Error(first, column, $"{Shown(table.Text(column, first))} is no time of day, expected one like 13:30.");
            if (wrong == 0 && values.Distinct().Count() > dates.Values.Distinct().Count())
                return dates with { Columns = [.. dates.Columns, column], Values = values };
        }
        return null;
    }

    private bool IsClockName(int column) => table.HasHeader && s_clockWords.Any(word => table.Names[column].Contains(word, StringComparison.OrdinalIgnoreCase));

    private (double Ordered, double Dense) Regularity(Times times)
    {
        int rising = 0;
        for (int row = 1; row < table.Rows; row++)
            rising += times.Values[row] >= times.Values[row - 1] ? 1 : 0;
        long[] distinct = [.. times.Values.Distinct().Order()];
        return (Math.Max(rising, table.Rows - 1 - rising), TimeGrid.Of(distinct) is { } grid ? (double)distinct.Length / (grid.Place(distinct[^1]) + 1) : 0);
    }

    private bool Fits(TimeText text, int column) => text.Reads(table, column, out int present) == present && present > 0;

    // The first cell of a column of times that is none.
    private void Wrong(int column, IReadOnlyList<TimeText> texts)
    {
        TimeText best = texts.MaxBy(text => text.Reads(table, column, out _))!;
        if (best.Reads(table, column, out _) == 0)
            return;
        for (int row = 0; row < table.Rows; row++)
            if (!NumberText.IsMissing(table[column, row]) && !best.TryRead(table[column, row], out _))
                throw table.Error(row, column, $"{Shown(table.Text(column, row))} is no time, expected one like {best.Example}.");
    }

    private Times Read(int column, TimeText text)
    {
        var values = new long[table.Rows];
        for (int row = 0; row < values.Length; row++)
            if (!text.TryRead(table[column, row], out values[row]))
                throw table.Error(row, column, "the time is missing.");
        return new Times([column], text, values);
    }

    // A number may be a time by its name only: once a row it has to be, or once a row of each series.
    private bool IsPlausible(Times times) => !Repeats(times) ? Rises(times) || !times.Text.IsCount : options.Repeated != RepeatedTimes.Refuse || options.Ids.Count > 0 || FindIds(times, []) is not null;

    private static bool Rises(Times times)
    {
        for (int row = 1; row < times.Values.Length; row++)
            if (times.Values[row] <= times.Values[row - 1])
                return false;
        return true;
    }

    private static bool Repeats(Times times) => times.Values.Distinct().Count() < times.Values.Length;

    private bool IsTimeName(int column)
    {
        string name = table.Names[column];
        return table.HasHeader && (s_timeNames.Contains(name) || s_timeWords.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase)));
    }

    // --- series

    private bool IsRowNumber(int column)
    {
        string name = table.Names[column];
        if (!table.HasHeader || column > 0 || !(s_rowNumbers.Contains(name) || name == "column 1") || table.Names.Length == 1)
            return false;
        for (int row = 0; row < table.Rows; row++)
            if (!NumberText.TryParse(table[column, row], DecimalMark.Point, out double number) || (row > 0 ? number != row + First() : number is not (0 or 1)))
                return false;
        return true;

        double First() => NumberText.TryParse(table[column, 0], DecimalMark.Point, out double first) ? first : 0;
    }

    private bool IsText(int column) => Evidence(column) is { Present: > 0, IsNumeric: false };

    // Under the name of a time these are times, if none that can be read: seconds with a fraction.
    private bool Rises(int column)
    {
        double last = double.NegativeInfinity;
        for (int row = 0; row < table.Rows; row++)
        {
            if (!NumberText.TryParse(table[column, row], DecimalMark.Point, out double number) || number <= last)
                return false;
            last = number;
        }
        return true;
    }

    // Columns of text that tell rows of the same time apart: the first that does it alone, or all together.
    private List<int>? FindIds(Times times, List<int> wanted)
    {
        List<int> texts = [.. Enumerable.Range(0, table.Names.Length).Where(c => !times.Columns.Contains(c) && !wanted.Contains(c) && IsText(c))];
        foreach (List<int> ids in texts.Select(c => new List<int> { c }).Append(texts))
            if (ids.Count > 0 && Groups(ids).TrueForAll(group => group.Rows.Select(row => times.Values[row]).Distinct().Count() == group.Rows.Count))
                return ids;
        return null;
    }

    private List<(string Name, List<int> Rows)> Groups(List<int> ids)
    {
        if (ids.Count == 0)
            return [("", [.. Enumerable.Range(0, table.Rows)])];
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        var groups = new List<(string Name, List<int> Rows)>();
        for (int row = 0; row < table.Rows; row++)
        {
            string name = string.Join(" / ", ids.Select(c => table.Text(c, row)));
            if (!places.TryGetValue(name, out int place))
            {
                places[name] = place = groups.Count;
                groups.Add((name, []));
            }
            groups[place].Rows.Add(row);
        }
        return groups;
    }

    private List<int> FindValues(List<int> wanted, List<int> ids, Times? times)
    {
        if (ids.Count > 0)
            Note(nameof(options.Ids), $"series are told apart by {Names(ids)}");
        if (wanted.Count > 0)
            return wanted;
        int[] free = [.. Enumerable.Range(0, table.Names.Length).Where(c => times?.Columns.Contains(c) != true && !ids.Contains(c))];
        List<int> numbers = [.. free.Where(c => Evidence(c).IsNumeric && !IsRowNumber(c) && !(IsTimeName(c) && Rises(c)))];
        if (numbers.Count == 0)
            numbers = [.. free.Where(c => Evidence(c).Present == 0)];
        if (numbers.Count == 0 && free.Length == 1 && Evidence(free[0]).IsNumeric)
            numbers = [free[0]];
        if (numbers.Count == 0)
            throw table.Error($"there is no column of numbers beside the times; the columns are {Names([.. Enumerable.Range(0, table.Names.Length)])}.{FirstText(free)}{(table.Separator is null ? " Are they separated by something else than commas, semicolons or tabs?" : "")}");
        List<int> others = [.. free.Except(numbers)];
        Note(nameof(options.Columns), $"values are in {Names(numbers)}{(others.Count == 0 ? "" : $"; left out: {Names(others)}")}");
        return numbers;
    }

    private string FirstText(int[] columns)
    {
        foreach (int column in columns)
            for (int row = 0; row < table.Rows; row++)
                if (table[column, row] is var cell && !NumberText.IsMissing(cell) && !NumberText.TryParse(cell, DecimalMark.Point, out _) && !NumberText.TryParse(cell, DecimalMark.Comma, out _))
                    return $" In line {table.Line(row)}, column \"{table.Names[column]}\", {Shown(table.Text(column, row))} is no number.";
        return "";
    }

    private string Names(IReadOnlyList<int> columns) =>
        string.Join(", ", columns.Take(5).Select(c => $"\"{table.Names[c]}\"")) + (columns.Count > 5 ? $" and {columns.Count - 5} more" : "");

    private DecimalMark FindMark(List<int> values)
    {
        if (options.Mark is { } known)
            return known;
        int point = 0, comma = 0;
        (int Column, int Row) unsure = (-1, -1);
        foreach (int column in values)
        {
            NumberEvidence evidence = Evidence(column);
            (point, comma) = (point + evidence.Point, comma + evidence.Comma);
            if (evidence.Unsure >= 0 && unsure.Row < 0)
                unsure = (column, evidence.Unsure);
        }
        if (point + comma > 0)
        {
            if (comma > point)
                Note(nameof(options.Mark), "decimals come after a comma");
            return comma > point ? DecimalMark.Comma : DecimalMark.Point;
        }
        if (unsure.Row < 0)
            return DecimalMark.Point;
        // 1,234 or 1.234 everywhere: cells are separated by semicolons where commas are for decimals, and points for thousands then.
        string text = table.Text(unsure.Column, unsure.Row);
        DecimalMark mark = table.Separator == ';' || (text.Contains(',', StringComparison.Ordinal) && table.Separator == '\t') ? DecimalMark.Comma : DecimalMark.Point;
        _ = NumberText.TryParse(table[unsure.Column, unsure.Row], DecimalMark.Point, out double asPoint);
        _ = NumberText.TryParse(table[unsure.Column, unsure.Row], DecimalMark.Comma, out double asComma);
        (double taken, double other) = mark == DecimalMark.Point ? (asPoint, asComma) : (asComma, asPoint);
        Note(nameof(options.Mark), string.Create(CultureInfo.InvariantCulture, $"\"{text}\" is taken for the number {taken}, not {other}, which the file does not tell"));
        return mark;
    }

    private SeriesTable Build(List<int> ids, List<int> values, Times? times, DecimalMark mark)
    {
        List<(string Name, List<int> Rows)> groups = Groups(ids);
        var ordered = new List<Ordered>();
        int moved = 0;
        foreach ((string name, List<int> rows) in groups)
            ordered.Add(Order(name, rows, times, ref moved));
        if (moved > 0)
            Note("", $"{Count(moved, "row")} not in order of time: sorted");
        (Frequency frequency, int irregular) = Common(ordered, times);
        if (irregular > 0)
            Note("", $"the times {(ordered.Count > 1 ? $"of {irregular} of {ordered.Count} series " : "")}are irregular: one value after the other counts as a step");
        else if (ordered.Exists(o => o.Grid is { IsExact: false }))
            Note("", $"the times are not quite regular: each counts as the nearest {frequency}");
        if (ordered.Sum(o => o.Rows.Length - o.Steps) is > 0 and var together)
            Note(nameof(options.Repeated), $"{Count(together, "row")} of a time that is there already: {(options.Repeated is RepeatedTimes.First or RepeatedTimes.Last ? "the" : "their")} {options.Repeated.ToString().ToLowerInvariant()} counts");
        long absent = ordered.Sum(o => o.Grid is null || times is null ? 0 : o.Grid.Place(o.Times[^1]) + 1 - o.Steps);
        if (absent > 0)
            Note("", $"{absent} {(absent == 1 ? "step that is not in the file counts" : "steps that are not in the file count")} as missing");
        List<TableSeries> series = [.. ordered.SelectMany(o => values.Select(column => Series(o, column, ids.Count > 0, values.Count > 1, times, mark)))];
        TellEnds(series, ordered, values.Count, times);
        return new SeriesTable(series, frequency, times is null ? null : string.Join('-', times.Columns.Select(c => table.Names[c])), _notes);
    }

    private Ordered Order(string name, List<int> rows, Times? times, ref int moved)
    {
        if (times is null)
            return new Ordered(name, [.. rows], [.. Enumerable.Range(0, rows.Count)], rows.Count, [], null);
        int[] order = [.. rows];
        long[] keys = [.. rows.Select(row => times.Values[row])];
        for (int i = 1; i < keys.Length; i++)
            moved += keys[i] < keys[i - 1] ? 1 : 0;
        // Equal times stay in the order of the file.
        if (!Rises(new Times([], times.Text, keys)))
        {
            order = [.. rows.OrderBy(row => times.Values[row])];
            keys = [.. order.Select(row => times.Values[row])];
        }
        var steps = new int[keys.Length];
        for (int i = 1; i < keys.Length; i++)
        {
            bool same = keys[i] == keys[i - 1];
            if (same && options.Repeated == RepeatedTimes.Refuse)
                throw table.Error(order[i], $"the time {times.Text.Write(keys[i])} of {(name.Length == 0 ? "the series" : $"\"{name}\"")} is there already, in line {table.Line(order[i - 1])}. If there are several series below each other, name the column that tells them apart{Apart(times)}; if such rows are one value, say which (--repeated).{(times.Text.Write(keys[i]) is [.., 'T', _, _, ':', _, _] ? " If a clock was put back, write the times with their offsets (+01:00), or in UTC." : "")}");
            steps[i] = steps[i - 1] + (same ? 0 : 1);
        }
        keys = [.. keys.Distinct()];
        return new Ordered(name, order, steps, keys.Length, keys, times.Text.IsCount ? TimeGrid.OfCounts(keys) : TimeGrid.Of(keys));
    }

    // The first column that would do it, and is not of values by its look: a few different cells.
    private string Apart(Times times)
    {
        for (int column = 0; column < table.Names.Length; column++)
            if (!times.Columns.Contains(column) && Groups([column]) is { Count: > 1 } groups && 2 * groups.Count <= table.Rows
                && groups.TrueForAll(group => group.Rows.Select(row => times.Values[row]).Distinct().Count() == group.Rows.Count))
                return $", such as \"{table.Names[column]}\" (--id)";
        return " (--id)";
    }

    // The grid of all times together, for series that have enough of its places, and for others that of their own times; how many have none.
    private static (Frequency Frequency, int Irregular) Common(List<Ordered> ordered, Times? times)
    {
        if (times is null)
            return (new Frequency(FrequencyUnit.Step, 1), 0);
        if (ordered.Count > 1 && OfAll(times) is { IsExact: true } common)
            for (int i = 0; i < ordered.Count; i++)
                ordered[i] = ordered[i] with { Grid = common.For(ordered[i].Times) ?? ordered[i].Grid };
        Frequency frequency = ordered.Where(o => o.Grid is not null).GroupBy(o => o.Grid!.Frequency)
            .OrderByDescending(g => g.Count()).Select(g => g.Key).FirstOrDefault(new Frequency(FrequencyUnit.Step, 1));
        return (frequency, ordered.Count(o => o.Grid is null && o.Times.Length > 1));
    }

    private static TimeGrid? OfAll(Times times)
    {
        long[] distinct = [.. times.Values.Distinct().Order()];
        return times.Text.IsCount ? TimeGrid.OfCounts(distinct) : TimeGrid.Of(distinct);
    }

    private static int Length(Ordered rows, Times? times) => rows.Grid is null || times is null ? rows.Steps : (int)rows.Grid.Place(rows.Times[^1]) + 1;

    private TableSeries Series(Ordered rows, int column, bool named, bool several, Times? times, DecimalMark mark)
    {
        var values = new double[Length(rows, times)];
        Array.Fill(values, double.NaN);
        var counts = new int[values.Length];
        int end = 0;
        for (int i = 0; i < rows.Rows.Length; i++)
        {
            ReadOnlySpan<byte> cell = table[column, rows.Rows[i]];
            if (NumberText.IsMissing(cell))
                continue;
            if (!NumberText.TryParse(cell, mark, out double value))
                throw table.Error(rows.Rows[i], column, $"{Shown(Encoding.UTF8.GetString(cell))} is no number{(NumberText.TryParse(cell, mark == DecimalMark.Point ? DecimalMark.Comma : DecimalMark.Point, out _) ? $", with a decimal {(mark == DecimalMark.Point ? "point" : "comma")}" : "")}.");
            int place = rows.Grid is null || times is null ? rows.Step[i] : (int)rows.Grid.Place(rows.Times[rows.Step[i]]);
            values[place] = (counts[place]++, options.Repeated) switch
            {
                (> 0, RepeatedTimes.First) => values[place],
                (> 0, RepeatedTimes.Sum or RepeatedTimes.Mean) => values[place] + value,
                _ => value,
            };
            if (counts[place] > 1 && double.IsFinite(value) && !double.IsFinite(values[place]))
                throw table.Error(rows.Rows[i], column, "the sum of the values of this time is more than a number can be.");
            end = place + 1;
        }
        if (options.Repeated == RepeatedTimes.Mean)
            for (int place = 0; place < end; place++)
                values[place] /= Math.Max(1, counts[place]);
        string name = !named ? table.Names[column] : several ? $"{rows.Name} / {table.Names[column]}" : rows.Name;
        // What is missing at the end is to be forecast, too.
        bool cut = end > 0 && end < values.Length;
        return new TableSeries(name, cut ? values[..end] : values, rows.Grid, times?.Text, rows.Times.Length > 0 && cut && rows.Grid is null ? rows.Times[..end] : rows.Times);
    }

    // Every forecast begins after the last value of its own series.
    private void TellEnds(List<TableSeries> series, List<Ordered> ordered, int columns, Times? times)
    {
        string[] ends = [.. series.Select(s => s.Time(s.Values.Length - 1))];
        int[] cuts = [.. series.Select((s, i) => Length(ordered[i / columns], times) - s.Values.Length)];
        // Times are in order as the places of a grid that all have, or as numbers of rows; others cannot be compared.
        long[] last = [.. series.Select((s, i) => ordered[i / columns] is { Grid: { } grid } ? grid.At(s.Values.Length - 1) ?? long.MaxValue : times is null ? s.Values.Length : long.MaxValue)];
        int[] earlier = last.Contains(long.MaxValue) ? [] : [.. Enumerable.Range(0, series.Count).Where(i => last[i] < last.Max())];
        if (series.Count == 1 || earlier.Length == 0)
        {
            if (cuts[0] > 0 && cuts.All(cut => cut == cuts[0]))
                Note("", $"{(series.Count == 1 ? $"\"{series[0].Name}\" has" : "the series have")} no values in the last {Count(cuts[0], "step")}: the forecast begins there");
            return;
        }
        int first = earlier.MinBy(i => last[i]);
        Note("", $"{earlier.Length} of {series.Count} series {(earlier.Length == 1 ? "ends" : "end")} before the others, \"{series[first].Name}\"{(earlier.Length == 1 ? "" : " first,")} {(times is null ? "with row" : "at")} {ends[first]}: each forecast begins after the last value of its own series");
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private static string Shown(string cell) => $"\"{(cell.Length > 40 ? cell[..40] + "..." : cell)}\"";

    private sealed record Times(IReadOnlyList<int> Columns, TimeText Text, long[] Values)
    {
        public bool Guessed { get; init; }
    }

    // Rows in order of time, the step of each of so many, and the times of the steps, where there are any.
    private sealed record Ordered(string Name, int[] Rows, int[] Step, int Steps, long[] Times, TimeGrid? Grid);
}
