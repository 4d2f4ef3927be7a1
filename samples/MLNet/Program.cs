using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using XLstm.Extensions.ML;
using XLstm.Samples.MLNet;
using static Microsoft.ML.DataOperationsCatalog;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string csv = Path.Combine(AppContext.BaseDirectory, "air-passengers.csv");

#region Rows
var mlContext = new MLContext();
IDataView months = mlContext.Data.LoadFromTextFile<Month>(csv, separatorChar: ',', hasHeader: true);
var options = new XLstmForecastOptions("Low", "High", ConfidenceLevel: 0.8, Season: 12);
ITransformer model = mlContext.Forecasting.ForecastByXLstm("Forecast", "Passengers", horizon: 12, options).Fit(months);

// Every row has a forecast of the steps after it. Rows that are skipped are history; their forecasts are not computed.
IDataView last = mlContext.Data.SkipRows(model.Transform(months), 143);
Outlook year = mlContext.Data.CreateEnumerable<Outlook>(last, reuseRowObject: false).Single();
Console.WriteLine($"January 1961: {year.Forecast[0]:F0}, in four cases of five {year.Low[0]:F0} to {year.High[0]:F0}");
#endregion

#region Series
float[] passengers = [.. mlContext.Data.CreateEnumerable<Month>(months, reuseRowObject: true).Select(m => m.Passengers)];
IDataView many = mlContext.Data.LoadFromEnumerable([new Series { Values = passengers[..120] }, new Series { Values = passengers[24..] }]);
ITransformer pipeline = mlContext.Transforms.CopyColumns("Series", "Values")
    .Append(mlContext.Forecasting.ForecastByXLstm("Forecast", "Series", horizon: 12))
    .Fit(many);
using PredictionEngine<Series, Outlook> engine = mlContext.Model.CreatePredictionEngine<Series, Outlook>(pipeline);
Outlook outlook = engine.Predict(new Series { Values = passengers[..132] });
Console.WriteLine($"January 1960: {outlook.Forecast[0]:F0}; it was {passengers[132]}");
#endregion

#region Embed
IDataView shapes = mlContext.Data.LoadFromEnumerable(Shapes.Draw(80, seed: 1));
TrainTestData split = mlContext.Data.TrainTestSplit(shapes, testFraction: 0.5, seed: 1);
ITransformer classifier = mlContext.Transforms.Conversion.MapValueToKey("Label")
    .Append(mlContext.Transforms.EmbedByXLstm("Features", "Values"))
    .AppendCacheCheckpoint(mlContext)
    .Append(mlContext.MulticlassClassification.Trainers.SdcaMaximumEntropy())
    .Fit(split.TrainSet);
MulticlassClassificationMetrics metrics = mlContext.MulticlassClassification.Evaluate(classifier.Transform(split.TestSet));
Console.WriteLine($"kinds of series told apart: {metrics.MicroAccuracy:P0}");
#endregion

string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.zip");
try
{
    #region Save
    mlContext.Model.Save(model, months.Schema, path);

    // In another program, too. The one line that it takes is RegisterXLstm.
    var elsewhere = new MLContext().RegisterXLstm();
    ITransformer loaded = elsewhere.Model.Load(path, out DataViewSchema schema);
    #endregion
    IDataView again = elsewhere.Data.SkipRows(loaded.Transform(months), 143);
    bool equal = elsewhere.Data.CreateEnumerable<Outlook>(again, reuseRowObject: false).Single().Forecast.SequenceEqual(year.Forecast);
    Console.WriteLine($"loaded from {new FileInfo(path).Length / 1e6:F1} MB, for columns {string.Join(", ", schema.Select(c => c.Name))}: {(equal ? "the same" : "another")} forecast");
}
finally
{
    File.Delete(path);
}
