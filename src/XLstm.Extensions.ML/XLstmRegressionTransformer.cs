using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using XLstm.Classification;

namespace XLstm.Extensions.ML;

/// <summary>Adds the number that a regressor tells of each series.</summary>
public sealed class XLstmRegressionTransformer : ITransformer
{
    private readonly IHostEnvironment _environment;
    private readonly RegressionSettings _settings;
    private readonly int _threads;

    internal XLstmRegressionTransformer(IHostEnvironment environment, RegressionSettings settings, SequenceRegressor regressor, int threads) =>
        (_environment, _settings, Regressor, _threads) = (environment, settings, regressor, threads);

    /// <summary>The model.</summary>
    public SequenceRegressor Regressor { get; }

    /// <summary>Yes: every row is a series of its own.</summary>
    public bool IsRowToRowMapper => true;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input column is missing, or does not have vectors of numbers.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => Map(inputSchema).OutputSchema;

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

    void ICanSaveModel.Save(ModelSaveContext ctx) => ModelStore.Save(ctx, _settings, Regressor.Save);

    private NumberMap Map(DataViewSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return new NumberMap(this, schema, ColumnReader.FindVectors(schema, _settings.Input.Name));
    }

    private sealed class NumberMap(XLstmRegressionTransformer owner, DataViewSchema input, DataViewSchema.Column series)
        : RowMap(input, series, [new DataViewSchema.DetachedColumn(owner._settings.Score, NumberDataViewType.Single)])
    {
        public override RowValues Open(DataViewRow row) => new Values(owner, owner._settings.Input.Reader(row, Reads));
    }

    private sealed class Values(XLstmRegressionTransformer owner, Func<TimeSeries> series) : RowValues
    {
        public override Delegate Getter(int added) => (ValueGetter<float>)((ref float value) =>
        {
            MLInternals.CheckAlive(owner._environment);
            value = (float)owner.Regressor.Predict([series()], owner._threads)[0][0];
        });
    }
}
