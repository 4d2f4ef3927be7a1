using System.CommandLine;
using XLstm.Forecasting;

namespace XLstm.Cli.Commands;

/// <summary>The options that tell what forecasts.</summary>
internal sealed class ForecasterOptions
{
    private readonly Option<int?> _season = Options.OptionalNumber("--season", "M", "Steps after which the series repeats; 1 for none. [default: that of the frequency, 12 for months; else the model looks for it]", 1, 100_000);
    private readonly Option<string?> _model = Options.Text("--model", "PATH", "Another forecaster: what \"train-forecaster\" or \"finetune-forecaster\" wrote, or TiRex. [default: the model in the package]");
    private readonly Option<int> _threads = Options.Threads(0);

    private readonly Option<bool> _calibrate = Options.Flag("--calibrate", "Widen or narrow the quantiles as the past of the series tells that they should be.");

    public IEnumerable<Option> All => [_season, _model, _threads];

    /// <summary>Where quantiles are asked for.</summary>
    public Option Calibrate => _calibrate;

    /// <summary>What is given, or that of the frequency; null where it is to be looked for.</summary>
    public int? Season(ParseResult parse, SeriesTable table) => parse.GetValue(_season)
        // A season that no series has seen twice tells nothing.
        ?? (table.Frequency.Season is { } season && 2 * season <= table.Series.Max(s => s.Values.Length) ? season : null);

    public int Threads(ParseResult parse) => parse.GetValue(_threads);

    /// <summary>What errors are scaled by, and simple methods repeat: the season, or the one that is found in the first series if a back-test has room for it.</summary>
    public static int SeasonOfErrors(SeriesTable table, int? season, int horizon) =>
        season ?? (Forecaster.FindSeason(table.Series[0].Values) is var found && (2L * found) + horizon <= table.Series[0].Values.Length ? found : 1);

    public Forecaster Open(ParseResult parse, int? season)
    {
        string? path = parse.GetValue(_model);
        if (path is not null)
            RefuseLanguageModel(path);
        return (path is null ? Forecaster.Default : Forecaster.Load(path)).With(new ForecastOptions(season, Threads: Threads(parse)));
    }

    public bool IsCalibrated(ParseResult parse) => parse.GetValue(_calibrate);

    /// <summary>Tells the season, where it was not given, and where it cannot have been seen.</summary>
    public void Tell(ParseResult parse, SeriesTable table, int? season, Action<string> note)
    {
        if (parse.GetValue(_season) is { } given)
        {
            int longest = table.Series.Max(s => s.Values.Length);
            if (2L * given > longest)
                note($"season: {given} is more than half of {(table.Series.Count == 1 ? $"the {Report.Count(longest)} values" : $"the longest series, of {Report.Count(longest)} values")}: no season has been seen twice ({_season.Name})");
        }
        else if (season is not null)
        {
            note($"season: {season} ({_season.Name})");
        }
        else
        {
            int found = Forecaster.FindSeason(table.Series[0].Values);
            string what = found > 1 ? $"{found} steps" : "none";
            note(table.Series.Count == 1 ? $"season: {what}, found in the values ({_season.Name})" : $"season: looked for in each series; in \"{table.Series[0].Name}\" it is {what} ({_season.Name})");
        }
    }

    private static void RefuseLanguageModel(string path)
    {
        if (!Directory.Exists(path) || File.Exists(Path.Combine(path, ForecasterRun.WeightsFile)))
            return;
        try
        {
            if (ModelConfigReader.Read(path) is not ILanguageModelConfig)
                return;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException)
        {
            // What it is instead, the reader of forecasters tells.
            return;
        }
        throw new CommandError($"{path}: this is a language model, which \"generate\" runs; expected a forecaster. Without --model the one in the package forecasts.");
    }
}
