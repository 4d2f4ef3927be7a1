using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using XLstm.Forecasting;

namespace XLstm.Extensions.ML;

/// <summary>What a forecasting transformer does with its model.</summary>
/// <param name="Input">Column that is read.</param>
/// <param name="InOrder">Whether that is one series in the order of the rows, not one series a row.</param>
/// <param name="Output">Column of the medians.</param>
/// <param name="Lower">Column of lower bounds, or null.</param>
/// <param name="Upper">Column of upper bounds, or null.</param>
/// <param name="Quantiles">Column of all quantiles, or null.</param>
/// <param name="Level">Of the interval.</param>
/// <param name="Horizon">Steps.</param>
/// <param name="Season">As for <see cref="ForecastOptions"/>.</param>
internal sealed record ForecastSettings(
    string Input, bool InOrder, string Output, string? Lower, string? Upper, string? Quantiles, double Level, int Horizon, int? Season) : StoredSettings
{
    public override ITransformer Load(IHostEnvironment environment, string weights)
    {
        try
        {
            Validate();
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"The settings of the model are damaged: {e.Message}", e);
        }
        return new XLstmForecastTransformer(environment, this, Forecaster.Load(weights), threads: 0);
    }

    public void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Input, "inputColumnName");
        ArgumentException.ThrowIfNullOrEmpty(Output, "outputColumnName");
        ArgumentOutOfRangeException.ThrowIfLessThan(Horizon, 1, "horizon");
        ArgumentOutOfRangeException.ThrowIfLessThan(Season ?? 1, 1, nameof(XLstmForecastOptions.Season));
        if (!(Level > 0 && Level < 1))
            throw new ArgumentOutOfRangeException(nameof(XLstmForecastOptions.ConfidenceLevel), Level, $"The confidence level is {Level}, expected more than 0 and less than 1.");
        string[] names = [.. new[] { Output, Lower, Upper, Quantiles }.OfType<string>()];
        if (names.Any(name => name.Length == 0) || names.Distinct(StringComparer.Ordinal).Count() < names.Length)
            throw new ArgumentException($"The output columns are \"{string.Join("\", \"", names)}\"; expected different names.");
    }

    /// <summary>The columns that are added, and the values of each in a forecast.</summary>
    public IReadOnlyList<(DataViewSchema.DetachedColumn Column, Action<Forecast, Span<float>> Write)> Columns()
    {
        var columns = new List<(DataViewSchema.DetachedColumn, Action<Forecast, Span<float>>)>
        {
            (Column(Output, Horizon), (forecast, to) => Copy(forecast.Median, to)),
        };
        if (Lower is not null)
            columns.Add((Column(Lower, Horizon), (forecast, to) => Copy(Quantile(forecast, 0.5 - (Level / 2)), to)));
        if (Upper is not null)
            columns.Add((Column(Upper, Horizon), (forecast, to) => Copy(Quantile(forecast, 0.5 + (Level / 2)), to)));
        if (Quantiles is not null)
            columns.Add((Column(Quantiles, Forecast.StandardLevels.Count, Horizon), (forecast, to) =>
            {
                for (int level = 0; level < Forecast.StandardLevels.Count; level++)
                    Copy(forecast[level], to.Slice(level * Horizon, Horizon));
            }));
        return columns;
    }

    private static DataViewSchema.DetachedColumn Column(string name, params int[] dimensions) => new(name, new VectorDataViewType(NumberDataViewType.Single, dimensions));

    // 0.5 - 0.8 / 2 is not 0.1: what is as near as that is one of the levels themselves.
    private static ReadOnlySpan<double> Quantile(Forecast forecast, double level)
    {
        int standard = (int)Math.Round(level * 10) - 1;
        return standard >= 0 && standard < Forecast.StandardLevels.Count && Math.Abs(Forecast.StandardLevels[standard] - level) < 1e-6
            ? forecast[standard]
            : forecast.Quantile(level);
    }

    private static void Copy(ReadOnlySpan<double> from, Span<float> to)
    {
        for (int i = 0; i < from.Length; i++)
            to[i] = (float)from[i];
    }
}
