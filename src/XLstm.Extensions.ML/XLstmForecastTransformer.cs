using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using XLstm.Forecasting;

namespace XLstm.Extensions.ML;

/// <summary>
/// Adds forecasts as columns. Where the input column has vectors, every row is a series of its own. Where it has numbers, they are one series in
/// the order of the rows, and the forecast of a row is that of the steps after it, from all rows up to it. Values are missing where they are NaN. What nobody asks for is not computed.
/// </summary>
public sealed class XLstmForecastTransformer : ITransformer
{
    private readonly IHostEnvironment _environment;
    private readonly ForecastSettings _settings;
    private readonly Forecaster _ready;

    internal XLstmForecastTransformer(IHostEnvironment environment, ForecastSettings settings, Forecaster forecaster, int threads)
    {
        (_environment, _settings, Forecaster) = (environment, settings, forecaster);
        _ready = forecaster.With(new ForecastOptions(settings.Season, Threads: threads));
    }

    /// <summary>The model.</summary>
    public Forecaster Forecaster { get; }

    /// <summary>Whether every row is a series of its own, so that <c>CreatePredictionEngine</c> can take one row alone.</summary>
    public bool IsRowToRowMapper => !_settings.InOrder;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input column is missing or of another type than the one that was fitted to.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => Map(inputSchema).OutputSchema;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input column is missing or of another type than the one that was fitted to.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new MappedView(input, Map(input.Schema), _settings.InOrder);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">A row is no series of its own.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => IsRowToRowMapper
        ? Map(inputSchema)
        : throw new InvalidOperationException($"The column {_settings.Input} is one series in the order of the rows: a row alone has no forecast. Use Transform.");

    void ICanSaveModel.Save(ModelSaveContext ctx) => ModelStore.Save(ctx, _settings, Forecaster.Save);

    private Forecast Forecast(double[] series)
    {
        MLInternals.CheckAlive(_environment);
        return _ready.Forecast([series], _settings.Horizon)[0];
    }

    private ForecastMap Map(DataViewSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        DataViewSchema.Column column = ColumnReader.Find(schema, _settings.Input);
        bool fits = _settings.InOrder ? ColumnReader.IsReal(column.Type) : column.Type is VectorDataViewType vector && ColumnReader.IsReal(vector.ItemType);
        return fits ? new ForecastMap(this, schema, column) : throw ColumnReader.Unfit(
            column.Name, column.Type.ToString()!, _settings.InOrder ? "Single or Double, one series in the order of the rows, as it was fitted" : "vectors of Single or Double, one series a row, as it was fitted");
    }

    private sealed class ForecastMap(XLstmForecastTransformer owner, DataViewSchema input, DataViewSchema.Column series)
        : RowMap(input, series, [.. owner._settings.Columns().Select(c => c.Column)])
    {
        public override RowValues Open(DataViewRow row) => new Values(owner, row, Reads);
    }

    private sealed class Values : RowValues
    {
        private readonly IReadOnlyList<(DataViewSchema.DetachedColumn Column, Action<Forecast, Span<float>> Write)> _columns;
        private readonly List<double> _history = [];
        private readonly Func<double>? _next;
        private readonly PerRow<Forecast> _forecast;

        public Values(XLstmForecastTransformer owner, DataViewRow row, DataViewSchema.Column column)
        {
            _columns = owner._settings.Columns();
            _next = owner._settings.InOrder ? ColumnReader.Number(row, column) : null;
            Func<double[]> series = _next is null ? ColumnReader.Numbers(row, column) : _history.ToArray;
            _forecast = new PerRow<Forecast>(row, () => owner.Forecast(series()));
        }

        public override void Moved()
        {
            if (_next is not null)
                _history.Add(_next());
        }

        public override Delegate Getter(int added)
        {
            (DataViewSchema.DetachedColumn column, Action<Forecast, Span<float>> write) = _columns[added];
            int size = ((VectorDataViewType)column.Type).Size;
            return (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
            {
                VBufferEditor<float> editor = VBufferEditor.Create(ref value, size);
                write(_forecast.Value, editor.Values);
                value = editor.Commit();
            });
        }
    }
}
