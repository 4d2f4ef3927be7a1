namespace XLstm.Forecasting;

/// <summary>What becomes of several rows of one series and time.</summary>
public enum RepeatedTimes
{
    /// <summary>They are a mistake, told with its line.</summary>
    Refuse,

    /// <summary>The sum of their values, as of sales.</summary>
    Sum,

    /// <summary>Their mean, as of measurements.</summary>
    Mean,

    /// <summary>The first value in the file.</summary>
    First,

    /// <summary>The last value in the file, as of corrections.</summary>
    Last,
}

/// <summary>What a file does not say by itself, or says wrongly. All of it is found out where it is not given.</summary>
public sealed record SeriesTableOptions
{
    /// <summary>Names of the columns with values, or their numbers from 1; empty for all columns of numbers.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>The column of times.</summary>
    public string? Time { get; init; }

    /// <summary>Columns that say which series a row belongs to, where several stand below each other.</summary>
    public IReadOnlyList<string> Ids { get; init; } = [];

    /// <summary>What stands between two cells, an ASCII character.</summary>
    public char? Separator { get; init; }

    /// <summary>Point or comma.</summary>
    public DecimalMark? Mark { get; init; }

    /// <summary>
    /// What becomes of several rows of one time: of what is missing in some of them nothing counts. Where it is not <see cref="RepeatedTimes.Refuse"/>, series are told apart
    /// by <see cref="Ids"/> alone.
    /// </summary>
    public RepeatedTimes Repeated { get; init; }

    /// <summary>For dates such as 03/04/2025.</summary>
    public DateOrder? Dates { get; init; }
}

/// <summary>Something that was found out about a file.</summary>
/// <param name="Option">The property of <see cref="SeriesTableOptions"/> that decides it otherwise; empty if none does.</param>
/// <param name="Text">What was found.</param>
public sealed record TableNote(string Option, string Text);

/// <summary>A series of a <see cref="SeriesTable"/>.</summary>
public sealed class TableSeries
{
    private readonly TimeGrid? _grid;
    private readonly TimeText? _text;
    private readonly long[] _times;

    internal TableSeries(string name, double[] values, TimeGrid? grid, TimeText? text, long[] times) => (Name, Values, _grid, _text, _times) = (name, values, grid, text, times);

    /// <summary>The name of its column, or the text in the columns that tell series apart.</summary>
    public string Name { get; }

    /// <summary>In order of time, one every step up to the last that is there; NaN where one is missing.</summary>
    public double[] Values { get; }

    /// <summary>The times of the values, written as in the file or as ISO 8601; 1, 2, 3 where there are none.</summary>
    public IReadOnlyList<string> Times => [.. Enumerable.Range(0, Values.Length).Select(Time)];

    /// <summary>The times of the steps after the last value. Where times are irregular: +1, +2, +3.</summary>
    public IReadOnlyList<string> NextTimes(int steps) => [.. Enumerable.Range(Values.Length, steps).Select(Time)];

    /// <summary>The time of one step, from 0 for the first value; those after the last value go on.</summary>
    public string Time(int place)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(place);
        if (_text is null)
            return Number(place + 1);
        if (_grid is null)
            return place < _times.Length ? _text.Write(_times[place]) : "+" + Number(place + 1 - _times.Length);
        return _grid.At(place) is { } time ? _text.Write(time, _grid.Frequency.Unit == FrequencyUnit.Tick) : "+" + Number(place + 1 - Values.Length);
    }

    private static string Number(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>
/// Series from a CSV file as it comes: commas, semicolons or tabs; with a header or without; decimal points or commas, groups
/// of thousands, gaps (empty, NA, NaN, null, -, ?); one column a series, or series below each other with a column that tells them apart;
/// dates in the usual ways. Rows are put in order of time, and steps that are not there become missing values.
/// </summary>
public sealed class SeriesTable
{
    internal SeriesTable(IReadOnlyList<TableSeries> series, Frequency frequency, string? timeName, IReadOnlyList<TableNote> notes) =>
        (Series, Frequency, TimeName, Notes) = (series, frequency, timeName, notes);

    /// <summary>At least one.</summary>
    public IReadOnlyList<TableSeries> Series { get; }

    /// <summary>Of most of the series.</summary>
    public Frequency Frequency { get; }

    /// <summary>The column of times; null if there is none.</summary>
    public string? TimeName { get; }

    /// <summary>What was found out, in the order of finding.</summary>
    public IReadOnlyList<TableNote> Notes { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">It is no table, or something in it is no number or time, or it is larger than 1 GiB or 100 million cells; says which line.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SeriesTable Read(string path, SeriesTableOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path, options);
    }

    /// <summary>Reads what a file would have.</summary>
    /// <param name="stream">At its start; stays open.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="options">What is known already.</param>
    /// <exception cref="InvalidDataException">As in <see cref="Read(string, SeriesTableOptions?)"/>.</exception>
    public static SeriesTable Read(Stream stream, string name, SeriesTableOptions? options = null) =>
        new SeriesReading(CsvTable.Read(stream, name, options?.Separator, SeriesReading.MayBeData), options ?? new SeriesTableOptions()).Read();
}
