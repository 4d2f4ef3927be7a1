using System.Globalization;
using System.Text;

namespace XLstm.Forecasting;

/// <summary>Which of two numbers in 03/04/2025 is the day.</summary>
public enum DateOrder
{
    /// <summary>3 April.</summary>
    DayFirst,

    /// <summary>March 4.</summary>
    MonthFirst,
}

/// <summary>
/// One way to write times. A time is a number: ticks of a <see cref="DateTime"/>, or, where <see cref="IsCount"/>, the number
/// that was written.
/// </summary>
internal sealed class TimeText
{
    private const int MostLength = 40;
    private const double EarliestYear = 1000, LatestYear = 2999;

    private static readonly string[] s_clocks =
    [
        " H:m", " H:m:s", " H:m:s.FFFFFFF", " h:m tt", " h:m:s tt", "'T'H:m", "'T'H:m:s", "'T'H:m:s.FFFFFFF",
    ];

    private static readonly string[] s_clockFormats = ["H:m", "H:m:s", "H:m:s.FFFFFFF", "h:m tt", "h:m:s tt"];

    private delegate bool Reader(ReadOnlySpan<char> text, out DateTime time);

    private readonly Reader _read;
    private readonly Func<DateTime, string> _write;

    private TimeText(string example, Reader read, Func<DateTime, string> write) => (Example, _read, _write) = (example, read, write);

    private TimeText(string example, string[] formats, Func<DateTime, string> write)
        : this(example, (ReadOnlySpan<char> text, out DateTime time) => DateTime.TryParseExact(
            text, formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal | DateTimeStyles.AllowInnerWhite, out time), write)
    {
    }

    /// <summary>How it looks.</summary>
    public string Example { get; }

    /// <summary>Null where the order does not matter.</summary>
    public DateOrder? Order { get; private init; }

    public bool IsCount { get; private init; }

    /// <summary>Steps that have no time, or a number of their own: 1, 2, 3.</summary>
    public static TimeText Count { get; } = new("1", (ReadOnlySpan<char> text, out DateTime time) =>
    {
        bool ok = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long count) && Math.Abs(count) < 1L << 52;
        time = default;
        return ok;
    }, time => "") { IsCount = true };

    /// <summary>Dates and clocks; nothing that could as well be a number.</summary>
    public static IReadOnlyList<TimeText> Calendar { get; } =
    [
        new("2024-01-31", WithClocks("yyyy-M-d", "yyyy/M/d"), Plain),
        new("2024-01-31T12:00Z", [.. WithClocks("yyyy-M-d", "yyyy/M/d").Where(f => f.Contains('H', StringComparison.Ordinal)).SelectMany(f => new[] { f + "K", f + "zz" })], time => Plain(time) is { Length: > 10 } clock ? clock + "Z" : Plain(time) + "T00:00Z"),
        new("2024-01", ["yyyy-M", "yyyy/M", "yyyy'M'M"], time => time.ToString("yyyy-MM", CultureInfo.InvariantCulture)),
        new("2024Q1", ReadQuarter, time => $"{time.Year:D4}Q{(time.Month + 2) / 3}"),
        new("2024-W05", ReadWeek, time => $"{ISOWeek.GetYear(time):D4}-W{ISOWeek.GetWeekOfYear(time):D2}"),
        new("31.01.2024", WithClocks("d.M.yyyy", "d.M.yy"), Plain) { Order = DateOrder.DayFirst },
        new("31/01/2024", WithClocks("d/M/yyyy", "d/M/yy", "d-M-yyyy", "d-M-yy"), Plain) { Order = DateOrder.DayFirst },
        new("01/31/2024", WithClocks("M/d/yyyy", "M/d/yy", "M-d-yyyy", "M-d-yy"), Plain) { Order = DateOrder.MonthFirst },
        new("31 Jan 2024", WithClocks("d MMM yyyy", "d-MMM-yyyy", "d MMMM yyyy", "d-MMM-yy", "MMM d, yyyy", "MMMM d, yyyy", "MMM d yyyy", "MMMM d yyyy"), Plain),
        new("Jan 2024", ["MMM yyyy", "MMM-yyyy", "MMMM yyyy", "MMM-yy", "yyyy MMM", "yyyy-MMM"], time => time.ToString("yyyy-MM", CultureInfo.InvariantCulture)),
        new("01/2024", ["M/yyyy", "M-yyyy"], time => time.ToString("yyyy-MM", CultureInfo.InvariantCulture)),
    ];

    /// <summary>Times that are numbers, which a column has to be a column of times for by its name or place.</summary>
    public static IReadOnlyList<TimeText> Numeric { get; } =
    [
        new("2024", ReadYear, time => time.Year.ToString("D4", CultureInfo.InvariantCulture)),
        new("01.2024", ReadGermanMonth, time => time.ToString("yyyy-MM", CultureInfo.InvariantCulture)),
        new("20240131", ["yyyyMMdd", "yyyyMMddHHmm", "yyyyMMddHHmmss"], Plain),
        new("1706659200 (seconds since 1970)", ReadUnix(1e8, 1e10, TimeSpan.TicksPerSecond), time => ((time.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond).ToString(CultureInfo.InvariantCulture)),
        new("1706659200000 (milliseconds since 1970)", ReadUnix(1e11, 1e13, TimeSpan.TicksPerMillisecond), time => ((time.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond).ToString(CultureInfo.InvariantCulture)),
        new("2024.0833 (years)", ReadDecimalYear, time => time.ToString("yyyy-MM", CultureInfo.InvariantCulture)),
        Count,
    ];

    public bool TryRead(ReadOnlySpan<byte> cell, out long time)
    {
        time = 0;
        Span<char> text = stackalloc char[MostLength];
        if (cell.Length is 0 or > MostLength || !Encoding.UTF8.TryGetChars(cell, text, out int length) || !_read(text[..length], out DateTime value))
            return false;
        time = IsCount ? long.Parse(text[..length], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : value.Ticks;
        return true;
    }

    /// <param name="time">When.</param>
    /// <param name="clock">Midnight is a time of day among others.</param>
    public string Write(long time, bool clock = false)
    {
        string text = IsCount ? time.ToString(CultureInfo.InvariantCulture) : _write(new DateTime(time, DateTimeKind.Utc));
        return clock && text is [_, _, _, _, '-', _, _, '-', _, _] ? text + "T00:00" : text;
    }

    /// <summary>Cells from the first on that are read, missing ones not counted; all of <paramref name="present"/> if it fits.</summary>
    public int Reads(CsvTable table, int column, out int present)
    {
        int read = 0;
        bool fits = true;
        present = 0;
        for (int row = 0; row < table.Rows; row++)
        {
            ReadOnlySpan<byte> cell = table[column, row];
            if (NumberText.IsMissing(cell))
                continue;
            present++;
            fits = fits && TryRead(cell, out _);
            read += fits ? 1 : 0;
        }
        return read;
    }

    private static string[] WithClocks(params string[] dates) => [.. dates, .. dates.SelectMany(date => s_clocks.Select(clock => date + clock))];

    private static string Plain(DateTime time) => time.ToString(
        time.TimeOfDay == default ? "yyyy-MM-dd" : time.Ticks % TimeSpan.TicksPerMinute == 0 ? "yyyy-MM-ddTHH:mm" : time.Ticks % TimeSpan.TicksPerSecond == 0 ? "yyyy-MM-ddTHH:mm:ss" : "yyyy-MM-ddTHH:mm:ss.FFFFFFF",
        CultureInfo.InvariantCulture);

    private static bool ReadYear(ReadOnlySpan<char> text, out DateTime time)
    {
        bool ok = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int year) && year is >= (int)EarliestYear and <= (int)LatestYear;
        time = ok ? new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Utc) : default;
        return ok;
    }

    // 01.2024, which is also a number: with two digits before the point and four after it.
    private static bool ReadGermanMonth(ReadOnlySpan<char> text, out DateTime time)
    {
        time = default;
        return text is [_, _, '.', _, _, _, _] && ReadYear(text[3..], out _)
            && DateTime.TryParseExact(text, "MM.yyyy", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }

    /// <summary>A time of day: 13:30, 1:30 PM, or the hour alone, 0 to 24, which may be the beginning of a day or its end.</summary>
    public static bool TryReadClock(ReadOnlySpan<byte> cell, out long ticks)
    {
        ticks = 0;
        Span<char> text = stackalloc char[MostLength];
        if (cell.Length is 0 or > MostLength || !Encoding.UTF8.TryGetChars(cell, text, out int length))
            return false;
        ReadOnlySpan<char> clock = text[..length];
        if (int.TryParse(clock, NumberStyles.None, CultureInfo.InvariantCulture, out int hour) && hour is >= 0 and <= 24)
        {
            ticks = hour * TimeSpan.TicksPerHour;
            return true;
        }
        bool read = DateTime.TryParseExact(clock, s_clockFormats, CultureInfo.InvariantCulture, DateTimeStyles.NoCurrentDateDefault | DateTimeStyles.AllowInnerWhite, out DateTime time);
        ticks = time.TimeOfDay.Ticks;
        return read;
    }

    // 1949.0833: years and twelfths of them, as statistics programs write months and quarters.
    private static bool ReadDecimalYear(ReadOnlySpan<char> text, out DateTime time)
    {
        time = default;
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double years) || !(years is >= EarliestYear and <= LatestYear))
            return false;
        double months = Math.Round(years * 12);
        if (Math.Abs(months - (years * 12)) > 0.05)
            return false;
        time = new DateTime((int)(months / 12), 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths((int)months % 12);
        return true;
    }

    private static Reader ReadUnix(double from, double to, long ticks) => (ReadOnlySpan<char> text, out DateTime time) =>
    {
        bool ok = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count) && count >= from && count < to;
        time = ok ? DateTime.UnixEpoch.AddTicks((long)(count * ticks)) : default;
        return ok;
    };

    // 2024Q1, 2024-Q1, 2024 Q1, Q1 2024
    private static bool ReadQuarter(ReadOnlySpan<char> text, out DateTime time)
    {
        time = default;
        int q = text.IndexOfAny('Q', 'q');
        if (q < 0 || q + 1 >= text.Length || text[q + 1] is < '1' or > '4')
            return false;
        ReadOnlySpan<char> year = q == 0 ? text[2..].TrimStart(" -/") : q + 2 == text.Length ? text[..q].TrimEnd(" -/") : default;
        if (year.Length != 4 || !ReadYear(year, out time))
            return false;
        time = time.AddMonths(3 * (text[q + 1] - '1'));
        return true;
    }

    // 2024-W05, 2024W05: the Monday of that week, ISO 8601.
    private static bool ReadWeek(ReadOnlySpan<char> text, out DateTime time)
    {
        time = default;
        int w = text.IndexOfAny('W', 'w');
        if (w is not (4 or 5) || (w == 5 && text[4] is not ('-' or ' ')) || !ReadYear(text[..4], out DateTime year)
            || !int.TryParse(text[(w + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int week) || week < 1 || week > ISOWeek.GetWeeksInYear(year.Year))
            return false;
        time = DateTime.SpecifyKind(ISOWeek.ToDateTime(year.Year, week, DayOfWeek.Monday), DateTimeKind.Utc);
        return true;
    }
}
