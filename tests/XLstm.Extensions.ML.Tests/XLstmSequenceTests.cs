using Microsoft.ML;
using Microsoft.ML.Data;
using XLstm.Classification;

namespace XLstm.Extensions.ML.Tests;

public sealed class XLstmSequenceTests : IDisposable
{
    private static readonly SequenceOptions s_quick = new(
        Steps: 60, Batch: 8, EmbeddingDim: 16, NumBlocks: 1, HiddenDim: 16, Patches: 8, LearningRate: 5e-3, Dropout: 0, LabelSmoothing: 0, Mixup: 0, Augmentation: 0);

    private static readonly Kind[] s_kinds = [.. Enumerable.Range(0, 24).Select(i => new Kind
    {
        Name = i % 3 == 2 ? "noise" : "season",
        Number = i % 3 == 2 ? 7 : 3,
        Yes = i % 3 == 2,
        Level = 10 + i,
        Values = i % 3 == 2 ? [float.NaN, .. Rows.Noise(20 + i, i)] : Rows.Season(20 + i, level: 10 + i),
    })];

    private readonly string _root = Directory.CreateTempSubdirectory("xlstm-ml-tests").FullName;
    private readonly MLContext _ml = new(seed: 1);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Keys_come_back_as_keys_and_are_evaluated()
    {
        EstimatorChain<XLstmClassificationTransformer> pipeline = _ml.Transforms.Conversion.MapValueToKey("Label", "Name").Append(_ml.MulticlassClassification.Trainers.XLstm("Label", "Values", Quick()));
        TransformerChain<XLstmClassificationTransformer> model = pipeline.Fit(Data());
        IDataView output = model.Transform(Data());
        SequenceClassifier direct = SequenceClassifier.Fit(SequenceData.Labelled(Series(), [.. s_kinds.Select(k => k.Name)]), s_quick, threads: 1);

        // Keys are in the order in which they came, classes in ordinal order.
        Assert.Equal(["noise", "season"], direct.Classes);
        Assert.Equal(Series().Select(s => direct.Predict(s).Probabilities.Reverse().Select(p => (float)p)), output.GetColumn<float[]>("Score"));
        Assert.Equal(["season", "noise"], Names(output.Schema["Score"], "SlotNames"));
        Assert.Equal(["season", "noise"], Names(output.Schema["PredictedLabel"], "KeyValues"));
        Assert.Equal(Series().Select(s => direct.Predict(s).Label == "season" ? 1u : 2u), output.GetColumn<uint>("PredictedLabel"));
        Assert.InRange(_ml.MulticlassClassification.Evaluate(output).MicroAccuracy, 0.9, 1);

        ITransformer named = _ml.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(output);
        Assert.Equal(Series().Select(s => direct.Predict(s).Label), named.Transform(output).GetColumn<string>("PredictedLabel"));
    }

    [Fact]
    public void Other_labels_come_back_as_what_they_were()
    {
        XLstmSequenceOptions options = Quick(2);
        Assert.All(Predicted<string>("Name", options), label => Assert.Contains(label, new[] { "noise", "season" }));
        Assert.All(Predicted<float>("Number", options), label => Assert.Contains(label, new[] { 3f, 7f }));
        IDataView output = _ml.MulticlassClassification.Trainers.XLstm("Yes", "Values", options).Fit(Data()).Transform(Data());
        Assert.Equal(BooleanDataViewType.Instance, output.Schema["PredictedLabel"].Type);
        Assert.Equal(["False", "True"], Names(output.Schema["Score"], "SlotNames"));
    }

    [Fact]
    public void A_pipeline_is_the_same_after_loading()
    {
        IDataView data = Data();
        ITransformer model = _ml.Transforms.Conversion.MapValueToKey("Label", "Name")
            .Append(_ml.MulticlassClassification.Trainers.XLstm("Label", "Values", Quick(3)))
            .Append(_ml.Transforms.Conversion.MapKeyToValue("Answer", "PredictedLabel"))
            .Append(_ml.Regression.Trainers.XLstm("Level", "Values", Quick(3) with { ScoreColumn = "Told" })).Fit(data);
        string path = Path.Combine(_root, "model.zip");
        _ml.Model.Save(model, data.Schema, path);

        var other = new MLContext();
        ITransformer loaded = other.RegisterXLstm().Model.Load(path, out _);
        IDataView expected = model.Transform(data), found = loaded.Transform(data);
        Assert.Equal(expected.Schema.Select(c => (c.Name, c.Type)), found.Schema.Select(c => (c.Name, c.Type)));
        Assert.Equal(expected.GetColumn<float[]>("Score"), found.GetColumn<float[]>("Score"));
        Assert.Equal(expected.GetColumn<string>("Answer"), found.GetColumn<string>("Answer"));
        Assert.Equal(expected.GetColumn<float>("Told"), found.GetColumn<float>("Told"));
        Assert.Equal(Names(expected.Schema["Score"], "SlotNames"), Names(found.Schema["Score"], "SlotNames"));

        using PredictionEngine<Kind, Answer> engine = other.Model.CreatePredictionEngine<Kind, Answer>(loaded);
        Assert.Equal(expected.GetColumn<string>("Answer").Last(), engine.Predict(s_kinds[^1]).Text);
    }

    [Fact]
    public void A_regressor_tells_the_numbers_of_the_one_that_was_trained_alike()
    {
        Kind[] kinds = [.. s_kinds, new Kind { Level = float.NaN, Values = [1, 2, 3] }];
        IDataView data = _ml.Data.LoadFromEnumerable(kinds);
        XLstmRegressionTransformer model = _ml.Regression.Trainers.XLstm("Level", "Values", Quick(10)).Fit(data);
        SequenceRegressor direct = SequenceRegressor.Fit(SequenceData.WithTargets(Series(), [.. s_kinds.Select(k => new double[] { k.Level })]), s_quick with { Steps = 10 }, threads: 1);
        IDataView output = model.Transform(data);
        Assert.Equal(Series().Select(s => (float)direct.Predict(s)[0]), output.GetColumn<float>("Score").Take(s_kinds.Length));
        Assert.True(_ml.Regression.Evaluate(_ml.Data.TakeRows(output, s_kinds.Length), "Level").MeanAbsoluteError > 0);
    }

    [Fact]
    public void Channels_stand_side_by_side()
    {
        var pairs = _ml.Data.LoadFromEnumerable(s_kinds.Select(k => new Kind { Name = k.Name, Values = [.. k.Values.SelectMany(v => new[] { v, -v })] }));
        IDataView output = _ml.MulticlassClassification.Trainers.XLstm("Name", "Values", Quick(3) with { Channels = 2 }).Fit(pairs).Transform(pairs);
        TimeSeries[] series = [.. s_kinds.Select(k => new TimeSeries(Rows.Doubles(k.Values), Rows.Doubles([.. k.Values.Select(v => -v)])))];
        SequenceClassifier direct = SequenceClassifier.Fit(SequenceData.Labelled(series, [.. s_kinds.Select(k => k.Name)]), s_quick with { Steps = 3 }, threads: 1);
        Assert.Equal(series.Select(s => direct.Predict(s).Probabilities.Select(p => (float)p)), output.GetColumn<float[]>("Score"));

        IDataView odd = _ml.Data.LoadFromEnumerable([new Kind { Name = "a", Values = [1, 2, 3] }]);
        Assert.Contains("column Values has 3 values; expected a multiple of 2", Assert.Throws<ArgumentException>(() =>
            _ml.MulticlassClassification.Trainers.XLstm("Name", "Values", Quick(3) with { Channels = 2 }).Fit(odd)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_schema_is_known_before_anything_is_fitted()
    {
        SchemaShape input = ShapeProbe.Of(_ml.Transforms.Conversion.MapValueToKey("Label", "Name").Fit(Data()).Transform(Data()));
        SchemaShape shape = _ml.MulticlassClassification.Trainers.XLstm("Label", "Values").GetOutputSchema(input);
        SchemaShape.Column label = shape.Single(c => c.Name == "PredictedLabel"), score = shape.Single(c => c.Name == "Score");
        Assert.True(label.IsKey);
        Assert.Equal(TextDataViewType.Instance, label.Annotations.Single(a => a.Name == "KeyValues").ItemType);
        Assert.Equal((SchemaShape.Column.VectorKind.Vector, (DataViewType)NumberDataViewType.Single), (score.Kind, score.ItemType));
        // A pipeline is checked with it before anything is computed.
        Assert.NotNull(_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel").GetOutputSchema(shape));
        Assert.Equal(SchemaShape.Column.VectorKind.Scalar, _ml.Regression.Trainers.XLstm("Level", "Values").GetOutputSchema(input).Single(c => c.Name == "Score").Kind);
    }

    [Fact]
    public void Errors_name_the_column()
    {
        Assert.Contains("no column Label;", Message(() => _ml.MulticlassClassification.Trainers.XLstm(featureColumnName: "Values").Fit(Data())), StringComparison.Ordinal);
        Assert.Contains("column Values is", Message(() => _ml.MulticlassClassification.Trainers.XLstm("Values", "Values").Fit(Data())), StringComparison.Ordinal);
        Assert.Contains("column Level is Single; expected vectors", Message(() => _ml.MulticlassClassification.Trainers.XLstm("Name", "Level").Fit(Data())), StringComparison.Ordinal);
        Assert.Contains("column Name is String; expected Single or Double", Message(() => _ml.Regression.Trainers.XLstm("Name", "Values").Fit(Data())), StringComparison.Ordinal);
        Assert.Contains("Channels", Message(() => _ml.Regression.Trainers.XLstm("Level", "Values", new XLstmSequenceOptions(Channels: 0))), StringComparison.Ordinal);
        IDataView unknown = _ml.Data.LoadFromEnumerable([new Kind()]);
        Assert.Contains("No row has a label in the column Name", Message(() => _ml.MulticlassClassification.Trainers.XLstm("Name", "Values").Fit(unknown)), StringComparison.Ordinal);
        var cancelled = new XLstmSequenceOptions(Cancellation: new CancellationToken(canceled: true));
        Assert.ThrowsAny<OperationCanceledException>(() => _ml.MulticlassClassification.Trainers.XLstm("Name", "Values", cancelled).Fit(Data()));
    }

    private static string Message(Action action) => Assert.ThrowsAny<ArgumentException>(action).Message;

    private static XLstmSequenceOptions Quick(int steps = 60) => new(s_quick with { Steps = steps }, Threads: 1);

    private static TimeSeries[] Series() => [.. s_kinds.Select(k => new TimeSeries(Rows.Doubles(k.Values)))];

    private static string[] Names(DataViewSchema.Column column, string kind)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        column.Annotations.GetValue(kind, ref names);
        return [.. names.DenseValues().Select(n => n.ToString())];
    }

    private T[] Predicted<T>(string label, XLstmSequenceOptions options)
    {
        IDataView output = _ml.MulticlassClassification.Trainers.XLstm(label, "Values", options).Fit(Data()).Transform(Data());
        return [.. output.GetColumn<T>("PredictedLabel")];
    }

    private IDataView Data() => _ml.Data.LoadFromEnumerable(s_kinds);

    private sealed class Kind
    {
        public string Name { get; set; } = "";

        public float Number { get; set; }

        public bool Yes { get; set; }

        public float Level { get; set; }

        public float[] Values { get; set; } = [];
    }

    private sealed class Answer
    {
        [ColumnName("Answer")]
        public string Text { get; set; } = "";
    }
}
