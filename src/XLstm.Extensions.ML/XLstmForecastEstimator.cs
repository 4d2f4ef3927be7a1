using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using XLstm.Forecasting;

namespace XLstm.Extensions.ML;

/// <summary>Makes an <see cref="XLstmForecastTransformer"/>: at once with a model as it is, or after it has learned the series.</summary>
public sealed class XLstmForecastEstimator : IEstimator<XLstmForecastTransformer>
{
    private readonly IHostEnvironment _environment;
    private readonly ForecastSettings _settings;
    private readonly XLstmForecastOptions _options;

    internal XLstmForecastEstimator(IHostEnvironment environment, string output, string input, int horizon, XLstmForecastOptions options)
    {
        (_environment, _options) = (environment, options);
        _settings = new ForecastSettings(
            input, InOrder: false, output, options.ConfidenceLowerBoundColumn, options.ConfidenceUpperBoundColumn, options.QuantilesColumn, options.ConfidenceLevel, horizon, options.Season);
        _settings.Validate();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input column is missing or has no numbers, or there is nothing to learn from in it.</exception>
    /// <exception cref="NotSupportedException">The forecaster is TiRex, and is to learn: only those of this library are trained.</exception>
    /// <exception cref="OperationCanceledException"><see cref="XLstmForecastOptions.Cancellation"/> was, or the context.</exception>
    public XLstmForecastTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        DataViewSchema.Column column = ColumnReader.Find(input.Schema, _settings.Input);
        DataViewType item = column.Type is VectorDataViewType vector ? vector.ItemType : column.Type;
        if (!ColumnReader.IsReal(item))
            throw Unfit(column.Name, column.Type.ToString()!);
        ForecastSettings settings = _settings with { InOrder = column.Type is not VectorDataViewType };
        Forecaster forecaster = _options.Forecaster ?? Forecaster.Default;
        if (_options.FineTuning is { } learning)
            forecaster = Learn(forecaster, Series(input, column), learning with { Horizon = learning.Horizon ?? settings.Horizon, Season = learning.Season ?? settings.Season });
        return new XLstmForecastTransformer(_environment, settings, forecaster, _options.Threads);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input column is missing or has no numbers.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column column = ColumnReader.Find(inputSchema, _settings.Input);
        if (column.IsKey || !ColumnReader.IsReal(column.ItemType))
            throw Unfit(column.Name, ColumnReader.Describe(column));
        return MLInternals.With(inputSchema, _settings.Columns().Select(c => c.Column));
    }

    private static ArgumentException Unfit(string name, string found) => ColumnReader.Unfit(
        name, found, "Single or Double, one series in the order of the rows, or vectors of them, one series a row: mlContext.Transforms.Conversion.ConvertType makes them of other numbers");

    private Forecaster Learn(Forecaster forecaster, IReadOnlyList<double[]> series, ForecasterRunOptions options)
    {
        using var log = new FitLog(_environment, nameof(XLstmForecastEstimator));
        return forecaster.Fit(series, options, log.Stepped, _options.Threads, _options.Cancellation);
    }

    private List<double[]> Series(IDataView input, DataViewSchema.Column column)
    {
        using DataViewRowCursor cursor = input.GetRowCursor([column]);
        return column.Type is VectorDataViewType ? Read(cursor, ColumnReader.Numbers(cursor, column)) : [[.. Read(cursor, ColumnReader.Number(cursor, column))]];
    }

    private List<T> Read<T>(DataViewRowCursor cursor, Func<T> value)
    {
        var values = new List<T>();
        while (cursor.MoveNext())
        {
            _options.Cancellation.ThrowIfCancellationRequested();
            values.Add(value());
        }
        return values;
    }
}
