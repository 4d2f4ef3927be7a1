using System.CommandLine;
using XLstm.Cli.Forecasts;
using XLstm.Cli.Runs;
using XLstm.Forecasting;

namespace XLstm.Cli.Commands;

/// <summary>xlstm backtest: how forecasts of a CSV file would have come true.</summary>
internal sealed class BacktestCommand : DocumentedCommand
{
    private const int NormalWindows = 5;

    private readonly Argument<string?> _file = TableOptions.FileArgument("A CSV file, read as by \"forecast\"");
    private readonly HorizonOption _horizon = new();
    private readonly Option<int?> _windows = Commands.Options.OptionalNumber("--windows", "N", $"Windows to hold back and forecast, one before the other. [default: {NormalWindows}, or as many as fit]", 1, 10_000);
    private readonly Option<int?> _stride = Commands.Options.OptionalNumber("--stride", "S", "Steps from one window to the next. [default: the horizon, so that windows do not overlap]", 1, 1_000_000);
    private readonly Option<string?> _output = Commands.Options.Text("--output", "FILE", "Write every forecast beside what came to a .csv or .json file.");
    private readonly TableOptions _table = new();
    private readonly ForecasterOptions _forecaster = new();

    public BacktestCommand(Streams streams, CancellationToken cancellation)
        : base("backtest", "Forecast the past of a CSV file, beside simple methods, and measure.", streams, cancellation)
    {
        Add(_file);
        Option[] options = [_horizon.Option, _windows, _stride, .. _table.All, .. _forecaster.All, _forecaster.Calibrate, _output];
        foreach (Option option in options)
            Add(option);
    }

    public override string Examples =>
        """
          xlstm backtest                                    the sample: five times two years of air passengers
          xlstm backtest sales.csv --horizon 12 --windows 8
          xlstm backtest load.csv --horizon 24 --stride 6 --windows 20 --output backtest.csv
        """;

    public override string Notes =>
        """
          Each window is forecast from the values before it, of which there have to be two seasons, or 5. Beside the
          model: naive (the last value), seasonal naive (the last season), Theta and exponential smoothing (ETS).
          MASE: mean error, in units of the mean change from season to season. sMAPE: in percent. WQL: error of nine
          quantiles, as a share of the values. OWA: as in the M4 competition, 1 is naive with a season.
          With --calibrate the model is there a second time: for each window its quantiles are brought to hold what
          they say on what came before that window.
        """;

    protected override int Execute(ParseResult parse)
    {
        string? output = parse.GetValue(_output), file = parse.GetValue(_file);
        OutputFile.Check("--output", output, ".csv", ".json");
        OutputFile.CheckApart("--output", output, file);
        SeriesTable table = _table.Read(parse, file, Streams);
        int? season = _forecaster.Season(parse, table), wanted = parse.GetValue(_windows);
        int horizon = _horizon.Of(parse, table, season);
        var comparison = new Comparison(table, new BacktestOptions(horizon, wanted ?? NormalWindows, parse.GetValue(_stride), ForecasterOptions.SeasonOfErrors(table, season, horizon)));
        Forecaster forecaster = _forecaster.Open(parse, season);
        _table.Tell(parse, file, table, Note);
        _forecaster.Tell(parse, table, season, Note);
        _horizon.Tell(parse, season, horizon, Note);
        if (comparison.Test.WindowCount < (wanted ?? NormalWindows))
            Note($"windows: {comparison.Test.WindowCount}, as many as fit{(wanted is null ? " (--windows)" : $" of the {wanted} of --windows")}; a smaller --horizon or --stride makes room for more");
        comparison.Tell(Note);
        using var progress = new WorkProgress(Streams, "back-test");
        IReadOnlyList<BacktestResult> results = comparison.Run(forecaster, _forecaster.IsCalibrated(parse), progress, Note, Cancellation);
        progress.Dispose();
        new BacktestTable(Streams.Out).Write(comparison, results, comparison.Naive2(Cancellation));
        if (output is not null)
            BacktestFile.Write(output, table, comparison, results);
        return ExitCode.Success;
    }
}
