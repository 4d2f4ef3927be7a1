using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using XLstm.Forecasting;

namespace XLstm.Extensions.ML;

/// <summary>Adds a column with one vector for each series, one series a row (<see cref="Forecaster.Embed"/>): features for any trainer of ML.NET.</summary>
public sealed class XLstmEmbeddingTransformer : ITransformer
{
    private readonly IHostEnvironment _environment;
    private readonly EmbedSettings _settings;
    private readonly Forecaster _ready;

    internal XLstmEmbeddingTransformer(IHostEnvironment environment, EmbedSettings settings, Forecaster forecaster, int threads)
    {
        (_environment, _settings, Forecaster) = (environment, settings, forecaster);
        _ready = forecaster.With(new ForecastOptions(Threads: threads));
        Dimension = _ready.Embed([[0]])[0].Length;
    }

    /// <summary>The model.</summary>
    public Forecaster Forecaster { get; }

    /// <summary>Numbers of a vector.</summary>
    public int Dimension { get; }

    /// <summary>Yes: every row is a series of its own.</summary>
    public bool IsRowToRowMapper => true;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input column is missing, or does not have vectors of numbers.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => GetRowToRowMapper(inputSchema).OutputSchema;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input column is missing, or does not have vectors of numbers.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new MappedView(input, Map(input.Schema), inOrder: false);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input column is missing, or does not have vectors of numbers.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => Map(inputSchema);

    void ICanSaveModel.Save(ModelSaveContext ctx) => ModelStore.Save(ctx, _settings, Forecaster.Save);

    private EmbeddingMap Map(DataViewSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return new EmbeddingMap(this, schema, ColumnReader.FindVectors(schema, _settings.Input));
    }

    private sealed class EmbeddingMap(XLstmEmbeddingTransformer owner, DataViewSchema input, DataViewSchema.Column series)
        : RowMap(input, series, [new DataViewSchema.DetachedColumn(owner._settings.Output, new VectorDataViewType(NumberDataViewType.Single, owner.Dimension))])
    {
        public override RowValues Open(DataViewRow row) => new Values(owner, ColumnReader.Numbers(row, Reads));
    }

    private sealed class Values(XLstmEmbeddingTransformer owner, Func<double[]> series) : RowValues
    {
        public override Delegate Getter(int added) => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
        {
            MLInternals.CheckAlive(owner._environment);
            VBufferEditor<float> editor = VBufferEditor.Create(ref value, owner.Dimension);
            owner._ready.Embed([series()])[0].CopyTo(editor.Values);
            value = editor.Commit();
        });
    }
}
