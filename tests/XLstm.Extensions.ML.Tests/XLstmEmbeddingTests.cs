using Microsoft.ML;
using Microsoft.ML.Data;
using XLstm.Forecasting;

namespace XLstm.Extensions.ML.Tests;

public sealed class XLstmEmbeddingTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("xlstm-ml-tests").FullName;
    private readonly MLContext _ml = new(seed: 1);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Vectors_are_those_of_the_forecaster_and_stay_so_in_a_file()
    {
        Shop[] shops = [new() { Sales = Rows.Season(40) }, new() { Sales = [float.NaN, .. Rows.Noise(20, 1)] }];
        IDataView data = _ml.Data.LoadFromEnumerable(shops);
        XLstmEmbeddingTransformer model = _ml.Transforms.EmbedByXLstm("Features", "Sales").Fit(data);
        IDataView output = model.Transform(data);
        float[][] expected = [.. shops.Select(s => Forecaster.Default.Embed([Rows.Doubles(s.Sales)])[0])];
        Assert.Equal(expected, output.GetColumn<float[]>("Features"));
        Assert.Equal(new VectorDataViewType(NumberDataViewType.Single, model.Dimension), output.Schema["Features"].Type);

        string path = Path.Combine(_root, "model.zip");
        _ml.Model.Save(model, data.Schema, path);
        Assert.Equal(expected, new MLContext().RegisterXLstm().Model.Load(path, out _).Transform(data).GetColumn<float[]>("Features"));
    }

    [Fact]
    public void Trainers_of_MLNet_classify_series_by_them()
    {
        IDataView Kinds(int seed) => _ml.Data.LoadFromEnumerable(Enumerable.Range(seed, 40).Select(i => i % 2 == 0
            ? new Shop { Name = "season", Sales = Rows.Season(40 + i, period: 5 + (i % 7)) }
            : new Shop { Name = "noise", Sales = Rows.Noise(40 + i, i) }));
        ITransformer model = _ml.Transforms.Conversion.MapValueToKey("Label", "Name")
            .Append(_ml.Transforms.EmbedByXLstm("Features", "Sales"))
            .AppendCacheCheckpoint(_ml)
            .Append(_ml.MulticlassClassification.Trainers.SdcaMaximumEntropy())
            .Fit(Kinds(0));
        Assert.InRange(_ml.MulticlassClassification.Evaluate(model.Transform(Kinds(100))).MicroAccuracy, 0.95, 1);
    }

    [Fact]
    public void Numbers_that_are_no_vectors_are_refused()
    {
        IDataView data = _ml.Data.LoadFromEnumerable([new Sale()]);
        XLstmEmbeddingEstimator estimator = _ml.Transforms.EmbedByXLstm("Features", "Value");
        Assert.Contains("column Value is Single; expected vectors", Assert.Throws<ArgumentException>(() => estimator.Fit(data)).Message, StringComparison.Ordinal);
        Assert.Contains("column Value is Scalar of Single; expected vectors", Assert.Throws<ArgumentException>(() => estimator.GetOutputSchema(ShapeProbe.Of(data))).Message, StringComparison.Ordinal);
    }
}
