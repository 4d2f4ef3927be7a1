namespace XLstm.Forecasting;

/// <summary>The regular times that the times of a series lie on.</summary>
internal sealed class TimeGrid
{
    // Of the places of a grid, at least this share is taken; with fewer it is none.
    private const double LeastFilled = 0.25;
    private const double MostJitter = 0.25;
    private const int EndOfMonth = 31;

    private readonly DateTime _anchor;
    private readonly long _first;
    private readonly int _day;

    private TimeGrid(Frequency frequency, long first, int day = 0, bool exact = true)
    {
        (Frequency, _first, _day, IsExact) = (frequency, first, day, exact);
        _anchor = frequency.Unit == FrequencyUnit.Step ? default : new DateTime(first, DateTimeKind.Utc);
    }

    public Frequency Frequency { get; }

    /// <summary>Whether the times of the series are those of the grid, and not only near them.</summary>
    public bool IsExact { get; }

    /// <summary>Numbers that count.</summary>
    public static TimeGrid? OfCounts(ReadOnlySpan<long> times)
    {
        long step = times.Length < 2 ? 1 : Gcd(times, t => t);
        return Checked(new TimeGrid(new Frequency(FrequencyUnit.Step, step), times[0]), times);
    }

    /// <summary>The grid of ticks in rising order; null if there is none or less than two.</summary>
    public static TimeGrid? Of(ReadOnlySpan<long> times)
    {
        if (times.Length < 2)
            return null;
        bool sameClock = true;
        foreach (long time in times)
            sameClock &= (time - times[0]) % TimeSpan.TicksPerDay == 0;
        return (sameClock ? Months(times) ?? Days(times) : null)
            ?? Checked(new TimeGrid(new Frequency(FrequencyUnit.Tick, Gcd(times, t => t)), times[0]), times) ?? Nearly(times);
    }

    /// <summary>The places of this grid for a series whose times are some of its own; null if they are few.</summary>
    public TimeGrid? For(ReadOnlySpan<long> times) => Checked(new TimeGrid(Frequency, times[0], _day, IsExact), times);

    /// <summary>The place of a time, 0 for the first.</summary>
    public long Place(long time) => Frequency.Unit switch
    {
        FrequencyUnit.Month => (Month(time) - Month(_first)) / Frequency.Count,
        FrequencyUnit.BusinessDay => Weekdays(time) - Weekdays(_first),
        FrequencyUnit.Day when !IsExact => (long)Math.Round((double)(Day(time) - Day(_first)) / Frequency.Count),
        FrequencyUnit.Day => (Day(time) - Day(_first)) / Frequency.Count,
        _ when !IsExact => (long)Math.Round((double)(time - _first) / Frequency.Count),
        _ => (time - _first) / Frequency.Count,
    };

    /// <summary>The time of a place; null beyond the calendar.</summary>
    public long? At(long place)
    {
        try
        {
            return Frequency.Unit switch
            {
                FrequencyUnit.Month => AtMonth(checked((int)(place * Frequency.Count))),
                FrequencyUnit.Day => _anchor.AddDays(place * Frequency.Count).Ticks,
                FrequencyUnit.BusinessDay => AtWeekday(Weekdays(_first) + place),
                FrequencyUnit.Tick => _anchor.AddTicks(checked(place * Frequency.Count)).Ticks,
                _ => checked(_first + (place * Frequency.Count)),
            };
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException)
        {
            return null;
        }
    }

    private static TimeGrid? Months(ReadOnlySpan<long> times)
    {
        int day = 0;
        bool ends = true, distinct = true;
        for (int i = 0; i < times.Length; i++)
        {
            var time = new DateTime(times[i]);
            day = Math.Max(day, time.Day);
            ends &= time.Day == DateTime.DaysInMonth(time.Year, time.Month);
            distinct &= i == 0 || Month(times[i]) > Month(times[i - 1]);
        }
        if (!distinct)
            return null;
        if (ends)
            day = EndOfMonth;
        bool same = true;
        foreach (long ticks in times)
        {
            var time = new DateTime(ticks);
            same &= time.Day == Math.Min(day, DateTime.DaysInMonth(time.Year, time.Month));
        }
        // The last business day of a month and the like: near the end, or as in the first of them.
        if (!same && (times.Length < 4 || Typical(times) / TimeSpan.TicksPerDay is < 28 or > 31))
            return null;
        // Every 30 days is no month.
        if (!same && Gcd(times, Day) == Typical(times) / TimeSpan.TicksPerDay)
            return null;
        if (!same)
            day = day >= 28 ? EndOfMonth : new DateTime(times[0]).Day;
        return Checked(new TimeGrid(new Frequency(FrequencyUnit.Month, Gcd(times, Month)), times[0], day, same), times);
    }

    private static TimeGrid? Days(ReadOnlySpan<long> times)
    {
        long step = Gcd(times, Day);
        bool weekend = false;
        foreach (long time in times)
            weekend |= new DateTime(time).DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday;
        if (step == 1 && !weekend && times.Length >= 5 && Day(times[^1]) - Day(times[0]) >= 7)
            return Checked(new TimeGrid(new Frequency(FrequencyUnit.BusinessDay, 1), times[0]), times);
        return Checked(new TimeGrid(new Frequency(FrequencyUnit.Day, step), times[0]), times);
    }

    // A clock that is not quite exact, or weeks with holidays.
    private static TimeGrid? Nearly(ReadOnlySpan<long> times)
    {
        long step = Typical(times);
        bool days = step % TimeSpan.TicksPerDay == 0;
        for (int i = 1; i < times.Length; i++)
        {
            double steps = (double)(times[i] - times[i - 1]) / step;
            if (steps < 1 - MostJitter || Math.Abs(steps - Math.Round(steps)) > MostJitter)
                return null;
        }
        var frequency = days ? new Frequency(FrequencyUnit.Day, step / TimeSpan.TicksPerDay) : new Frequency(FrequencyUnit.Tick, step);
        return Checked(new TimeGrid(frequency, times[0], exact: false), times);
    }

    // A place for every time, and not too many without one.
    private static TimeGrid? Checked(TimeGrid grid, ReadOnlySpan<long> times)
    {
        long last = -1;
        foreach (long time in times)
        {
            long place = grid.Place(time);
            if (place <= last)
                return null;
            last = place;
        }
        return times.Length < LeastFilled * (last + 1) ? null : grid;
    }

    private static long Typical(ReadOnlySpan<long> times)
    {
        var gaps = new long[times.Length - 1];
        for (int i = 0; i < gaps.Length; i++)
            gaps[i] = times[i + 1] - times[i];
        Array.Sort(gaps);
        return gaps[gaps.Length / 2];
    }

    private static long Gcd(ReadOnlySpan<long> times, Func<long, long> unit)
    {
        long gcd = 0;
        for (int i = 1; i < times.Length; i++)
            for (long next = unit(times[i]) - unit(times[i - 1]); next != 0;)
                (gcd, next) = (next, gcd % next);
        return Math.Max(1, gcd);
    }

    private static long Month(long time)
    {
        var date = new DateTime(time);
        return (date.Year * 12L) + date.Month - 1;
    }

    private static long Day(long time) => time / TimeSpan.TicksPerDay;

    // Weekdays since the Monday that the calendar of DateTime begins with.
    private static long Weekdays(long time) => (Day(time) / 7 * 5) + Math.Min(4, Day(time) % 7);

    private long AtWeekday(long weekdays) => new DateTime(_first % TimeSpan.TicksPerDay).AddDays((weekdays / 5 * 7) + (weekdays % 5)).Ticks;

    private long AtMonth(int months)
    {
        DateTime month = new DateTime(_anchor.Year, _anchor.Month, 1).AddMonths(months);
        return month.AddDays(Math.Min(_day, DateTime.DaysInMonth(month.Year, month.Month)) - 1).Add(_anchor.TimeOfDay).Ticks;
    }
}
