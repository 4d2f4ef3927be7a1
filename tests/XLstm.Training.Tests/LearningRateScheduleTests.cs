namespace XLstm.Training.Tests;

public class LearningRateScheduleTests
{
    [Fact]
    public void WarmUpRisesInAStraightLineToTheFullRate()
    {
        var schedule = new LearningRateSchedule(ScheduleKind.Cosine, WarmupSteps: 4);
        Assert.Equal([0.25, 0.5, 0.75, 1, 1], Enumerable.Range(0, 5).Select(s => schedule.Factor(s, 100)));
    }

    [Fact]
    public void ConstantStays()
    {
        var schedule = new LearningRateSchedule(ScheduleKind.Constant, WarmupSteps: 2);
        Assert.Equal([0.5, 1, 1, 1, 1], Enumerable.Range(0, 5).Select(s => schedule.Factor(s, 4)));
    }

    [Fact]
    public void LinearFallsInAStraightLine()
    {
        var schedule = new LearningRateSchedule(ScheduleKind.Linear, WarmupSteps: 2, FinalFraction: 0.2);
        double[] expected = [0.5, 1, 1, 0.8, 0.6, 0.4, 0.2, 0.2];
        for (int s = 0; s < expected.Length; s++)
            Assert.Equal(expected[s], schedule.Factor(s, 6), 1e-12);
    }

    [Fact]
    public void CosineFallsAlongHalfACosine()
    {
        var schedule = new LearningRateSchedule(ScheduleKind.Cosine, WarmupSteps: 10, FinalFraction: 0.1);
        for (int s = 10; s <= 60; s++)
            Assert.Equal(0.1 + 0.9 * (1 + Math.Cos(Math.PI * (s - 10) / 50)) / 2, schedule.Factor(s, 60), 1e-12);
        Assert.Equal(0.55, schedule.Factor(35, 60), 1e-12);
        Assert.Equal(0.1, schedule.Factor(1000, 60), 1e-12);
    }

    [Theory]
    [InlineData(ScheduleKind.Constant)]
    [InlineData(ScheduleKind.Linear)]
    [InlineData(ScheduleKind.Cosine)]
    public void EdgesAreFinite(ScheduleKind kind)
    {
        Assert.Equal(1, new LearningRateSchedule(kind).Factor(0, 1));
        Assert.Equal(1, new LearningRateSchedule(kind, WarmupSteps: 1).Factor(0, 1));
        // A warm-up longer than the run: it never gets beyond the rise.
        var longer = new LearningRateSchedule(kind, WarmupSteps: 10);
        Assert.Equal([0.1, 0.2, 0.3], Enumerable.Range(0, 3).Select(s => Math.Round(longer.Factor(s, 3), 12)));
        Assert.Equal(kind == ScheduleKind.Constant ? 1 : 0.1, longer.Factor(10, 3), 1e-12);
        // A length that is not known yet: no descent.
        Assert.Equal([0.1, 1, 1], new long[] { 0, 10, 1000 }.Select(s => longer.Factor(s, 0)));
    }

    [Fact]
    public void ValuesOutOfRangeAreNamed()
    {
        static string? Name(LearningRateSchedule schedule) =>
            Assert.Throws<ArgumentOutOfRangeException>(() => new Trainer(new ParameterSet(0), schedule: schedule)).ParamName;
        Assert.Equal("WarmupSteps", Name(new LearningRateSchedule(WarmupSteps: -1)));
        Assert.Equal("FinalFraction", Name(new LearningRateSchedule(FinalFraction: 1.5)));
        Assert.Equal("FinalFraction", Name(new LearningRateSchedule(FinalFraction: double.NaN)));
        Assert.Equal("Kind", Name(new LearningRateSchedule((ScheduleKind)9)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LearningRateSchedule().Factor(-1, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LearningRateSchedule().Factor(1, -5));
    }
}
