using System.CommandLine;
using XLstm.Forecasting;

namespace XLstm.Cli.Commands;

/// <summary>The options that tell what forecasts.</summary>
internal sealed class ForecasterOptions
{
    private readonly Option<int?> _season = Options.OptionalNumber("--season", "M", "Steps after which the series repeats; 1 for none. [default: that of the frequency, 12 for months; else the model looks for it]", 1, 100_000);
    private readonly Option<string?> _model = Options.Text("--model", "PATH", "Another forecaster: what \"train-forecaster\" or \"finetune-forecaster\" wrote, or TiRex. [default: the model in the package]");
    private readonly Option<int> _threads = Options.Threads(0);

    public IEnumerable<Option> All => [_season, _model, _threads];

    /// <summary>What is given, or that of the frequency; null where it is to be looked for.</summary>
    public int? Season(ParseResult parse, SeriesTable table) => parse.GetValue(_season)
        // A season that no series has seen twice tells nothing.
        ?? (table.Frequency.Season is { } season && 2 * season <= table.Series.Max(s => s.Values.Length) ? season : null);

    public int Threads(ParseResult parse) => parse.GetValue(_threads);

    public Forecaster Open(ParseResult parse, int? season) =>
        (parse.GetValue(_model) is { } path ? Forecaster.Load(path) : Forecaster.Default).With(new ForecastOptions(season, Threads: Threads(parse)));

    /// <summary>Tells the season, where it was not given.</summary>
    public void Tell(ParseResult parse, int? season, Action<string> note)
    {
        if (parse.GetValue(_season) is null)
            note(season is null ? "season: the model looks for it (--season)" : $"season: {season} (--season)");
    }
}
