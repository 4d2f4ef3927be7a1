using System.CommandLine;
using XLstm.Forecasting;

namespace XLstm.Cli.Commands;

/// <summary>--horizon, and what it is where it is not given.</summary>
internal sealed class HorizonOption
{
    private const int Most = 100_000, LeastNormal = 6, MostNormal = 64;

    private readonly Option<int?> _horizon = Options.OptionalNumber("--horizon", "H", "Steps to forecast. [default: two seasons, or a tenth of a series without one, 6 to 64]", 1, Most);

    public Option Option => _horizon;

    public int Of(ParseResult parse, SeriesTable table, int? season)
    {
        int length = table.Series.Max(s => s.Values.Length);
        return parse.GetValue(_horizon) ?? (season > 1 && 4 * season <= length ? 2 * season.Value : Math.Clamp(length / 10, LeastNormal, MostNormal));
    }

    /// <summary>Tells it, where it was not given.</summary>
    public void Tell(ParseResult parse, int? season, int horizon, Action<string> note)
    {
        if (parse.GetValue(_horizon) is null)
            note($"horizon: {horizon}, {(horizon == 2 * season ? "two seasons" : horizon == MostNormal ? "as far as the model looks" : horizon == LeastNormal ? "for a short series" : "a tenth of the series")} ({_horizon.Name})");
    }
}
