using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using XLstm.Forecasting;

namespace XLstm.Extensions.ML.Tests;

public sealed class XLstmForecastTests
{
    private static readonly Shop[] s_shops =
    [
        new() { Name = "North", Sales = Rows.Season(60) },
        new() { Name = "South", Sales = [.. Rows.Noise(33, 1), float.NaN, .. Rows.Noise(5, 2)] },
        new() { Name = "East", Sales = [] },
    ];

    private static readonly Sale[] s_sales = [.. Rows.Season(40).Select((value, i) => new Sale { Value = i == 7 ? float.NaN : value, Shop = $"{i}" })];

    private readonly MLContext _ml = new(seed: 1);

    [Fact]
    public void Every_row_of_vectors_is_a_series()
    {
        IDataView output = _ml.Forecasting.ForecastByXLstm("Forecast", "Sales", 5).Fit(Shops()).Transform(Shops());
        Assert.Equal(Expected(s_shops, 5), output.GetColumn<float[]>("Forecast"));
        Assert.Equal(s_shops.Select(s => s.Name), output.GetColumn<string>("Name"));
        Assert.All(output.GetColumn<float[]>("Forecast").Last(), value => Assert.True(float.IsNaN(value)));
    }

    [Fact]
    public void A_column_of_numbers_is_one_series_in_the_order_of_the_rows()
    {
        IDataView output = _ml.Forecasting.ForecastByXLstm("Forecast", "Value", 3).Fit(Sales()).Transform(Sales());
        Assert.False(output.CanShuffle);
        float[][] forecasts = [.. output.GetColumn<float[]>("Forecast")];
        double[] all = Rows.Doubles([.. s_sales.Select(s => s.Value)]);
        Assert.Equal(s_sales.Length, forecasts.Length);
        foreach (int row in new[] { 0, 7, 8, 25, 39 })
            Assert.Equal(Rows.Singles(Forecaster.Default.Forecast(all[..(row + 1)], 3).Median), forecasts[row]);
        // Rows that were passed over count as much.
        Assert.Equal(forecasts[^1], _ml.Data.SkipRows(output, 39).GetColumn<float[]>("Forecast").Single());
    }

    [Fact]
    public void Intervals_and_quantiles_are_those_of_the_forecast()
    {
        var options = new XLstmForecastOptions("Low", "High", QuantilesColumn: "Quantiles", Season: 12, Threads: 1);
        IDataView output = _ml.Forecasting.ForecastByXLstm("Forecast", "Sales", 4, options).Fit(Shops()).Transform(Shops());
        Forecast expected = Forecaster.Default.Forecast(Rows.Doubles(s_shops[0].Sales), 4, season: 12);
        Assert.Equal(Rows.Singles(expected[0]), output.GetColumn<float[]>("Low").First());
        Assert.Equal(Rows.Singles(expected[8]), output.GetColumn<float[]>("High").First());
        Assert.Equal(Enumerable.Range(0, 9).SelectMany(level => Rows.Singles(expected[level])), output.GetColumn<float[]>("Quantiles").First());
        Assert.Equal([9, 4], ((VectorDataViewType)output.Schema["Quantiles"].Type).Dimensions);

        output = _ml.Forecasting.ForecastByXLstm("Forecast", "Sales", 4, options with { ConfidenceLevel = 0.95 }).Fit(Shops()).Transform(Shops());
        Assert.Equal(Rows.Singles(expected.Quantile(0.975)), output.GetColumn<float[]>("High").First(), (a, b) => Math.Abs(a - b) < 1e-3);
    }

    [Fact]
    public void Only_what_is_asked_for_is_computed()
    {
        ITransformer model = _ml.Forecasting.ForecastByXLstm("Forecast", "Sales", 5).Fit(Shops());
        var counted = new CountingView(Shops());
        IDataView output = model.Transform(counted);
        Assert.Equal(0, counted.Cursors);
        Assert.Equal(["North", "South", "East"], output.GetColumn<string>("Name"));
        Assert.Equal(["Name"], counted.Asked);
        _ = output.GetColumn<float[]>("Forecast").First();
        Assert.Equal(["Sales"], counted.Asked);
    }

    [Fact]
    public void A_prediction_engine_takes_one_series()
    {
        ITransformer model = _ml.Forecasting.ForecastByXLstm("Forecast", "Sales", 5).Fit(Shops());
        using PredictionEngine<Shop, Outlook> engine = _ml.Model.CreatePredictionEngine<Shop, Outlook>(model);
        foreach (Shop shop in s_shops)
            Assert.Equal(Expected([shop], 5)[0], engine.Predict(shop).Forecast);
        Assert.Equal(Expected(s_shops, 5)[0], engine.Predict(s_shops[0]).Forecast);
    }

    [Fact]
    public void Rows_in_order_have_no_prediction_engine()
    {
        ITransformer model = _ml.Forecasting.ForecastByXLstm("Forecast", "Value", 5).Fit(Sales());
        Assert.False(model.IsRowToRowMapper);
        Assert.Contains("order of the rows", Assert.Throws<InvalidOperationException>(() => model.GetRowToRowMapper(Sales().Schema)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_transforms_stand_before_and_after()
    {
        EstimatorChain<ITransformer> pipeline = new EstimatorChain<ITransformer>()
            .Append(_ml.Transforms.CopyColumns("Series", "Sales"))
            .Append(_ml.Forecasting.ForecastByXLstm("Forecast", "Series", 5))
            .Append(_ml.Transforms.Concatenate("Features", "Forecast", "Forecast"))
            .Append((IEstimator<ITransformer>)_ml.Transforms.DropColumns("Series"));
        ITransformer model = pipeline.Fit(Shops());
        IDataView output = model.Transform(Shops());
        Assert.Null(output.Schema.GetColumnOrNull("Series"));
        Assert.Equal(Expected(s_shops, 5).Select(f => (float[])[.. f, .. f]), output.GetColumn<float[]>("Features"));
        using PredictionEngine<Shop, Outlook> engine = _ml.Model.CreatePredictionEngine<Shop, Outlook>(model);
        Assert.Equal(Expected(s_shops, 5)[0], engine.Predict(s_shops[0]).Forecast);
    }

    [Fact]
    public void The_schema_is_known_before_anything_is_fitted()
    {
        var options = new XLstmForecastOptions("Low", QuantilesColumn: "Quantiles");
        SchemaShape input = _ml.Transforms.CopyColumns("Copy", "Sales").GetOutputSchema(ShapeOf(Shops()));
        SchemaShape shape = _ml.Forecasting.ForecastByXLstm("Sales", "Copy", 5, options).GetOutputSchema(input);
        Assert.Equal(["Name", "Copy", "Sales", "Low", "Quantiles"], shape.Select(c => c.Name));
        Assert.All(shape.Skip(2), c => Assert.Equal((SchemaShape.Column.VectorKind.Vector, (DataViewType)NumberDataViewType.Single), (c.Kind, c.ItemType)));
    }

    [Fact]
    public void Doubles_and_sparse_vectors_are_series_too()
    {
        var doubles = _ml.Data.LoadFromEnumerable(s_shops[..2].Select(s => new { Sales = Rows.Doubles(s.Sales) }));
        Assert.Equal(Expected(s_shops[..2], 5), _ml.Forecasting.ForecastByXLstm("Forecast", "Sales", 5).Fit(doubles).Transform(doubles).GetColumn<float[]>("Forecast"));

        var sparse = _ml.Data.LoadFromEnumerable([new Sparse { Sales = new VBuffer<float>(20, 2, [3, 4], [5, 15]) }]);
        float[] dense = new float[20];
        (dense[5], dense[15]) = (3, 4);
        Assert.Equal(Expected([new Shop { Sales = dense }], 5), _ml.Forecasting.ForecastByXLstm("Forecast", "Sales", 5).Fit(sparse).Transform(sparse).GetColumn<float[]>("Forecast"));
    }

    [Fact]
    public void Cursors_in_parallel_have_the_same_rows()
    {
        IDataView many = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 40).Select(i => new Shop { Name = $"{i}", Sales = Rows.Noise(10 + i, i) }));
        IDataView output = _ml.Data.Cache(_ml.Forecasting.ForecastByXLstm("Forecast", "Sales", 2).Fit(many).Transform(_ml.Data.ShuffleRows(many, seed: 3)));
        Dictionary<string, float[]> found = output.GetColumn<string>("Name").Zip(output.GetColumn<float[]>("Forecast")).ToDictionary(p => p.First, p => p.Second);
        foreach (int i in new[] { 0, 13, 39 })
            Assert.Equal(Expected([new Shop { Sales = Rows.Noise(10 + i, i) }], 2)[0], found[$"{i}"]);
    }

    [Fact]
    public void A_fitted_model_has_learned_the_series()
    {
        var learning = new ForecasterRunOptions(Steps: 4, BatchTokens: 64, LearningRate: 1e-3, ValidateEvery: 2);
        IDataView shops = _ml.Data.LoadFromEnumerable(s_shops[..1]);
        var messages = new List<string>();
        _ml.Log += (_, e) => messages.Add(e.Message);
        XLstmForecastTransformer model = _ml.Forecasting.ForecastByXLstm("Forecast", "Sales", 5, new XLstmForecastOptions(FineTuning: learning, Season: 12, Threads: 1)).Fit(shops);
        Forecaster learned = Forecaster.Default.Fit([Rows.Doubles(s_shops[0].Sales)], learning with { Horizon = 5, Season = 12 }, threads: 1);
        Assert.Equal(Rows.Singles(learned.Forecast(Rows.Doubles(s_shops[0].Sales), 5, season: 12).Median), model.Transform(shops).GetColumn<float[]>("Forecast").Single());
        Assert.Contains(messages, m => m.Contains("held out", StringComparison.Ordinal));
    }

    [Fact]
    public void Cancelling_the_context_ends_fits_and_cursors()
    {
        ITransformer model = _ml.Forecasting.ForecastByXLstm("Forecast", "Sales", 5).Fit(Shops());
        XLstmForecastEstimator learning = _ml.Forecasting.ForecastByXLstm("Forecast", "Sales", 5, new XLstmForecastOptions(FineTuning: ForecasterRunOptions.FineTuning));
        Cancel(_ml);
        Assert.ThrowsAny<OperationCanceledException>(() => model.Transform(Shops()).GetColumn<float[]>("Forecast").ToArray());
        Assert.ThrowsAny<OperationCanceledException>(() => learning.Fit(Shops()));

        var options = new XLstmForecastOptions(FineTuning: ForecasterRunOptions.FineTuning, Cancellation: new CancellationToken(canceled: true));
        Assert.ThrowsAny<OperationCanceledException>(() => new MLContext().Forecasting.ForecastByXLstm("Forecast", "Sales", 5, options).Fit(Shops()));
    }

    [Fact]
    public void Errors_name_the_column()
    {
        Assert.Contains("no column Sale;", Message(() => _ml.Forecasting.ForecastByXLstm("F", "Sale", 5).Fit(Shops())), StringComparison.Ordinal);
        Assert.Contains("there are Sales, Name", Message(() => _ml.Forecasting.ForecastByXLstm("F", "Sale", 5).GetOutputSchema(ShapeOf(Shops()))), StringComparison.Ordinal);
        Assert.Contains("column Name is String; expected Single or Double", Message(() => _ml.Forecasting.ForecastByXLstm("F", "Name", 5).Fit(Shops())), StringComparison.Ordinal);
        Assert.Contains("column Name is Scalar of String; expected", Message(() => _ml.Forecasting.ForecastByXLstm("F", "Name", 5).GetOutputSchema(ShapeOf(Shops()))), StringComparison.Ordinal);
        ITransformer model = _ml.Forecasting.ForecastByXLstm("F", "Sales", 5).Fit(Shops());
        IDataView scalars = _ml.Data.LoadFromEnumerable([new { Sales = 1f }]);
        Assert.Contains("column Sales is Single; expected vectors", Message(() => model.Transform(scalars)), StringComparison.Ordinal);
        Assert.Contains("horizon", Message(() => _ml.Forecasting.ForecastByXLstm("F", "Sales", 0)), StringComparison.Ordinal);
        Assert.Contains("confidence level is 80", Message(() => _ml.Forecasting.ForecastByXLstm("F", "Sales", 1, new XLstmForecastOptions(ConfidenceLevel: 80))), StringComparison.Ordinal);
        Assert.Contains("different names", Message(() => _ml.Forecasting.ForecastByXLstm("F", "Sales", 1, new XLstmForecastOptions("F"))), StringComparison.Ordinal);
    }

    private static string Message(Action action) => Assert.ThrowsAny<ArgumentException>(action).Message;

    private static float[][] Expected(Shop[] shops, int horizon) =>
        [.. shops.Select(s => Rows.Singles(Forecaster.Default.Forecast(Rows.Doubles(s.Sales), horizon).Median))];

    private static SchemaShape ShapeOf(IDataView data) => ShapeProbe.Of(data);

    private IDataView Shops() => _ml.Data.LoadFromEnumerable(s_shops);

    private IDataView Sales() => _ml.Data.LoadFromEnumerable(s_sales);

    // AutoML does it when its time is over.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "CancelExecution")]
    private static extern void Cancel(MLContext context);

    private sealed class Sparse
    {
        public VBuffer<float> Sales { get; set; }
    }
}
