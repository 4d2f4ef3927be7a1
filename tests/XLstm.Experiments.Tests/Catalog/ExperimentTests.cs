namespace XLstm.Experiments.Tests;

public sealed class ExperimentTests
{
    public static TheoryData<string> Names => new(Experiment.All.Select(e => e.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryExperimentCanBegin(string name)
    {
        Experiment experiment = Experiment.Find(name);
        foreach (ExperimentSetting setting in new[] { experiment.Published, experiment.Laptop }.OfType<ExperimentSetting>())
        {
            setting.Validate();
            if (experiment.Data is { } data)
            {
                Assert.Contains(data, Assert.Throws<ArgumentException>(() => experiment.Task(setting, null)).Message, StringComparison.Ordinal);
                continue;
            }
            IExperimentTask task = experiment.Task(setting, null);
            Assert.True(task.Classes > 0 && task.Vocabulary > 1);
            Assert.Equal(task.Parts, task.Draw(1, 0).Count);
            long expected = Count("1:1");
            foreach (string model in experiment.Models)
                if (!model.Contains(':', StringComparison.Ordinal))
                    Assert.InRange(Count(model), 0.98 * expected, 1.02 * expected);

            long Count(string model) => ExperimentModels.Create(model, new ParameterSet(1), setting, task.Vocabulary, task.Classes, task.ReadsVectors).Parameters.ElementCount;
        }
        Assert.Equal(("published", "laptop"), (experiment.Published?.Name ?? "published", experiment.Laptop.Name));
    }

    [Fact]
    public void APatternHasNoMoreBlocksThanTheSetting()
    {
        ExperimentSetting setting = Experiment.Find("parity").Laptop;
        Assert.Contains("3:1 is a pattern of 4 blocks, the setting has 2", Assert.Throws<ArgumentException>(() => Experiment.CheckModel("3:1", setting)).Message, StringComparison.Ordinal);
        Experiment.CheckModel("3:1", setting with { Blocks = 4 });
        Experiment.CheckModel("7:0", setting);
        Assert.Contains("TiedHead", Assert.Throws<ArgumentException>(() => ExperimentModels.Create("1:1", new ParameterSet(1), setting with { TiedHead = true }, 3, 1, vectors: true)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("anbn")]
    [InlineData("majority")]
    public void PublishedLengthsAreThoseOfTheSource(string name)
    {
        ExperimentSetting published = Experiment.Find(name).Published!;
        Assert.Equal((3, 128, 129, 2048), (published.ShortestTraining, published.LongestTraining, published.ShortestEvaluation, published.LongestEvaluation));
    }

    [Fact]
    public void AnUnknownExperimentIsToldWhichThereAre() =>
        Assert.Contains("parity", Assert.Throws<ArgumentException>(() => Experiment.Find("party")).Message, StringComparison.Ordinal);

    [Fact]
    public void OneOfYourOwnIsAsThoseOfTheCatalog()
    {
        var own = new Experiment("mine", "what I want to know", new Parity());
        Assert.Equal(Experiment.Find("parity").Laptop, own.Laptop);
        Assert.Equal(Experiment.Find("parity").Models, own.Models);
        Assert.DoesNotContain(own, Experiment.All);
        Assert.Equal("parity 1", own.Task(own.Laptop, null).Fingerprint);
        Assert.Throws<ArgumentException>(() => new Experiment(" ", "", new Parity()));
        Assert.Contains("Batch is 0", Assert.Throws<ArgumentOutOfRangeException>(() => new Experiment("mine", "", new Parity(), own.Laptop with { Batch = 0 })).Message, StringComparison.Ordinal);
    }
}
