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
        }
        Assert.Equal(("published", "laptop"), (experiment.Published?.Name ?? "published", experiment.Laptop.Name));
    }

    [Fact]
    public void BaselinesHaveAsManyParameters()
    {
        ExperimentSetting setting = Experiment.Find("parity").Laptop;
        long expected = Count("1:1");

        Assert.InRange(Count("lstm"), 0.98 * expected, 1.02 * expected);
        Assert.InRange(Count("transformer"), 0.98 * expected, 1.02 * expected);

        long Count(string model) => ExperimentModels.Create(model, new ParameterSet(1), setting, 2, 2).Parameters.ElementCount;
    }

    [Fact]
    public void AnUnknownExperimentIsToldWhichThereAre() =>
        Assert.Contains("parity", Assert.Throws<ArgumentException>(() => Experiment.Find("party")).Message, StringComparison.Ordinal);
}
