using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using XLstm.Classification;

namespace XLstm.Extensions.ML;

/// <summary>Trains a <see cref="SequenceRegressor"/> on a column of series and one of numbers. Rows whose number is NaN are left out.</summary>
public sealed class XLstmRegressionEstimator : IEstimator<XLstmRegressionTransformer>
{
    private readonly IHostEnvironment _environment;
    private readonly string _label;
    private readonly RegressionSettings _settings;
    private readonly XLstmSequenceOptions _options;

    internal XLstmRegressionEstimator(IHostEnvironment environment, string label, string input, XLstmSequenceOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(label, "labelColumnName");
        ArgumentException.ThrowIfNullOrEmpty(input, "featureColumnName");
        ArgumentException.ThrowIfNullOrEmpty(options.ScoreColumn, nameof(options.ScoreColumn));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Channels, 1, nameof(options.Channels));
        (_environment, _label, _options) = (environment, label, options);
        _settings = new RegressionSettings(new SequenceColumn(input, options.Channels), options.ScoreColumn);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there is nothing to learn from.</exception>
    /// <exception cref="OperationCanceledException"><see cref="XLstmSequenceOptions.Cancellation"/> was, or the context.</exception>
    public XLstmRegressionTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        DataViewSchema.Column label = ColumnReader.Find(input.Schema, _label);
        if (!ColumnReader.IsReal(label.Type))
            throw Unfit(label.Type.ToString()!);
        (List<TimeSeries> series, List<double[]> targets) = _settings.Input.Read<double[]>(input, label, row => Target(ColumnReader.Number(row, label)), _options.Cancellation);
        using var log = new FitLog(_environment, nameof(XLstmRegressionEstimator));
        SequenceRegressor regressor = SequenceRegressor.Fit(SequenceData.WithTargets(series, targets), _options.Training, log.Stepped, _options.Threads, _options.Cancellation);
        return new XLstmRegressionTransformer(_environment, _settings, regressor, _options.Threads);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        ColumnReader.CheckVectors(inputSchema, _settings.Input.Name);
        SchemaShape.Column label = ColumnReader.Find(inputSchema, _label);
        if (label.Kind != SchemaShape.Column.VectorKind.Scalar || label.IsKey || !ColumnReader.IsReal(label.ItemType))
            throw Unfit(ColumnReader.Describe(label));
        return MLInternals.With(inputSchema, [new DataViewSchema.DetachedColumn(_settings.Score, NumberDataViewType.Single)]);
    }

    private static Func<double[]?> Target(Func<double> number) => () => number() is var value && double.IsNaN(value) ? null : [value];

    private ArgumentException Unfit(string found) => ColumnReader.Unfit(_label, found, "Single or Double, a number to be told of each series");
}
