using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using XLstm.Classification;

namespace XLstm.Extensions.ML;

/// <summary>Adds the likeliest class of each series, and the probability of every class. What nobody asks for is not computed.</summary>
public sealed class XLstmClassificationTransformer : ITransformer
{
    private readonly IHostEnvironment _environment;
    private readonly ClassificationSettings _settings;
    private readonly int[] _slots;
    private readonly int _threads;

    internal XLstmClassificationTransformer(IHostEnvironment environment, ClassificationSettings settings, SequenceClassifier classifier, int threads)
    {
        (_environment, _settings, Classifier, _threads) = (environment, settings, classifier, threads);
        _slots = [.. classifier.Classes.Select(name => Array.IndexOf(settings.Classes.Labels, name))];
    }

    /// <summary>The model.</summary>
    public SequenceClassifier Classifier { get; }

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

    void ICanSaveModel.Save(ModelSaveContext ctx) => ModelStore.Save(ctx, _settings, Classifier.Save);

    private ClassMap Map(DataViewSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return new ClassMap(this, schema, ColumnReader.FindVectors(schema, _settings.Input.Name));
    }

    // By slot; a key that no series of the training had has the probability 0.
    private float[] Scores(TimeSeries series)
    {
        MLInternals.CheckAlive(_environment);
        ClassPrediction prediction = Classifier.Predict([series], _threads)[0];
        var scores = new float[_settings.Classes.Labels.Length];
        for (int k = 0; k < _slots.Length; k++)
            scores[_slots[k]] = (float)prediction.Probabilities[k];
        return scores;
    }

    private sealed class ClassMap(XLstmClassificationTransformer owner, DataViewSchema input, DataViewSchema.Column series)
        : RowMap(input, series, [owner._settings.Classes.Predicted(owner._settings.Predicted), owner._settings.Classes.Scores(owner._settings.Score)])
    {
        public override RowValues Open(DataViewRow row) => new Values(owner, row, Reads);
    }

    private sealed class Values : RowValues
    {
        private readonly ClassColumn _classes;
        private readonly PerRow<float[]> _scores;

        public Values(XLstmClassificationTransformer owner, DataViewRow row, DataViewSchema.Column column)
        {
            _classes = owner._settings.Classes;
            Func<TimeSeries> series = owner._settings.Input.Reader(row, column);
            _scores = new PerRow<float[]>(row, () => owner.Scores(series()));
        }

        public override Delegate Getter(int added) => added == 0
            ? _classes.Getter(() => Array.IndexOf(_scores.Value, _scores.Value.Max()))
            : (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
            {
                VBufferEditor<float> editor = VBufferEditor.Create(ref value, _classes.Labels.Length);
                _scores.Value.CopyTo(editor.Values);
                value = editor.Commit();
            });
    }
}
