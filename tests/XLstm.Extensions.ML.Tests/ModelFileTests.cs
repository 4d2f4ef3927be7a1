using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;
using XLstm.Forecasting;

namespace XLstm.Extensions.ML.Tests;

public sealed class ModelFileTests : IDisposable
{
    private static readonly Shop[] s_shops = [new() { Name = "North", Sales = Rows.Season(60) }, new() { Name = "South", Sales = Rows.Noise(30, 4) }];

    private readonly string _root = Directory.CreateTempSubdirectory("xlstm-ml-tests").FullName;
    private readonly MLContext _ml = new(seed: 1);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_pipeline_is_the_same_after_loading()
    {
        var learning = new ForecasterRunOptions(Steps: 2, BatchTokens: 64, LearningRate: 1e-3, ValidateEvery: 1);
        var options = new XLstmForecastOptions("Low", "High", 0.9, "Quantiles", Season: 12, FineTuning: learning);
        IDataView shops = _ml.Data.LoadFromEnumerable(s_shops);
        ITransformer model = _ml.Transforms.CopyColumns("Series", "Sales")
            .Append(_ml.Forecasting.ForecastByXLstm("Forecast", "Series", 5, options))
            .Append(_ml.Transforms.CopyColumns("Result", "Forecast")).Fit(shops);
        string path = Save(model, shops);

        var other = new MLContext();
        ITransformer loaded = other.RegisterXLstm().Model.Load(path, out DataViewSchema schema);
        Assert.Equal(shops.Schema.Select(c => c.Name), schema.Select(c => c.Name));
        IDataView expected = model.Transform(shops), found = loaded.Transform(other.Data.LoadFromEnumerable(s_shops));
        Assert.Equal(expected.Schema.Select(c => (c.Name, c.Type)), found.Schema.Select(c => (c.Name, c.Type)));
        foreach (string column in new[] { "Forecast", "Low", "High", "Quantiles", "Result" })
            Assert.Equal(expected.GetColumn<float[]>(column), found.GetColumn<float[]>(column));
        using PredictionEngine<Shop, Outlook> engine = other.Model.CreatePredictionEngine<Shop, Outlook>(loaded);
        Assert.Equal(expected.GetColumn<float[]>("Forecast").First(), engine.Predict(s_shops[0]).Forecast);
    }

    [Fact]
    public void Rows_in_order_stay_rows_in_order()
    {
        IDataView sales = _ml.Data.LoadFromEnumerable(Rows.Season(30).Select(value => new Sale { Value = value }));
        ITransformer model = _ml.Forecasting.ForecastByXLstm("Forecast", "Value", 3).Fit(sales);
        // The context that made it needs no call.
        ITransformer loaded = _ml.Model.Load(Save(model, sales), out _);
        Assert.Equal(model.Transform(sales).GetColumn<float[]>("Forecast"), loaded.Transform(sales).GetColumn<float[]>("Forecast"));
        Assert.False(loaded.IsRowToRowMapper);
    }

    [Fact]
    public void The_weights_are_a_file_for_everybody()
    {
        IDataView shops = _ml.Data.LoadFromEnumerable(s_shops);
        string path = Save(_ml.Forecasting.ForecastByXLstm("Forecast", "Sales", 5).Fit(shops), shops), weights = Path.Combine(_root, "weights.safetensors");
        using (ZipArchive zip = ZipFile.OpenRead(path))
            zip.Entries.Single(e => e.Name == "Weights.safetensors").ExtractToFile(weights);
        double[] series = Rows.Doubles(s_shops[0].Sales);
        Assert.Equal(Forecaster.Default.Forecast(series, 5).Median, Forecaster.Load(weights).Forecast(series, 5).Median);
    }

    [Fact]
    public void Registering_twice_changes_nothing() => new MLContext().RegisterXLstm().RegisterXLstm();

    [Theory]
    [InlineData("\"horizon\": 5", "\"horizon\": 0", "horizon")]
    [InlineData("\"kind\": \"forecast\"", "\"kind\": \"other\"", "newer version")]
    [InlineData("\"input\": \"Sales\"", "\"input\": null", "Settings.json")]
    public void Settings_that_lie_are_refused(string old, string replaced, string says)
    {
        IDataView shops = _ml.Data.LoadFromEnumerable(s_shops);
        string path = Save(_ml.Forecasting.ForecastByXLstm("Forecast", "Sales", 5).Fit(shops), shops);
        using (ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Update))
        {
            ZipArchiveEntry entry = zip.Entries.Single(e => e.Name == "Settings.json");
            string text;
            using (var reader = new StreamReader(entry.Open()))
                text = reader.ReadToEnd();
            Assert.Contains(old, text, StringComparison.Ordinal);
            string name = entry.FullName;
            entry.Delete();
            using var writer = new StreamWriter(zip.CreateEntry(name).Open());
            writer.Write(text.Replace(old, replaced, StringComparison.Ordinal));
        }
        Exception? thrown = Assert.ThrowsAny<Exception>(() => _ml.Model.Load(path, out _));
        while (thrown is not (null or FormatException))
            thrown = thrown.InnerException;
        Assert.Contains(says, Assert.IsType<FormatException>(thrown).Message, StringComparison.Ordinal);
    }

    private string Save(ITransformer model, IDataView data)
    {
        string path = Path.Combine(_root, "model.zip");
        _ml.Model.Save(model, data.Schema, path);
        return path;
    }
}
