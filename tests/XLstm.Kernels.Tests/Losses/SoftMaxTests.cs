namespace XLstm.Kernels.Tests;

public class SoftMaxTests
{
    private const int Rows = 2;

    [Fact]
    public void Both_equal_the_reference()
    {
        foreach (int lanes in Widths.All)
            foreach (int width in (int[])[.. Widths.Lengths, 1023, 1025, 2500])
                foreach (float scale in (float[])[1, 30, 1000])
                {
                    float[] x = Numbers.Normal(width, Rows * width, scale);
                    Guarded y = new(Rows * width), sums = new(Rows);
                    SoftMax.Forward(lanes, Rows, width, x, y.Span);
                    LogSumExp.Forward(lanes, Rows, width, x, sums.Span);
                    double[] expected = new double[x.Length], expectedSums = new double[Rows];
                    for (int r = 0; r < Rows; r++)
                    {
                        double[] row = Numbers.ToDouble(x.AsSpan(r * width, width));
                        double max = width == 0 ? double.NegativeInfinity : row.Max(), sum = row.Sum(v => Math.Exp(v - max));
                        for (int j = 0; j < width; j++)
                            expected[r * width + j] = Math.Exp(row[j] - max) / sum;
                        expectedSums[r] = width == 0 ? max : max + Math.Log(sum);
                    }

                    Numbers.Close(expected, y.Content, 3e-7, $"softmax, {lanes} lanes");
                    if (width > 0)
                        Numbers.Close(expectedSums, sums.Content, 1e-7, $"log-sum-exp, {lanes} lanes");
                    else
                        Assert.Equal([float.NegativeInfinity, float.NegativeInfinity], sums.Content.ToArray());
                }
    }

    [Fact]
    public void A_hundred_thousand_classes_cost_no_accuracy()
    {
        const int Width = 100_000;
        var x = new float[Width];
        SoftMax.Forward(1, Width, x, x);
        Assert.All(x, v => Assert.Equal(1e-5f, v, 1e-11f));
    }

    [Theory]
    [InlineData(float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity)]
    [InlineData(1f, float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(1f, float.NegativeInfinity, 1f)]
    [InlineData(1f, float.NaN, float.NaN)]
    public void LogSumExp_of_infinities(float a, float b, float expected)
    {
        foreach (int lanes in Widths.All)
        {
            var result = new float[1];
            LogSumExp.Forward(lanes, 1, 20, [.. Enumerable.Repeat(float.NegativeInfinity, 18), a, b], result);
            Assert.Equal(expected, result[0]);
        }
    }

    [Fact]
    public void Masked_entries_take_no_part()
    {
        var y = new float[3];
        SoftMax.Forward(1, 3, [2, float.NegativeInfinity, 2], y);
        Assert.Equal([0.5f, 0, 0.5f], y);
    }
}
