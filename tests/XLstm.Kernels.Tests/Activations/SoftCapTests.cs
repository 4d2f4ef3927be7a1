namespace XLstm.Kernels.Tests;

public class SoftCapTests
{
    [Fact]
    public void Forward_and_backward_equal_the_reference()
    {
        foreach (int lanes in Widths.All)
            foreach (int length in Widths.Lengths)
            {
                float[] x = Numbers.Normal(length, length, 20), dy = Numbers.Normal(1, length), before = Numbers.Normal(2, length);
                static double[] Reference(double[] x) => [.. x.Select(v => 15 * Math.Tanh(v / 15))];

                var y = new Guarded(length);
                var dx = new Guarded(before);
                SoftCap.Forward(lanes, 15, x, y.Span);
                SoftCap.Backward(lanes, 15, y.Content, dy, dx.Span);
                Numbers.Close(Reference(Numbers.ToDouble(x)), y.Content, 3e-7, $"y, {lanes} lanes");
                Numbers.Close(Numbers.Gradient(v => Numbers.Dot(Reference(v), dy), x), dx.Added(before), 1e-6, $"dx, {lanes} lanes");
            }
    }

    [Theory]
    [InlineData(1e3f, 30f)]
    [InlineData(-1e30f, -30f)]
    [InlineData(float.PositiveInfinity, 30f)]
    [InlineData(float.NaN, float.NaN)]
    public void Large_values_end_at_the_cap(float x, float expected)
    {
        var y = new float[1];
        SoftCap.Forward(30, [x], y);
        Assert.Equal(expected, y[0]);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(-1f)]
    public void The_cap_is_positive(float cap) =>
        Assert.Equal("cap", Assert.Throws<ArgumentOutOfRangeException>(() => SoftCap.Forward(cap, new float[1], new float[1])).ParamName);
}
