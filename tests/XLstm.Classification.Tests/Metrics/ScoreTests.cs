namespace XLstm.Classification.Tests;

public sealed class ScoreTests
{
    [Fact]
    public void Classes_by_hand()
    {
        var score = ClassificationScore.Of(["a", "a", "a", "b", "b", "c"], ["a", "a", "b", "b", "c", "c"]);
        Assert.Equal(4 / 6.0, score.Accuracy, 12);
        Assert.Equal(((2 / 3.0) + (1 / 2.0) + 1) / 3, score.BalancedAccuracy, 12);
        Assert.Equal(((2 * 2 / 5.0) + (2 * 1 / 4.0) + (2 * 1 / 3.0)) / 3, score.MacroF1, 12);
        Assert.Equal(1, score[0, 1]);
    }

    [Fact]
    public void Numbers_by_hand()
    {
        RegressionScore score = RegressionScore.Of([1, 2, 3, double.NaN], [1, 3, 5, 9]);
        Assert.Equal(Math.Sqrt(5 / 3.0), score.Rmse, 12);
        Assert.Equal(1, score.Mae, 12);
        Assert.Equal(1 - (5 / 2.0), score.R2, 12);
    }

    [Fact]
    public void Published_accuracies_are_found() => Assert.Equal(0.838, PublishedAccuracy.Find("ArrowHead", "ResNet"));
}
