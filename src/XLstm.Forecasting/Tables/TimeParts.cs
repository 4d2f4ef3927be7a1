using System.Globalization;
using System.Text;

namespace XLstm.Forecasting;

/// <summary>Times whose year, month, day and clock stand in columns of their own.</summary>
/// <param name="Columns">Those columns.</param>
/// <param name="Text">How the times are written.</param>
/// <param name="Values">The time of every row.</param>
internal sealed record TimeParts(int[] Columns, TimeText Text, long[] Values)
{
    // From the year on, each with its names.
    private static readonly string[][] s_names =
    [
        ["year", "yr", "jahr", "année", "año"], ["month", "mo", "mon", "mnth", "monat", "mois", "mes"], ["day", "tag", "jour", "día"],
        ["hour", "hr", "stunde", "heure", "hora"], ["minute", "min"],
    ];

    private static readonly string[] s_quarters = ["quarter", "qtr", "quartal", "trimestre"];

    /// <summary>Null unless there is a column of years and one of months or quarters, and all rows have times.</summary>
    public static TimeParts? Find(CsvTable table, int[] columns)
    {
        if (!table.HasHeader)
            return null;
        var found = new List<int>();
        foreach (string[] names in s_names)
        {
            int column = Column(names);
            if (column < 0)
                break;
            found.Add(column);
        }
        bool quarters = found.Count == 1 && Column(s_quarters) >= 0;
        if (quarters)
            found.Add(Column(s_quarters));
        if (found.Count < 2)
            return null;
        var values = new long[table.Rows];
        for (int row = 0; row < values.Length; row++)
        {
            Span<int> parts = [1, 1, 1, 0, 0];
            for (int i = 0; i < found.Count; i++)
                if (!TryRead(table[found[i], row], isMonth: i == 1 && !quarters, out parts[i]))
                    return null;
            if (quarters)
                parts[1] = parts[1] is >= 1 and <= 4 ? (3 * parts[1]) - 2 : 0;
            if (parts[0] is < 1000 or > 2999 || parts[1] is < 1 or > 12 || parts[2] < 1 || parts[2] > DateTime.DaysInMonth(parts[0], parts[1]) || parts[3] is < 0 or > 23 || parts[4] is < 0 or > 59)
                return null;
            values[row] = new DateTime(parts[0], parts[1], parts[2], parts[3], parts[4], 0, DateTimeKind.Utc).Ticks;
        }
        string example = quarters ? "2024Q1" : found.Count == 2 ? "2024-01" : "2024-01-31";
        return new TimeParts([.. found], TimeText.Calendar.First(text => text.Example == example), values);

        int Column(string[] names) => Array.Find(columns.Select(c => c + 1).ToArray(), c => names.Contains(table.Names[c - 1], StringComparer.OrdinalIgnoreCase)) - 1;
    }

    // A month may be a name.
    private static bool TryRead(ReadOnlySpan<byte> cell, bool isMonth, out int value)
    {
        if (int.TryParse(cell, NumberStyles.None, CultureInfo.InvariantCulture, out value))
            return true;
        if (!isMonth || cell.Length is < 3 or > 9)
            return false;
        bool read = DateTime.TryParseExact(Encoding.UTF8.GetString(cell), ["MMM", "MMMM"], CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime month);
        value = month.Month;
        return read;
    }
}
