namespace XLstm.Kernels.Tests;

public class ElementwiseTests
{
    [Fact]
    public void Arithmetic_equals_the_reference_at_every_width_and_length()
    {
        foreach (int lanes in Widths.All)
            foreach (int n in Widths.Lengths)
            {
                float[] x = Numbers.Normal(1, n), y = Numbers.Normal(2, n);
                var result = new Guarded(n);
                Elementwise.Add(lanes, x, y, result.Span);
                Numbers.Close([.. x.Zip(y, (a, b) => (double)a + b)], result.Content, 1e-7, "Add");
                Elementwise.Multiply(lanes, x, y, result.Span);
                Numbers.Close([.. x.Zip(y, (a, b) => (double)a * b)], result.Content, 1e-7, "Multiply");
                Elementwise.Scale(lanes, -3, x, result.Span);
                Numbers.Close([.. x.Select(a => -3.0 * a)], result.Content, 1e-7, "Scale");
                y.CopyTo(result.Span);
                Elementwise.MultiplyAdd(lanes, 0.3f, x, result.Span);
                Numbers.Close([.. x.Zip(y, (a, b) => (double)0.3f * a + b)], result.Content, 1e-7, "MultiplyAdd");
                Elementwise.Fill(2, result.Span);
                Elementwise.MultiplyAdd(lanes, x, y, result.Span);
                Numbers.Close([.. x.Zip(y, (a, b) => 2 + (double)a * b)], result.Content, 1e-7, "MultiplyAdd");
                x.CopyTo(result.Span);
                Elementwise.AddTo(y, result.Span);
                Numbers.Close([.. x.Zip(y, (a, b) => (double)a + b)], result.Content, 1e-7, "AddTo");
            }
    }

    [Fact]
    public void SumOfSquares_is_accurate_to_double_and_does_not_overflow()
    {
        foreach (int n in Widths.Lengths)
        {
            float[] x = Numbers.Normal(1, n, 1e30f);
            double expected = x.Sum(v => (double)v * v);
            Assert.Equal(expected, Elementwise.SumOfSquares(x), 1e-14 * expected);
        }
    }

    [Fact]
    public void AllFinite_finds_each_infinity_and_NaN()
    {
        foreach (int lanes in Widths.All)
            foreach (int n in Widths.Lengths)
            {
                float[] x = Numbers.Normal(1, n, 1e30f);
                Assert.True(Elementwise.AllFinite(lanes, x));
                for (int i = 0; i < n; i++)
                    foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
                    {
                        float good = x[i];
                        x[i] = bad;
                        Assert.False(Elementwise.AllFinite(lanes, x));
                        x[i] = good;
                    }
            }
    }

    [Fact]
    public void AllFinite_accepts_the_largest_float_many_times() =>
        Assert.True(Elementwise.AllFinite([.. Enumerable.Repeat(float.MaxValue, 1000)]));

    [Fact]
    public void AddBias_and_SumRows_are_each_others_transpose()
    {
        foreach (int lanes in Widths.All)
            foreach (int width in Widths.Lengths)
                foreach (int rows in (int[])[0, 1, 2, 3, 8])
                {
                    float[] y = Numbers.Normal(1, rows * width), bias = Numbers.Normal(2, width);
                    var biased = new Guarded(y);
                    var sums = new Guarded(bias);
                    Elementwise.AddBias(lanes, rows, width, bias, biased.Span);
                    Elementwise.SumRows(lanes, rows, width, y, sums.Span);
                    Numbers.Close([.. y.Select((v, i) => (double)v + bias[i % width])], biased.Content, 1e-7, "AddBias");
                    Numbers.Close([.. bias.Select((v, j) => v + Enumerable.Range(0, rows).Sum(r => (double)y[r * width + j]))], sums.Content, 1e-6, "SumRows");
                }
    }

    [Fact]
    public void Bad_lengths_are_named()
    {
        Assert.Equal("y", Assert.Throws<ArgumentException>(() => Elementwise.Add(new float[2], new float[1], new float[2])).ParamName);
        Assert.Equal("destination", Assert.Throws<ArgumentException>(() => Elementwise.MultiplyAdd(1, new float[2], new float[1])).ParamName);
        Assert.Equal("bias", Assert.Throws<ArgumentException>(() => Elementwise.AddBias(1, 2, new float[1], new float[2])).ParamName);
        Assert.Equal("rows", Assert.Throws<ArgumentOutOfRangeException>(() => Elementwise.SumRows(-1, 2, new float[1], new float[2])).ParamName);
    }
}
