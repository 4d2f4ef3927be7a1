namespace XLstm.Experiments.Tests;

public sealed class BodyKindTests
{
    /// <summary>Sizes of a character model, of tasks with a few tokens, and of one whose embedding is most of it.</summary>
    [Theory]
    [InlineData(200_000, 65, 65, 6)]
    [InlineData(60_000, 8, 2, 2)]
    [InlineData(300_000, 1_000, 1_000, 8)]
    [InlineData(1_120_520, 8_192, 8_192, 2)]
    public void EveryKindHasEqualParameters(long parameters, int vocabulary, int classes, int layers)
    {
        foreach (BodyKind kind in BodyKinds.All(layers))
        {
            BodySize size = kind.Fit(parameters, vocabulary, classes);
            var set = new ParameterSet(1);
            kind.Model(set, size, vocabulary, classes);
            Assert.InRange(set.ElementCount, 0.98 * parameters, 1.02 * parameters);
        }
    }

    [Fact]
    public void TheRoundestWidthIsTaken()
    {
        BodyKind kind = BodyKinds.Transformer(4);
        Assert.Equal(kind.At(128), kind.Fit(kind.Count(kind.At(128), 65, 65), 65, 65));
    }

    [Fact]
    public void ASizeThatThereIsNotIsRefused() =>
        Assert.Contains("lstm", Assert.Throws<ArgumentOutOfRangeException>(() => BodyKinds.Lstm(1).Fit(10, 65, 65)).Message, StringComparison.Ordinal);

    /// <summary>The last step but one changes the gating alone: the same parameters, by name and shape.</summary>
    [Fact]
    public void ExponentialGatingIsOneStepOfTheLadder()
    {
        ExperimentSetting setting = Experiment.Find("wikitext-2").Laptop;
        Assert.Equal(Names("0:1"), Names("lstm-up"));

        List<string> Names(string model)
        {
            var set = new ParameterSet(1);
            ExperimentModels.Create(model, set, setting, 10, 10);
            return [.. set.Select(p => p.ToString())];
        }
    }
}
