namespace XLstm.Forecasting.Tests;

public sealed class NelderMeadTests
{
    [Fact]
    public void Finds_the_end_of_a_curved_valley()
    {
        double[] point = [-1.2, 1];
        double least = NelderMead.Minimize(
            x => (100 * Math.Pow(x[1] - (x[0] * x[0]), 2)) + Math.Pow(1 - x[0], 2), point, [0.1, 0.1], 2000, 1e-14);
        Assert.Equal(1, point[0], 1e-5);
        Assert.Equal(1, point[1], 1e-5);
        Assert.Equal(0, least, 1e-9);
    }

    [Fact]
    public void Walls_and_a_single_dimension()
    {
        double[] point = [5];
        NelderMead.Minimize(x => x[0] < 2 ? double.PositiveInfinity : x[0] * x[0], point, [1], 500, 1e-12);
        Assert.Equal(2, point[0], 1e-4);
    }

    [Fact]
    public void Stops_when_told()
    {
        int calls = 0;
        NelderMead.Minimize(x => { calls++; return -x[0] - x[1] - x[2]; }, [0, 0, 0], [1, 1, 1], 100, 1e-9);
        Assert.InRange(calls, 90, 105);
    }
}
