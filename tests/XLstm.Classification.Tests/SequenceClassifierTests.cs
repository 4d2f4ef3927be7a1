namespace XLstm.Classification.Tests;

public sealed class SequenceClassifierTests
{
    private static readonly Lazy<SequenceClassifier> s_quick = new(() => SequenceClassifier.Fit(Samples.Waves(8), Samples.Quick, threads: 1));

    [Fact]
    public void It_learns_how_often_waves_swing()
    {
        SequenceClassifier classifier = SequenceClassifier.Fit(Samples.Waves(24), Samples.Quick with { Steps = 150 }, threads: 1);
        SequenceData test = Samples.Waves(40, seed: 2);
        Assert.Equal(["fast", "slow"], classifier.Classes);
        Assert.InRange(ClassificationScore.Of(test.Labels!, [.. classifier.Predict(test.Series).Select(p => p.Label)]).Accuracy, 0.9, 1);
    }

    [Fact]
    public void A_series_gets_the_same_alone_and_among_others_with_any_number_of_threads()
    {
        IReadOnlyList<TimeSeries> series = Samples.Waves(9, seed: 3).Series;
        IReadOnlyList<ClassPrediction> one = s_quick.Value.Predict(series, threads: 1), three = s_quick.Value.Predict(series, threads: 3);
        for (int i = 0; i < series.Count; i++)
        {
            // Few rows are multiplied in another order than many.
            Assert.Equal(s_quick.Value.Predict(series[i]).Probabilities, one[i].Probabilities, (a, b) => Math.Abs(a - b) < 1e-6);
            Assert.Equal(one[i].Probabilities, three[i].Probabilities);
            Assert.Equal(1, one[i].Probabilities.Sum(), 12);
        }
    }

    [Fact]
    public void Missing_values_empty_and_constant_series_have_a_prediction()
    {
        double[] gaps = [.. Samples.Waves(1).Series[0][0].ToArray().Select((x, t) => t % 3 == 0 ? double.NaN : x)];
        foreach (double[] values in new double[][] { gaps, [], [1], [double.NaN, double.NaN], [5, 5, 5, 5], [double.PositiveInfinity, 1, 1e300, 2], new double[5000] })
            Assert.All(s_quick.Value.Predict(values).Probabilities, p => Assert.InRange(p, 0, 1));
    }

    [Fact]
    public void A_saved_classifier_tells_the_same()
    {
        using var folder = new TemporaryFolder();
        s_quick.Value.Save(folder["own.safetensors"]);
        TimeSeries series = Samples.Waves(1, seed: 5).Series[0];
        Assert.Equal(s_quick.Value.Predict(series).Probabilities, SequenceClassifier.Load(folder["own.safetensors"]).Predict(series).Probabilities);
        Assert.Contains("a regressor, found a classifier", Assert.Throws<CheckpointException>(() => SequenceRegressor.Load(folder["own.safetensors"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_channels_than_those_of_the_training_are_refused() =>
        Assert.Contains("2 channels, expected 1", Assert.Throws<ArgumentException>(() => s_quick.Value.Predict(Samples.Waves(1, channels: 2).Series)).Message, StringComparison.Ordinal);

    [Fact]
    public void Cancellation_stops_training_and_prediction()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => s_quick.Value.Predict(Samples.Waves(2).Series, cancellation: cancelled.Token));
        Assert.Throws<OperationCanceledException>(() => SequenceClassifier.Fit(Samples.Waves(4), Samples.Quick, cancellation: cancelled.Token));
    }

    [Theory]
    [InlineData(SequencePooling.Mean, SequenceScaling.PerSeries)]
    [InlineData(SequencePooling.Max, SequenceScaling.TrainingSet)]
    [InlineData(SequencePooling.Last, SequenceScaling.PerSeries)]
    public void Every_pooling_and_scaling_trains_on_several_channels(SequencePooling pooling, SequenceScaling scaling)
    {
        SequenceClassifier classifier = SequenceClassifier.Fit(
            Samples.Waves(6, channels: 3), Samples.Quick with { Steps = 3, Pooling = pooling, Scaling = scaling, Weighting = ClassWeighting.Balanced }, threads: 1);
        Assert.Equal(3, classifier.ChannelCount);
        Assert.Equal(2, classifier.Predict(Samples.Waves(2, channels: 3).Series).Count);
    }

    [Fact]
    public void Nothing_to_learn_from_is_refused()
    {
        TimeSeries[] two = [new double[] { 1, 2 }, new double[] { 2, 1 }];
        Assert.Throws<ArgumentException>(() => SequenceClassifier.Fit(SequenceData.Labelled(two, ["a", "a"])));
        Assert.Throws<ArgumentException>(() => SequenceClassifier.Fit(SequenceData.Unlabelled(two)));
        Assert.Throws<ArgumentException>(() => SequenceData.Labelled(two, ["a"]));
        Assert.Throws<ArgumentException>(() => SequenceClassifier.Fit(SequenceData.Labelled([new double[] { double.NaN }, new double[] { double.NaN }], ["a", "b"])));
        Assert.Throws<ArgumentException>(() => SequenceClassifier.Fit(Samples.Waves(4), Samples.Quick with { Weights = new Dictionary<string, double> { ["none"] = 2 } }));
    }
}
