namespace XLstm.Classification.Tests;

public sealed class SequenceRegressorTests
{
    [Fact]
    public void It_learns_numbers_in_their_own_units_where_they_are_known()
    {
        SequenceRegressor regressor = SequenceRegressor.Fit(Samples.Rates(24), Samples.Quick with { Steps = 200, Mixup = 0 }, threads: 1);
        SequenceData test = Samples.Rates(20, seed: 2);
        IReadOnlyList<double[]> told = regressor.Predict(test.Series);
        Assert.InRange(RegressionScore.Of([.. test.Targets!.Select(t => t[0])], [.. told.Select(t => t[0])]).R2, 0.7, 1);
        Assert.All(told, t => Assert.InRange(t[1], 4, 6));
    }
}
