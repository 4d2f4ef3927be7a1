using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using XLstm.Classification;

namespace XLstm.Extensions.ML;

/// <summary>Trains a <see cref="SequenceClassifier"/> on a column of series and one of labels. Rows without a label are left out: a missing key, NaN, an empty text.</summary>
public sealed class XLstmClassificationEstimator : IEstimator<XLstmClassificationTransformer>
{
    private readonly IHostEnvironment _environment;
    private readonly string _label;
    private readonly SequenceColumn _input;
    private readonly XLstmSequenceOptions _options;

    internal XLstmClassificationEstimator(IHostEnvironment environment, string label, string input, XLstmSequenceOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(label, "labelColumnName");
        ArgumentException.ThrowIfNullOrEmpty(input, "featureColumnName");
        ArgumentException.ThrowIfNullOrEmpty(options.PredictedLabelColumn, nameof(options.PredictedLabelColumn));
        ArgumentException.ThrowIfNullOrEmpty(options.ScoreColumn, nameof(options.ScoreColumn));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Channels, 1, nameof(options.Channels));
        if (options.PredictedLabelColumn == options.ScoreColumn)
            throw new ArgumentException($"Both output columns are \"{options.ScoreColumn}\"; expected different names.");
        (_environment, _label, _input, _options) = (environment, label, new SequenceColumn(input, options.Channels), options);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there is nothing to learn from.</exception>
    /// <exception cref="OperationCanceledException"><see cref="XLstmSequenceOptions.Cancellation"/> was, or the context.</exception>
    public XLstmClassificationTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        DataViewSchema.Column label = ColumnReader.Find(input.Schema, _label);
        (Func<DataViewRow, Func<string?>> read, ClassColumn? known) = ClassColumn.Of(label);
        (List<TimeSeries> series, List<string> labels) = _input.Read(input, label, read, _options.Cancellation);
        using var log = new FitLog(_environment, nameof(XLstmClassificationEstimator));
        SequenceClassifier classifier = SequenceClassifier.Fit(SequenceData.Labelled(series, labels), _options.Training, log.Stepped, _options.Threads, _options.Cancellation);
        ClassColumn classes = known ?? new ClassColumn(LabelType.Find(label.Type)!.Name, IsKey: false, [.. classifier.Classes]);
        var settings = new ClassificationSettings(_input, _options.PredictedLabelColumn, _options.ScoreColumn, classes);
        return new XLstmClassificationTransformer(_environment, settings, classifier, _options.Threads);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        ColumnReader.CheckVectors(inputSchema, _input.Name);
        ClassColumn classes = ClassColumn.Of(ColumnReader.Find(inputSchema, _label));
        return MLInternals.With(inputSchema, [classes.Predicted(_options.PredictedLabelColumn), classes.Scores(_options.ScoreColumn)]);
    }
}
