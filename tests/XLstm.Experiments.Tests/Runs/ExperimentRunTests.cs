namespace XLstm.Experiments.Tests;

public sealed class ExperimentRunTests : IDisposable
{
    private static readonly ExperimentSetting s_setting = new(
        "test", 6, Batch: 8, Width: 8, Heads: 2, LongestTraining: 8, ShortestEvaluation: 9, LongestEvaluation: 16, EvaluationRows: 32);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("xlstm-experiment-");

    private static Experiment Parity => Experiment.Find("parity");

    [Theory]
    [InlineData("1:1")]
    [InlineData("transformer")]
    public void InterruptedAnywhereItGivesTheSameResult(string model)
    {
        ExperimentResult whole = Run("whole", model, s_setting);
        for (int stop = 1; stop <= s_setting.Steps; stop++)
        {
            string directory = Path.Combine(_folder.FullName, $"stopped-{stop}");
            using (var source = new CancellationTokenSource())
            using (ExperimentRun run = ExperimentRun.Open(directory, Parity, model, 3, s_setting, threads: 1))
                Assert.Throws<OperationCanceledException>(() => run.Complete(
                    progress =>
                    {
                        if (progress.Step == stop)
                            source.Cancel();
                    },
                    source.Token));
            Assert.Null(ExperimentRun.Result(directory, Parity, model, 3, s_setting));
            using ExperimentRun again = ExperimentRun.Open(directory, Parity, model, 3, s_setting, threads: 2);
            Assert.Equal(stop, again.StepCount);
            Same(whole, again.Complete());
        }
    }

    [Fact]
    public void TheResultStays()
    {
        ExperimentResult result = Run("run", "0:1", s_setting);
        ExperimentResult stored = ExperimentRun.Result(Path.Combine(_folder.FullName, "run"), Parity, "0:1", 3, s_setting)!;

        Same(result, stored);
        Assert.Equal(result.Minutes, stored.Minutes);
        Assert.Equal(32, result.Groups.Sum(g => g.Labels));
        Assert.Equal((result.Accuracy - 0.5) / 0.5, result.ScaledAccuracy!.Value, 1e-12);
        Assert.Equal(result.Groups.Sum(g => g.Accuracy * g.Labels) / 32, result.Accuracy, 1e-12);
    }

    [Fact]
    public void ARunEndsWhereItsGoalIsReached()
    {
        ExperimentSetting easy = s_setting with { Steps = 20, Goal = 10 };
        ExperimentResult result = Run("run", "0:1", easy);
        using ExperimentRun again = ExperimentRun.Open(Path.Combine(_folder.FullName, "run"), Parity, "0:1", 3, easy);

        Assert.Equal(2, result.Steps);
        Same(result, again.Complete());
    }

    [Fact]
    public void AResultThatIsCutOffIsNamedWithItsLine()
    {
        Run("run", "0:1", s_setting);
        string directory = Path.Combine(_folder.FullName, "run"), file = Path.Combine(directory, "result.json");
        File.WriteAllText(file, File.ReadAllText(file)[..60]);
        string message = Assert.Throws<CheckpointException>(() => ExperimentRun.Result(directory, Parity, "0:1", 3, s_setting)).Message;
        Assert.Contains("result.json", message, StringComparison.Ordinal);
        Assert.Contains("in line ", message, StringComparison.Ordinal);
        Assert.Contains("measured again", message, StringComparison.Ordinal);
    }

    [Fact]
    public void FilesOfAnotherRunAreNotTakenForItsOwn()
    {
        Run("run", "0:1", s_setting);
        Run("other", "lstm", s_setting);
        string directory = Path.Combine(_folder.FullName, "run"), other = Path.Combine(_folder.FullName, "other"), file = Path.Combine(directory, "result.json");
        File.Copy(Path.Combine(other, "result.json"), file, overwrite: true);
        Assert.Contains("no result of 0:1 with seed 3", Assert.Throws<CheckpointException>(() => ExperimentRun.Result(directory, Parity, "0:1", 3, s_setting)).Message, StringComparison.Ordinal);
        File.Delete(file);
        File.Copy(Path.Combine(other, "weights.safetensors"), Path.Combine(directory, "weights.safetensors"), overwrite: true);
        using ExperimentRun again = ExperimentRun.Open(directory, Parity, "0:1", 3, s_setting);
        Assert.Contains("weights.safetensors", Assert.Throws<CheckpointException>(() => again.Complete()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryRunCanBeLookedAtBeforeTheFirst()
    {
        Run("run", "0:1", s_setting);
        string directory = Path.Combine(_folder.FullName, "run");
        ExperimentRun.Check(directory, Parity, "0:1", 3, s_setting);
        ExperimentRun.Check(Path.Combine(_folder.FullName, "none"), Parity, "0:1", 3, s_setting);
        Assert.Contains("Steps = 7", Assert.Throws<CheckpointException>(() => ExperimentRun.Check(directory, Parity, "0:1", 3, s_setting with { Steps = 7 })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ExperimentRun.Check(directory, Parity, "what", 3, s_setting));
    }

    [Fact]
    public void TheCurveHasEveryValidation()
    {
        ExperimentResult result = Run("run", "0:1", s_setting with { Steps = 20 });

        Assert.Equal([2L, 4, 6, 8, 10, 12, 14, 16, 18, 20], result.Curve.Select(p => p.Step));
        Assert.Equal(result.ValidationLoss, result.Curve.Min(p => p.Loss));
    }

    [Fact]
    public void ARunOfMinutesEndsByTheClock()
    {
        ExperimentResult result = Run("run", "0:1", s_setting with { Steps = 1_000_000, Minutes = 0.02 });

        Assert.InRange(result.Minutes, 0.02, 1);
        Assert.InRange(result.Steps, 10, 999_999);
        Assert.InRange(result.Curve.Count, 1, 20);
        Assert.Throws<ArgumentOutOfRangeException>(() => Run("none", "0:1", s_setting with { Minutes = 0 }));
    }

    [Fact]
    public void AnotherSettingIsRefused()
    {
        Run("run", "0:1", s_setting);
        string directory = Path.Combine(_folder.FullName, "run");
        ExperimentSetting other = s_setting with { Steps = 7 };

        Assert.Contains("Steps = 6", Assert.Throws<CheckpointException>(() => ExperimentRun.Open(directory, Parity, "0:1", 3, other)).Message, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => ExperimentRun.Result(directory, Parity, "0:1", 3, other));
        Assert.Throws<CheckpointException>(() => ExperimentRun.Result(directory, Parity, "0:1", 4, s_setting));
    }

    [Fact]
    public void UnknownModelsAndBadSettingsAreNamed()
    {
        Assert.Contains("gru", Assert.Throws<ArgumentException>(() => Run("a", "gru", s_setting)).Message, StringComparison.Ordinal);
        Assert.Contains("1:x", Assert.Throws<ArgumentException>(() => Run("b", "1:x", s_setting)).Message, StringComparison.Ordinal);
        Assert.Contains("LongestTraining", Assert.Throws<ArgumentOutOfRangeException>(() => Run("c", "1:1", s_setting with { LongestTraining = 1 })).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.FullName, "a")));
    }

    [Fact]
    public void TheReportIsReadable()
    {
        ExperimentResult result = Run("run", "1:0", s_setting);
        string path = Path.Combine(_folder.FullName, "results.json");
        ExperimentReport.Of(Parity, s_setting, [result]).Save(path);
        string text = File.ReadAllText(path);

        Assert.All(new[] { "\"experiment\": \"parity\"", "\"random_accuracy\": 0.5", "\"scaled_accuracy\":", "\"minutes\":", "\"name\": \"9\"" }, part => Assert.Contains(part, text, StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private ExperimentResult Run(string folder, string model, ExperimentSetting setting)
    {
        using ExperimentRun run = ExperimentRun.Open(Path.Combine(_folder.FullName, folder), Parity, model, 3, setting, threads: 1);
        return run.Complete();
    }

    // All but the time it took.
    private static void Same(ExperimentResult expected, ExperimentResult actual)
    {
        Assert.Equal(expected with { Minutes = 0, Groups = actual.Groups, Curve = actual.Curve }, actual with { Minutes = 0 });
        Assert.Equal(expected.Groups, actual.Groups);
        Assert.Equal(expected.Curve, actual.Curve);
    }
}
