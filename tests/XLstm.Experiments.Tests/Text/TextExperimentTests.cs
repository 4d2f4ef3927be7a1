namespace XLstm.Experiments.Tests;

public sealed class TextExperimentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xlstm-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("1:1")]
    [InlineData("lstm-up")]
    [InlineData("lstm-residual")]
    public void A_model_learns_which_character_follows(string model)
    {
        string text = Path.Combine(_folder, "text.txt");
        File.WriteAllText(text, string.Concat(Enumerable.Repeat("abcd", 300)));
        Experiment experiment = Experiment.Find("extrapolation");
        ExperimentSetting setting = experiment.Laptop with
        {
            Name = "test", Steps = 40, LearningRate = 0.01, Batch = 4, Width = 16, Blocks = 2, Heads = 2, ShortestTraining = 16, LongestTraining = 16, ShortestEvaluation = 16, LongestEvaluation = 64,
        };
        using ExperimentRun run = ExperimentRun.Open(Path.Combine(_folder, "run"), experiment, model, 1, setting, text, threads: 1);
        ExperimentResult result = run.Complete();

        Assert.Equal(["16", "32", "64"], result.Groups.Select(g => g.Name));
        Assert.All(result.Groups, g => Assert.True(g.Loss < 0.7 * Math.Log(4), $"{g.Name}: {g.Loss}"));
        Assert.Equal(result.ValidationLoss, result.Groups[0].Loss, 5);
    }

    [Fact]
    public void A_shared_head_has_no_weight_of_its_own()
    {
        ExperimentSetting setting = Experiment.Find("wikitext-2").Laptop;
        Assert.True(setting.TiedHead);
        long Count(bool tied, string model) => ExperimentModels.Create(model, new ParameterSet(1), setting with { TiedHead = tied }, 1000, 1000).Parameters.ElementCount;

        Assert.Equal(setting.Width * 1000L + 1000, Count(false, "1:1") - Count(true, "1:1"));
        foreach (string model in (string[])["lstm", "lstm-residual", "transformer"])
            Assert.InRange(Count(true, model), 0.98 * Count(true, "1:1"), 1.02 * Count(true, "1:1"));
    }

    [Fact]
    public void Data_that_nobody_asks_for_are_refused() =>
        Assert.Contains("parity", Assert.Throws<ArgumentException>(() => ExperimentRun.Open(_folder, Experiment.Find("parity"), "1:1", 1, Experiment.Find("parity").Laptop, "text.txt")).Message, StringComparison.Ordinal);
}
