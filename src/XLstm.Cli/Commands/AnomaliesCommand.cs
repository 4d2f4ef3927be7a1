using System.CommandLine;
using XLstm.Cli.Forecasts;
using XLstm.Cli.Plotting;
using XLstm.Cli.Runs;
using XLstm.Forecasting;

namespace XLstm.Cli.Commands;

/// <summary>xlstm anomalies: values of a CSV file that were not to be expected.</summary>
internal sealed class AnomaliesCommand : DocumentedCommand
{
    private const int ChartHeight = 14;

    private static readonly AnomalyOptions s_defaults = new();

    private readonly Argument<string?> _file = TableOptions.FileArgument("A CSV file, read as by \"forecast\"");
    private readonly Option<int?> _last = Commands.Options.OptionalNumber("--last", "N", "Judge the last N values of each series. [default: all that have enough before them]", 1, int.MaxValue);
    private readonly Option<double> _rate = Commands.Options.Number("--rate", "R", "Share of the values that may be flagged though nothing is wrong.", s_defaults.Rate, double.Epsilon, 0.5);
    private readonly Option<int> _ahead = Commands.Options.Number("--ahead", "H", "Steps ahead from which a value is forecast.", s_defaults.Horizon, 1, 10_000);
    private readonly Option<string?> _output = Commands.Options.Text("--output", "FILE", "Write every judged value to a .csv or .json file.");
    private readonly Option<string?> _plot = Commands.Options.Text("--plot", "FILE", "Draw the series of the chart to an .svg or .png file.");
    private readonly TableOptions _table = new();
    private readonly ForecasterOptions _forecaster = new();

    public AnomaliesCommand(Streams streams, CancellationToken cancellation)
        : base("anomalies", "Find values of a CSV file that are not as those before them let expect.", streams, cancellation)
    {
        Add(_file);
        Option[] options = [_last, _rate, _ahead, .. _table.All, .. _forecaster.All, _output, _plot];
        foreach (Option option in options)
            Add(option);
    }

    public override string Examples =>
        """
          xlstm anomalies                                   the sample: unusual months of air passengers
          xlstm anomalies load.csv --last 168               the last week of hourly values
          xlstm anomalies load.csv --rate 0.001 --output judged.csv --plot judged.png
        """;

    public override string Notes =>
        """
          Every value is forecast from those before it, of which there have to be 16. Its score is its distance from
          the median, in standard deviations of the forecast. A value is flagged if no more than the share R of the
          scores before it is as large; while there are fewer than 1/R of them, a normal distribution decides.
        """;

    protected override int Execute(ParseResult parse)
    {
        string? output = parse.GetValue(_output), plot = parse.GetValue(_plot);
        OutputFile.Check("--output", output, ".csv", ".json");
        OutputFile.Check("--plot", plot, ".svg", ".png");
        OutputFile.CheckApart("--output", output, parse.GetValue(_file));
        SeriesTable table = _table.Read(parse, parse.GetValue(_file), Streams);
        int ahead = parse.GetValue(_ahead), needed = s_defaults.MinHistory + ahead;
        if (table.Series.All(s => s.Values.Count(double.IsFinite) < needed))
            throw new CommandError($"\"anomalies\" needs a series of {needed} values: {s_defaults.MinHistory} to forecast from, and {(ahead == 1 ? "one" : Report.Count(ahead))} after them.");
        int? season = _forecaster.Season(parse, table), last = parse.GetValue(_last);
        var detector = new AnomalyDetector(_forecaster.Open(parse, season), s_defaults with { Rate = parse.GetValue(_rate), Horizon = ahead });
        _table.Tell(parse, parse.GetValue(_file), table, Note);
        _forecaster.Tell(parse, table, season, Note);
        using var progress = new WorkProgress(Streams, "anomalies (--last N judges fewer values)");
        IReadOnlyList<JudgedValue>[] judged = [.. table.Series.Select((s, i) => detector.Detect(s.Values, last, progress.Part(i, table.Series.Count), Cancellation))];
        progress.Dispose();

        // The first in which something was found.
        int charted = Math.Max(0, Array.FindIndex(judged, values => values.Any(v => v.IsAnomaly)));
        if (judged[charted].Count > 0)
            foreach (string line in TerminalPlot.Draw(AnomalyChart.Picture(table.Series[charted], judged[charted]), Streams.Width, ChartHeight, braille: Streams.OutIsTerminal))
                Streams.Out.WriteLine(line);
        new AnomalyTable(Streams.Out, s_defaults.Coverage).Write(table, judged);
        if (output is not null)
            AnomalyFile.Write(output, table, judged);
        if (plot is not null && judged[charted].Count > 0)
            AnomalyPlot.Save(table.Series[charted], judged[charted], s_defaults.Coverage, plot);
        if (plot is not null && table.Series.Count > 1)
            Note($"{plot} has \"{table.Series[charted].Name}\", one of {table.Series.Count} series; --column chooses another.");
        return ExitCode.Success;
    }
}
