namespace XLstm.Forecasting.Tests.Training;

public sealed class OwnSeriesTests : IDisposable
{
    private static readonly ForecasterRunOptions s_options =
        ForecasterRunOptions.FineTuning with { Steps = 40, BatchTokens = 64, EmbeddingDim = 16, NumBlocks = 2, HiddenDim = 16, LearningRate = 5e-3, ValidateEvery = 10, Season = 7, Horizon = 14 };

    private readonly string _root = Directory.CreateTempSubdirectory("xlstm-own-series").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    // Every seventh value tells what the next six are: something that no forecaster knows beforehand.
    private static double[][] Coded(int count, int length, double noise = 0.1) => [.. Enumerable.Range(0, count).Select(i =>
    {
        var random = new RandomSource((ulong)i);
        double kind = 0;
        return Enumerable.Range(0, length).Select(t =>
        {
            if (t % 7 == 0)
                kind = random.NextDouble() < 0.5 ? -5 : 5;
            return (t % 7 == 0 ? kind : kind * ((t % 7) - 3.5)) + (noise * random.NextDouble());
        }).ToArray();
    })];

    [Fact]
    public void Learning_helps_on_what_was_held_out()
    {
        using ForecasterRun run = ForecasterRun.Create(Path.Combine(_root, "run"), s_options with { Steps = 150 }, Coded(6, 150));
        double best = run.Train(cancellation: TestContext.Current.CancellationToken).BestValidationLoss!.Value;
        Assert.InRange(best, 0, 0.8 * run.FirstValidationLoss!.Value);
    }

    [Fact]
    public void A_forecaster_that_learns_nothing_better_stays_as_it_is()
    {
        using ForecasterRun small = ForecasterRun.Create(Path.Combine(_root, "small"), s_options with { Steps = 20 }, Coded(2, 100));
        small.Train(cancellation: TestContext.Current.CancellationToken);
        Forecaster start = Forecaster.Load(Path.Combine(_root, "small"));
        double[][] series = Coded(2, 60);
        Forecaster fitted = start.Fit(series, s_options with { Steps = 4, LearningRate = 0.9, ValidateEvery = 1, Patience = 2 }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(start.Forecast(series[0], 9).Median.ToArray(), fitted.Forecast(series[0], 9).Median.ToArray());
    }

    [Fact]
    public void The_forecaster_that_it_starts_from_is_not_changed()
    {
        double[][] series = Coded(2, 100);
        double[] before = Forecaster.Default.Forecast(series[0], 9).Median.ToArray();
        Forecaster fitted = Forecaster.Default.Fit(series, ForecasterRunOptions.FineTuning with { Steps = 6, ValidateEvery = 2, BatchTokens = 64, LearningRate = 1e-3 }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(before, Forecaster.Default.Forecast(series[0], 9).Median.ToArray());
        Assert.NotEqual(before, fitted.Forecast(series[0], 9).Median.ToArray());
    }

    [Fact]
    public void A_run_that_is_stopped_goes_on_to_the_same_weights()
    {
        string whole = Path.Combine(_root, "whole"), parts = Path.Combine(_root, "parts");
        double[][] series = [.. Coded(2, 90), [1, double.NaN, 3], []];
        using (ForecasterRun run = ForecasterRun.Create(whole, s_options, series, threads: 2))
            run.Train(cancellation: TestContext.Current.CancellationToken);
        using (ForecasterRun run = ForecasterRun.Create(parts, s_options, series, threads: 1))
        using (var stop = new CancellationTokenSource())
            Assert.ThrowsAny<OperationCanceledException>(() => run.Train(p => { if (p.Step == 13) stop.Cancel(); }, stop.Token));
        using (ForecasterRun run = ForecasterRun.Resume(parts, threads: 1))
        {
            Assert.Equal(13, run.StepCount);
            Assert.NotNull(run.FirstValidationLoss);
            run.Train(cancellation: TestContext.Current.CancellationToken);
        }
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, ForecasterRun.WeightsFile)), File.ReadAllBytes(Path.Combine(parts, ForecasterRun.WeightsFile)));
    }

    [Fact]
    public void What_is_held_out_is_not_learned_from()
    {
        double[][] series = Coded(3, 120), other = Coded(3, 120);
        foreach (double[] one in other)
            for (int i = 120 - 15; i < 120; i++)
                one[i] += 1000;
        var config = new PatchNetworkConfig();
        OwnSeries a = new(config, s_options, series), b = new(config, s_options, other);
        for (int step = 0; step < 20; step++)
        {
            Assert.Equal(a.Draw(step).Features, b.Draw(step).Features);
            Assert.Equal(a.Draw(step).Targets, b.Draw(step).Targets);
        }
        Assert.NotEqual(a.Validation.First().Targets, b.Validation.First().Targets);
        Assert.NotEqual(a.Fingerprint, b.Fingerprint);
    }

    [Fact]
    public void Every_length_from_12_on_can_be_learned_from()
    {
        for (int length = 12; length < 90; length++)
        {
            OwnSeries source = new(new PatchNetworkConfig(), s_options, Coded(1, length));
            for (int step = 0; step < 5; step++)
                Assert.True(source.Draw(step).Known > 0, $"{length} values, step {step}");
            Assert.All(source.Validation, batch => Assert.True(batch.Known > 0));
        }
    }

    [Fact]
    public void Series_that_teach_nothing_are_refused()
    {
        string directory = Path.Combine(_root, "none");
        double[] constant = [.. Enumerable.Repeat(3.0, 50)], missing = [.. Enumerable.Repeat(double.NaN, 50)], few = [1, 2, 3, 4, 5];
        foreach (double[][] series in new double[][][] { [], [constant], [missing], [few], [constant, missing, few, []] })
            Assert.Contains("nothing to learn from", Assert.Throws<ArgumentException>(() => ForecasterRun.Create(directory, s_options, series)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory));
    }

    [Fact]
    public void A_damaged_file_of_series_is_named()
    {
        string directory = Path.Combine(_root, "damaged"), path = Path.Combine(directory, "series.safetensors");
        ForecasterRun.Create(directory, s_options, Coded(2, 60)).Dispose();
        byte[] whole = File.ReadAllBytes(path);
        foreach (int length in new[] { 0, 7, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Contains("series.safetensors", Assert.Throws<CheckpointException>(() => ForecasterRun.Resume(directory)).Message, StringComparison.Ordinal);
        }
        // the last value; the lengths of two series come after it
        whole[^17] ^= 1;
        File.WriteAllBytes(path, whole);
        Assert.Contains("other series", Assert.Throws<CheckpointException>(() => ForecasterRun.Resume(directory)).Message, StringComparison.Ordinal);
    }
}
