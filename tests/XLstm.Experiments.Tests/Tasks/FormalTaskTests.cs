namespace XLstm.Experiments.Tests;

public sealed class FormalTaskTests
{
    private static readonly ExperimentSetting s_setting = new("test", 1, Batch: 64, ShortestTraining: 3, LongestTraining: 20, ShortestEvaluation: 21, LongestEvaluation: 60, EvaluationRows: 80);

    [Fact]
    public void ABatchIsTheSameWheneverItIsDrawn()
    {
        var task = new FormalTask(new Parity(), s_setting);

        Assert.Equal(All(task.Draw(1, 7)), All(task.Draw(1, 7)));
        Assert.NotEqual(All(task.Draw(1, 7)), All(task.Draw(1, 8)));
        Assert.NotEqual(All(task.Draw(1, 7)), All(task.Draw(2, 7)));

        static int[] All(IReadOnlyList<SequenceBatch> parts) => [.. parts.Cast<TokenBatch>().SelectMany(p => p.Tokens)];
    }

    [Fact]
    public void PartsAreSortedByLength()
    {
        var task = new FormalTask(new Parity(), s_setting);
        TokenBatch[] parts = [.. task.Draw(1, 0).Cast<TokenBatch>()];

        Assert.Equal(task.Parts, parts.Length);
        Assert.All(parts, p => Assert.Equal((16, 16), (p.Rows, p.Labels)));
        int[] lengths = [.. parts.Select(p => p.Tokens.Length / p.Rows)];
        Assert.Equal(lengths.Order(), lengths);
        Assert.True(lengths[0] < 12 && lengths[^1] is > 15 and <= 24);
        // Rounded up: buffers of every size are kept.
        Assert.All(lengths, length => Assert.Equal(0, length % 8));
    }

    [Fact]
    public void EvaluationCoversItsLengthsInBins()
    {
        var task = new FormalTask(new Parity(), s_setting);
        (string Group, TokenBatch Batch)[] test = [.. task.Test.Select(t => (t.Group, (TokenBatch)t.Batch))];

        Assert.Equal(["21-25", "26-30", "31-35", "36-40", "41-45", "46-50", "51-55", "56-60"], test.Select(t => t.Group).Distinct());
        Assert.Equal(80, test.Sum(t => t.Batch.Labels));
        Assert.Equal(20, task.Validation.Sum(b => b.Labels) + 4);
        Assert.Equal(test[0].Batch.Tokens, ((TokenBatch)task.Test.First().Batch).Tokens);
    }

    [Fact]
    public void WhereTheLastCountsItAloneIsEvaluated()
    {
        var task = new FormalTask(new PermutationGroup(), s_setting);

        Assert.Equal(80, task.Test.Sum(t => t.Batch.Labels));
        Assert.True(task.Draw(1, 0).Sum(p => p.Labels) > 64 * 3);
    }

    [Fact]
    public void AFixedLengthIsOnePartAndOneGroup()
    {
        var task = new FormalTask(new AssociativeRecall(2, 64), s_setting with { ShortestTraining = 16, LongestTraining = 16, ShortestEvaluation = 16, LongestEvaluation = 16 });

        Assert.Equal(128, Assert.Single(task.Draw(1, 0)).Labels);
        Assert.Equal(["16"], task.Test.Select(t => t.Group).Distinct());
    }

    [Theory]
    [InlineData(21, 0, 0, "a sequence of 21 tokens was drawn, expected 1 to ")]
    [InlineData(0, 0, 0, "a sequence of 0 tokens was drawn")]
    [InlineData(3, 4, 0, "the token 4 was drawn, expected 0 to 1")]
    [InlineData(3, -1, 0, "the token -1 was drawn")]
    [InlineData(3, 1, 3, "the label 3 was drawn, expected 0 to 2, or -1 for none")]
    [InlineData(3, 1, -2, "the label -2 was drawn")]
    [InlineData(3, 1, -1, "a sequence of 3 tokens has no label")]
    public void ALanguageThatBreaksItsWordIsNamed(int used, int token, int label, string expected)
    {
        var task = new FormalTask(new Broken(used, token, label), s_setting);
        Assert.Contains("broken 1: " + expected, Assert.Throws<InvalidOperationException>(() => task.Draw(1, 0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhereTheLastCountsItNeedsALabel()
    {
        var task = new FormalTask(new Broken(3, 1, 0, lastCounts: true), s_setting);
        Assert.Equal(64, task.Draw(1, 0).Sum(b => b.Labels));
        Assert.Contains("has no label at the last of them", Assert.Throws<InvalidOperationException>(() => task.Test.Count()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(1.0)]
    [InlineData(-0.1)]
    public void AGuessThatIsAlwaysRightOrNoneIsRefused(double guess) =>
        Assert.Contains("a random accuracy of", Assert.Throws<ArgumentException>(() => new Experiment("mine", "", new Broken(3, 1, 0, false, guess))).Message, StringComparison.Ordinal);

    private sealed class Broken(int used, int token, int label, bool lastCounts = false, double guess = 1.0 / 3) : FormalLanguage
    {
        public override string Version => "broken 1";

        public override int Vocabulary => 2;

        public override int Classes => 3;

        public override double RandomAccuracy => guess;

        public override bool LastCounts => lastCounts;

        public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
        {
            (tokens[0], labels[0]) = (token, label);
            return used;
        }
    }
}
