namespace XLstm.Forecasting.Tests.Training;

public sealed class ForecasterRunTests : IDisposable
{
    private static readonly ForecasterRunOptions s_options = new(Steps: 12, BatchTokens: 16, EmbeddingDim: 16, NumBlocks: 2, HiddenDim: 16);
    private readonly string _root = Directory.CreateTempSubdirectory("xlstm-forecaster").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_run_that_is_stopped_goes_on_to_the_same_weights()
    {
        string whole = Path.Combine(_root, "whole"), parts = Path.Combine(_root, "parts");
        using (ForecasterRun run = ForecasterRun.Create(whole, s_options, threads: 2))
            run.Train(cancellation: TestContext.Current.CancellationToken);
        using (ForecasterRun run = ForecasterRun.Create(parts, s_options, threads: 1))
        using (var stop = new CancellationTokenSource())
            Assert.ThrowsAny<OperationCanceledException>(() => run.Train(p => { if (p.Step == 5) stop.Cancel(); }, stop.Token));
        using (ForecasterRun run = ForecasterRun.Resume(parts, threads: 1))
        {
            Assert.Equal(5, run.StepCount);
            run.Train(cancellation: TestContext.Current.CancellationToken);
        }
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, ForecasterRun.WeightsFile)), File.ReadAllBytes(Path.Combine(parts, ForecasterRun.WeightsFile)));
        Assert.Equal(12, File.ReadLines(Path.Combine(parts, "log.jsonl")).Count());
    }

    [Fact]
    public void It_learns()
    {
        using ForecasterRun run = ForecasterRun.Create(Path.Combine(_root, "learns"), s_options with { Steps = 150, BatchTokens = 64, LearningRate = 5e-3 });
        double best = run.Train(cancellation: TestContext.Current.CancellationToken).BestValidationLoss!.Value;
        Assert.InRange(best, 0, 0.93 * run.FirstValidationLoss!.Value);
    }

    [Fact]
    public void What_is_saved_forecasts_as_what_was_trained()
    {
        using ForecasterRun run = ForecasterRun.Create(Path.Combine(_root, "saved"), s_options with { Steps = 2 });
        run.Train(cancellation: TestContext.Current.CancellationToken);
        Forecaster loaded = Forecaster.Load(Path.Combine(_root, "saved", ForecasterRun.WeightsFile));
        double[] series = SeriesGenerator.Draw(90, 1).Series;
        Assert.Equal(loaded.Forecast(series, 9).Median.ToArray(), Forecaster.Load(Path.Combine(_root, "saved")).Forecast(series, 9).Median.ToArray());
        Assert.Equal(run.Forecaster().Forecast(series, 9).Median.ToArray(), loaded.Forecast(series, 9).Median.ToArray());
        Assert.NotEqual(loaded.Forecast(series, 9, season: 5).Median.ToArray(), loaded.Forecast(series, 9, season: 7).Median.ToArray());
    }

    [Fact]
    public void A_second_run_does_not_replace_the_first()
    {
        using ForecasterRun run = ForecasterRun.Create(_root, s_options);
        Assert.Throws<IOException>(() => ForecasterRun.Create(_root, s_options));
    }

    [Fact]
    public void Series_differ_and_come_again_with_their_seed()
    {
        for (int i = 0; i < 300; i++)
        {
            int length = 3 + (i * 7 % 500);
            (double[] series, int season) = SeriesGenerator.Draw(length, (ulong)i);
            Assert.Equal(series, SeriesGenerator.Draw(length, (ulong)i).Series);
            Assert.NotEqual(series, SeriesGenerator.Draw(length, (ulong)i + 1).Series);
            Assert.InRange(season, 1, Math.Max(64, length));
            Assert.All(series, v => Assert.False(double.IsInfinity(v)));
        }
    }
}
