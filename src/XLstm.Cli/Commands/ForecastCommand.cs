using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using XLstm.Cli.Forecasts;
using XLstm.Cli.Plotting;
using XLstm.Cli.Runs;
using XLstm.Forecasting;

namespace XLstm.Cli.Commands;

/// <summary>xlstm forecast: what comes after the series of a CSV file.</summary>
internal sealed class ForecastCommand : DocumentedCommand
{
    private const int ChartHeight = 14;

    private readonly Argument<string?> _file = TableOptions.FileArgument("A CSV file; see below");
    private readonly HorizonOption _horizon = new();
    private readonly Option<double[]?> _quantiles = new("--quantiles") { HelpName = "Q,Q,...", Description = "Levels between 0 and 1 for the chart, the table and the output. [default: 0.1,0.5,0.9 and 0.1,0.2,...,0.9]", CustomParser = Levels };
    private readonly Option<string?> _output = Commands.Options.Text("--output", "FILE", "Write all of it to a .csv or .json file.");
    private readonly Option<string?> _plot = Commands.Options.Text("--plot", "FILE", "Draw the first series to an .svg or .png file.");
    private readonly Option<bool> _compare = Commands.Options.Flag("--compare", "Hold back the end of the series, and measure this and other forecasts against it; \"backtest\" does it several times.");
    private readonly TableOptions _table = new();
    private readonly ForecasterOptions _forecaster = new();

    public ForecastCommand(Streams streams, CancellationToken cancellation)
        : base("forecast", "Forecast the series of a CSV file, with quantiles.", streams, cancellation)
    {
        Add(_file);
        Option[] options = [_horizon.Option, .. _table.All, .. _forecaster.All, _quantiles, _forecaster.Calibrate, _output, _plot, _compare];
        foreach (Option option in options)
            Add(option);
    }

    public override string Examples =>
        """
          xlstm forecast                                    the sample: two more years of air passengers
          xlstm forecast sales.csv --horizon 24             a chart and a table of the next 24 steps
          xlstm forecast sales.csv --output next.json --plot next.svg
          xlstm forecast load.csv --column load --season 168 --compare
          sort -u load.csv | xlstm forecast - --calibrate   a table from standard input
        """;

    public override string Notes =>
        """
          The file may have commas, semicolons or tabs, a header or none, decimal commas, gaps (empty, NA, -, ?),
          dates in the usual ways, one column per series, or series below each other with a column that tells
          them apart. What was found out is told on standard error, with the option that decides it otherwise.
          JSON: {"series": [{"name", "time": [...], "median": [...], "quantiles": {"0.1": [...], ...}}]}
        """;

    protected override int Execute(ParseResult parse)
    {
        string? output = parse.GetValue(_output), plot = parse.GetValue(_plot);
        OutputFile.Check("--output", output, ".csv", ".json");
        OutputFile.Check("--plot", plot, ".svg", ".png");
        OutputFile.CheckApart("--output", output, parse.GetValue(_file));
        SeriesTable table = _table.Read(parse, parse.GetValue(_file), Streams);
        int? season = _forecaster.Season(parse, table);
        int horizon = _horizon.Of(parse, table, season);
        Comparison? comparison = parse.GetValue(_compare) ? new Comparison(table, new BacktestOptions(horizon, Windows: 1, Season: ForecasterOptions.SeasonOfErrors(table, season, horizon))) : null;
        Forecaster forecaster = _forecaster.Open(parse, season);
        _table.Tell(parse, parse.GetValue(_file), table, Note);
        _forecaster.Tell(parse, table, season, Note);
        _horizon.Tell(parse, season, horizon, Note);
        double[][] values = [.. table.Series.Select(s => s.Values)];
        bool calibrate = _forecaster.IsCalibrated(parse);
        IReadOnlyList<Forecast> forecasts = (calibrate ? Calibrated(forecaster, values, horizon) : (IForecaster)forecaster).Forecast(values, horizon, Cancellation);
        Warn(table, forecasts);

        double[]? levels = parse.GetValue(_quantiles) is { Length: > 0 } chosen ? chosen : null;
        var chart = FanChart.Of(table.Series[0], forecasts[0], levels ?? [.. Forecast.StandardLevels]);
        foreach (string line in TerminalPlot.Draw(chart.Picture(), Streams.Width, ChartHeight, braille: Streams.OutIsTerminal))
            Streams.Out.WriteLine(line);
        new ForecastTable(Streams.Out, levels, output).Write(table, forecasts);
        if (comparison is not null)
            Compare(comparison, forecaster, calibrate);
        if (output is not null)
            ForecastFile.Write(output, table, forecasts, levels ?? [.. Forecast.StandardLevels]);
        if (plot is not null)
            FanPlot.Save(chart, plot);
        if (plot is not null && table.Series.Count > 1)
            Note($"{plot} has \"{chart.Name}\", the first of {table.Series.Count} series; --column chooses another.");
        return ExitCode.Success;
    }

    private CalibratedForecaster Calibrated(Forecaster forecaster, double[][] values, int horizon)
    {
        using var progress = new WorkProgress(Streams, "calibration");
        CalibratedForecaster calibrated = CalibratedForecaster.Calibrate(forecaster, values, horizon, progress: progress, cancellation: Cancellation);
        progress.Dispose();
        if (calibrated.WindowCount > 0)
            Note($"calibrated on {Report.Count(calibrated.WindowCount)} {(calibrated.WindowCount == 1 ? "window" : "windows")} of the past of the series (--calibrate)");
        foreach (string warning in calibrated.Warnings)
            Note(warning);
        return calibrated;
    }

    private void Compare(Comparison comparison, Forecaster forecaster, bool calibrate)
    {
        comparison.Tell(Note);
        using var progress = new WorkProgress(Streams, "back-test");
        IReadOnlyList<BacktestResult> results = comparison.Run(forecaster, calibrate, progress, Note, Cancellation);
        progress.Dispose();
        new BacktestTable(Streams.Out).Write(comparison, results, comparison.Naive2(Cancellation));
    }

    private void Warn(SeriesTable table, IReadOnlyList<Forecast> forecasts)
    {
        foreach (var warning in forecasts.SelectMany((f, i) => f.Warnings.Select(text => (Text: text, table.Series[i].Name))).GroupBy(w => w.Text, StringComparer.Ordinal))
        {
            string[] names = [.. warning.Select(w => w.Name)];
            Note(table.Series.Count == 1 ? warning.Key : names.Length == 1 ? $"\"{names[0]}\": {warning.Key}" : $"{names.Length} series, \"{names[0]}\" is the first: {warning.Key}");
        }
    }

    private static double[]? Levels(ArgumentResult text)
    {
        string given = text.Tokens[0].Value;
        var levels = new SortedSet<double>();
        foreach (string part in given.Split(',', StringSplitOptions.TrimEntries))
        {
            if (double.TryParse(part, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double level) && level > 0 && level < 1)
            {
                levels.Add(level);
                continue;
            }
            text.AddError($"--quantiles is {given}; expected numbers between 0 and 1 with commas between them, such as 0.05,0.5,0.95.");
            return null;
        }
        return [.. levels];
    }
}
