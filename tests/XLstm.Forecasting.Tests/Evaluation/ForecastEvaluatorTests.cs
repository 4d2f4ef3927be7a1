namespace XLstm.Forecasting.Tests;

public sealed class ForecastEvaluatorTests
{
    private const double NaN = double.NaN;

    private static readonly EvaluationSet s_set = new(
        "made",
        [new("a", [1, 2, 4], [6, 2]), new("constant", [5, 5, 5], [5, 7]), new("unknown", [1, 3], [NaN, NaN]), new("gap", [2, 1], [NaN, 4])],
        1);

    [Fact]
    public void Naive_by_hand()
    {
        EvaluationResult result = ForecastEvaluator.Evaluate(Baselines.Naive, s_set);
        // a: forecast 4, errors 2 and 2, scale 1.5; gap: forecast 1, error 3, scale 1; constant has no scale, unknown no error
        Assert.Equal(((2 / 1.5) + 3) / 2, result.Mase, 12);
        Assert.Equal(2, result.Unscaled);
        Assert.Equal((((40 + (400 / 6.0)) / 2) + ((0 + (400 / 12.0)) / 2) + 120) / 3, result.Smape, 12);
        Assert.Equal((4 + 2 + 3) / (8 + 12 + 4.0), result.Deviation, 12);
        Assert.Equal(("made", "Naive", 4), (result.Set, result.Forecaster, result.Series));
        Assert.Equal(1, result.Owa(result));
        Assert.Equal((1, result.Wql / result.Deviation), result.RelativeTo(result));
        // a: sigma^2 = (1 + 4) / 2, 1.28 sigma = 2.03 covers both; constant: 5 is inside of nothing, 7 is not; gap: 1.28 sqrt 2 < 3
        Assert.Equal(3 / 5.0, result.Coverage80, 12);
        Assert.Equal(
            ForecastMetrics.WeightedQuantileLoss([.. s_set.Series.Select(s => s.Future)], Baselines.Naive.Forecast([.. s_set.Series.Select(s => s.History)], 2)),
            result.Wql,
            12);
    }

    [Fact]
    public void Batches_change_nothing_and_report()
    {
        var reported = new Recorder();
        Assert.Equal(ForecastEvaluator.Evaluate(Baselines.Naive, s_set), ForecastEvaluator.Evaluate(Baselines.Naive, s_set, batch: 3, reported));
        Assert.Equal([3, 4], reported.Values);
    }

    [Fact]
    public void Cancels() =>
        Assert.ThrowsAny<OperationCanceledException>(() => ForecastEvaluator.Evaluate(Baselines.Naive, s_set, cancellation: new CancellationToken(true)));

    private sealed class Recorder : IProgress<int>
    {
        public List<int> Values { get; } = [];

        public void Report(int value) => Values.Add(value);
    }
}
