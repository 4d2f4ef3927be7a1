namespace XLstm.Forecasting;

/// <summary>A series with its last values held back.</summary>
/// <param name="Name">What the file calls it.</param>
/// <param name="History">What a forecaster sees, NaN where a value is missing.</param>
/// <param name="Future">What it has to forecast.</param>
public sealed record EvaluationSeries(string Name, double[] History, double[] Future);

/// <summary>Series to judge forecasters by.</summary>
public sealed class EvaluationSet
{
    /// <summary>A set of series already divided.</summary>
    /// <param name="name">What tables call it.</param>
    /// <param name="series">At least one; their futures are of one length, the horizon.</param>
    /// <param name="season">Values in a season, at least 1: scales the errors (<see cref="ForecastMetrics.Mase"/>).</param>
    /// <exception cref="ArgumentException">No series, no future, or futures of unequal lengths.</exception>
    public EvaluationSet(string name, IReadOnlyList<EvaluationSeries> series, int season)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(season, 1);
        if (series.Count == 0 || series[0].Future.Length == 0)
            throw new ArgumentException("There is nothing to forecast.", nameof(series));
        foreach (EvaluationSeries one in series)
            if (one.Future.Length != series[0].Future.Length)
                throw new ArgumentException($"'{one.Name}' has {one.Future.Length} values to forecast, expected {series[0].Future.Length} as in the others.", nameof(series));
        (Name, Series, Season) = (name, series, season);
    }

    /// <summary>What tables call it.</summary>
    public string Name { get; }

    /// <summary>The series.</summary>
    public IReadOnlyList<EvaluationSeries> Series { get; }

    /// <summary>Steps to forecast.</summary>
    public int Horizon => Series[0].Future.Length;

    /// <summary>Values in a season.</summary>
    public int Season { get; }

    /// <summary>Reads a pair of the M4 competition's CSV files: quoted or not, a line a series, its name and its values.</summary>
    /// <exception cref="InvalidDataException">A file is damaged, or the two do not hold the same series: says which line.</exception>
    public static EvaluationSet ReadM4(string name, string trainPath, string testPath, int season) => M4Files.Read(name, trainPath, testPath, season);

    /// <summary>
    /// Holds back the last values of every series: the last <paramref name="horizon"/>, and with more windows the values
    /// before those as series of their own, window w of k seeing all but the last (k - w) horizon values, w from 0.
    /// </summary>
    /// <exception cref="ArgumentException">A series would have no history.</exception>
    public static EvaluationSet Split(string name, IEnumerable<(string Name, double[] Values)> series, int horizon, int season, int windows = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(horizon, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(windows, 1);
        var split = new List<EvaluationSeries>();
        foreach ((string one, double[] values) in series)
        {
            if (values.Length <= (long)horizon * windows)
                throw new ArgumentException($"'{EvaluationFiles.Short(one)}' has {values.Length} values: no history before the last {(long)horizon * windows}.", nameof(series));
            for (int w = windows; w > 0; w--)
                split.Add(new EvaluationSeries(one, values[..^(w * horizon)], values[^(w * horizon)..][..horizon]));
        }
        return new EvaluationSet(name, split, season);
    }
}
