namespace XLstm.Forecasting;

/// <summary>What the steps of a series are multiples of.</summary>
public enum FrequencyUnit
{
    /// <summary>One after the other, whatever the time between them.</summary>
    Step,

    /// <summary>A tick of a clock, 100 ns.</summary>
    Tick,

    /// <summary>A day.</summary>
    Day,

    /// <summary>Monday to Friday.</summary>
    BusinessDay,

    /// <summary>A month of the calendar.</summary>
    Month,
}

/// <summary>The time from one value of a series to the next.</summary>
/// <param name="Unit">Of what.</param>
/// <param name="Count">How many of them: three months are a quarter.</param>
public readonly record struct Frequency(FrequencyUnit Unit, long Count)
{
    private const int LongestSeason = 1440;

    /// <summary>
    /// Steps after which a series of this frequency usually repeats: 12 for months, 4 for quarters, 52 for weeks, 7 for days, 5 for business
    /// days, 24 for hours, and a day for shorter steps. Null if it has none, as years.
    /// </summary>
    public int? Season => (Unit, Count) switch
    {
        (FrequencyUnit.Month, < 12) when 12 % Count == 0 => (int)(12 / Count),
        (FrequencyUnit.Day, 1) => 7,
        (FrequencyUnit.Day, 7) => 52,
        (FrequencyUnit.BusinessDay, 1) => 5,
        (FrequencyUnit.Tick, _) when TimeSpan.TicksPerDay % Count == 0 && TimeSpan.TicksPerDay / Count is > 1 and <= LongestSeason => (int)(TimeSpan.TicksPerDay / Count),
        _ => null,
    };

    /// <summary>"month", "15 minutes".</summary>
    public override string ToString() => (Unit, Count) switch
    {
        (FrequencyUnit.Step, _) => "step",
        (FrequencyUnit.Month, _) when Count % 12 == 0 => Many(Count / 12, "year"),
        (FrequencyUnit.Month, 3) => "quarter",
        (FrequencyUnit.Month, _) => Many(Count, "month"),
        (FrequencyUnit.Day, _) when Count % 7 == 0 => Many(Count / 7, "week"),
        (FrequencyUnit.Day, _) => Many(Count, "day"),
        (FrequencyUnit.BusinessDay, _) => Many(Count, "business day"),
        (_, _) when Count % TimeSpan.TicksPerHour == 0 => Many(Count / TimeSpan.TicksPerHour, "hour"),
        (_, _) when Count % TimeSpan.TicksPerMinute == 0 => Many(Count / TimeSpan.TicksPerMinute, "minute"),
        (_, _) when Count % TimeSpan.TicksPerSecond == 0 => Many(Count / TimeSpan.TicksPerSecond, "second"),
        _ => $"{(double)Count / TimeSpan.TicksPerMillisecond:G6} milliseconds",
    };

    private static string Many(long count, string unit) => count == 1 ? unit : $"{count} {unit}s";
}
