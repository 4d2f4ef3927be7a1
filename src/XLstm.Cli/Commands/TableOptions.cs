using System.CommandLine;
using XLstm.Forecasting;

namespace XLstm.Cli.Commands;

/// <summary>The options that tell how a CSV file is to be read.</summary>
internal sealed class TableOptions
{
    private readonly Option<string[]> _columns = Many("--column", "Columns with values, by name or by number from 1; several with commas, too. [default: all columns of numbers]");
    private readonly Option<string?> _time = Options.Text("--time", "NAME", "The column of times.");
    private readonly Option<string[]> _ids = Many("--id", "Columns that tell series apart which stand below each other.");
    private readonly Option<RepeatedTimes?> _repeated = Options.Choice("--repeated", "What several rows of one time are; series are told apart by --id alone then. [default: a mistake]", RepeatedTimes.Sum, RepeatedTimes.Mean, RepeatedTimes.First, RepeatedTimes.Last);
    private readonly Option<DecimalMark?> _mark = Options.Choice<DecimalMark>("--decimal", "What decimals come after.");
    private readonly Option<DateOrder?> _dates = Options.Choice<DateOrder>("--dates", "What 03/04/2025 begins with.");
    private readonly Option<string?> _separator = Options.Text("--separator", "CHAR", "What stands between columns; \"tab\" for a tab.");

    private const string Input = "-";

    public static Argument<string?> FileArgument(string text) => new("FILE")
    {
        Arity = ArgumentArity.ZeroOrOne, Description = $"{text}; - for standard input. Without it: monthly air passengers 1949 to 1960, which come with xlstm.",
    };

    /// <summary>Where the sample is.</summary>
    public static string Sample { get; } = Path.Combine(AppContext.BaseDirectory, "sample-data", "air-passengers.csv");

    public IEnumerable<Option> All => [_columns, _time, _ids, _repeated, _mark, _dates, _separator];

    /// <summary>The series of a file, or of the sample.</summary>
    public SeriesTable Read(ParseResult parse, string? given, Streams streams)
    {
        (string file, string[] columns, string[] ids) = Names(parse, given);
        bool piped = file == Input;
        if (Directory.Exists(file))
            throw new CommandError($"{file}: expected a CSV file, found a directory.");
        if (!piped && !File.Exists(file))
            throw new CommandError($"{file}: there is no such file.");
        var options = new SeriesTableOptions
        {
            Columns = columns,
            Time = parse.GetValue(_time),
            Ids = ids,
            Repeated = parse.GetValue(_repeated) ?? RepeatedTimes.Refuse,
            Mark = parse.GetValue(_mark),
            Dates = parse.GetValue(_dates),
            Separator = Separator(parse.GetValue(_separator)),
        };
        if (!piped)
            return SeriesTable.Read(file, options);
        using Stream input = streams.OpenInput();
        return SeriesTable.Read(input, "standard input", options);
    }

    /// <summary>Tells what was found out, and what there is.</summary>
    public void Tell(ParseResult parse, string? given, SeriesTable table, Action<string> note)
    {
        if (Names(parse, given).File == Sample)
            note("without a file this is the sample: monthly air passengers, in thousands, 1949 to 1960.");
        foreach (TableNote found in table.Notes)
            note(found.Text + OptionOf(found.Option));
        TableSeries first = table.Series[0];
        string range = table.TimeName is null ? "" : $", {first.Time(0)} to {first.Time(first.Values.Length - 1)}";
        note(table.Series.Count == 1
            ? $"\"{first.Name}\": {Report.Count(first.Values.Length)} {(first.Values.Length == 1 ? "value" : "values")}, one per {table.Frequency}{range}"
            : $"{Report.Count(table.Series.Count)} series, one value per {table.Frequency}; the first: \"{first.Name}\", {Report.Count(first.Values.Length)} values{range}");
    }

    // An option of several names takes the file that follows it for one of them.
    private (string File, string[] Columns, string[] Ids) Names(ParseResult parse, string? file)
    {
        string[] columns = parse.GetValue(_columns) ?? [], ids = parse.GetValue(_ids) ?? [];
        if (file is null && columns.Length > 1 && File.Exists(columns[^1]))
            return (columns[^1], columns[..^1], ids);
        return file is null && ids.Length > 1 && File.Exists(ids[^1]) ? (ids[^1], columns, ids[..^1]) : (file ?? Sample, columns, ids);
    }

    private string OptionOf(string name) => name switch
    {
        nameof(SeriesTableOptions.Columns) => $" ({_columns.Name})",
        nameof(SeriesTableOptions.Time) => $" ({_time.Name})",
        nameof(SeriesTableOptions.Ids) => $" ({_ids.Name})",
        nameof(SeriesTableOptions.Repeated) => $" ({_repeated.Name})",
        nameof(SeriesTableOptions.Mark) => $" ({_mark.Name})",
        nameof(SeriesTableOptions.Dates) => $" ({_dates.Name})",
        _ => "",
    };

    private static char? Separator(string? given) => given switch
    {
        null => null,
        "tab" or "\\t" => '\t',
        [var c] when char.IsAscii(c) && !char.IsAsciiLetterOrDigit(c) && c is not ('"' or '\r' or '\n' or '\0') => c,
        _ => throw new UsageMistake($"--separator is {given}; expected one sign, such as ; or |, or the word tab."),
    };

    private static Option<string[]> Many(string name, string description) => new(name) { HelpName = "NAME", Description = description, AllowMultipleArgumentsPerToken = true };
}
