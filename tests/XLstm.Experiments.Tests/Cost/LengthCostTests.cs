namespace XLstm.Experiments.Tests;

public sealed class LengthCostTests
{
    [Theory]
    [InlineData("lstm")]
    [InlineData("transformer")]
    [InlineData("1:1")]
    public void ItStopsWhenItIsTold(string model)
    {
        ExperimentSetting setting = LengthCost.Laptop with { Width = 32, Blocks = 2, ShortestEvaluation = 16, LongestEvaluation = 64 };
        using var source = new CancellationTokenSource();
        int told = 0;
        Assert.ThrowsAny<OperationCanceledException>(() => LengthCost.Measure([model], setting, rounds: 1, threads: 1, (_, _) => { told++; source.Cancel(); }, source.Token));
        Assert.Equal(1, told);
    }

    [Fact]
    public void StatesStayAsTheyAreAndKeysGrow()
    {
        ExperimentSetting setting = LengthCost.Laptop with { Width = 32, Blocks = 2, ShortestEvaluation = 16, LongestEvaluation = 64 };
        var told = new List<int>();
        LengthCostReport report = LengthCost.Measure(LengthCost.Models, setting, rounds: 1, threads: 1, (_, point) => told.Add(point.Tokens));

        Assert.Equal(LengthCost.Models, report.Results.Select(r => r.Model));
        Assert.Equal(12, told.Count);
        foreach (LengthCostResult result in report.Results)
        {
            Assert.Equal([16, 32, 64], result.Points.Select(p => p.Tokens));
            Assert.All(result.Points, p => Assert.True(p.Milliseconds > 0));
            long first = result.Points[0].StateBytes;
            Assert.Equal(result.Model == "transformer" ? [first, 2 * first, 4 * first] : [first, first, first], result.Points.Select(p => p.StateBytes));
        }
        // Keys and values of two layers.
        long width = report.Results[3].Points[0].StateBytes / (2 * 2 * 16 * sizeof(float));
        Assert.InRange(width, 16, 64);
        Assert.Equal(0, width % 8);
    }
}
