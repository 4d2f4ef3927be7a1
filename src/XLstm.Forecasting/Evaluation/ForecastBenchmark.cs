namespace XLstm.Forecasting;

/// <summary>A named set of a published benchmark: which file, how far ahead, how scaled.</summary>
/// <param name="Name">As published.</param>
/// <param name="File">The name of the Monash archive's file.</param>
/// <param name="Horizon">Steps held back at the end of every series.</param>
/// <param name="Season">Values in a season.</param>
/// <param name="Windows">How many times (<see cref="EvaluationSet.Split"/>).</param>
public sealed record ForecastBenchmark(string Name, string File, int Horizon, int Season, int Windows = 1)
{
    /// <summary>
    /// The Chronos zero-shot protocol (one window, the last values; seasons of 12, 4 and 1 for months, quarters and years, 7 for
    /// days, 1 for weeks: Ansari and others 2024) on its sets that are a Monash file; M4 weekly and hourly as in the competition;
    /// US births as in GIFT-Eval (20 windows of 30 days, which counts no season for days).
    /// </summary>
    public static IReadOnlyList<ForecastBenchmark> All { get; } =
    [
        new("m1_yearly", "m1_yearly_dataset.tsf", 6, 1),
        new("m1_quarterly", "m1_quarterly_dataset.tsf", 8, 4),
        new("m1_monthly", "m1_monthly_dataset.tsf", 18, 12),
        new("tourism_yearly", "tourism_yearly_dataset.tsf", 4, 1),
        new("tourism_quarterly", "tourism_quarterly_dataset.tsf", 8, 4),
        new("tourism_monthly", "tourism_monthly_dataset.tsf", 24, 12),
        new("m3_yearly", "m3_yearly_dataset.tsf", 6, 1),
        new("m3_quarterly", "m3_quarterly_dataset.tsf", 8, 4),
        new("m3_monthly", "m3_monthly_dataset.tsf", 18, 12),
        new("m4_yearly", "m4_yearly_dataset.tsf", 6, 1),
        new("m4_quarterly", "m4_quarterly_dataset.tsf", 8, 4),
        new("m4_weekly", "m4_weekly_dataset.tsf", 13, 1),
        new("m4_hourly", "m4_hourly_dataset.tsf", 48, 24),
        new("hospital", "hospital_dataset.tsf", 12, 12),
        new("fred_md", "fred_md_dataset.tsf", 12, 12),
        new("nn5_weekly", "nn5_weekly_dataset.tsf", 8, 1),
        new("covid_deaths", "covid_deaths_dataset.tsf", 30, 7),
        new("us_births_daily", "us_births_dataset.tsf", 30, 1, Windows: 20),
    ];

    /// <summary>The set, its file looked for in a folder and the folders below.</summary>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public EvaluationSet Load(string folder)
    {
        string path = Directory.EnumerateFiles(folder, File, SearchOption.AllDirectories).Min(StringComparer.Ordinal)
            ?? throw new FileNotFoundException($"There is no {File} in {folder}: {Name} is a set of the Monash Time Series Forecasting Archive.", File);
        return EvaluationSet.Split(Name, TsfFile.Read(path).Series, Horizon, Season, Windows);
    }
}
