namespace XLstm.Kernels.Tests;

public class DropoutTests
{
    [Theory]
    [InlineData(0.1f)]
    [InlineData(0.5f)]
    [InlineData(0.9f)]
    public void The_share_of_dropped_values_is_the_probability(float probability)
    {
        const int Count = 200_000;
        float[] x = Numbers.Normal(1, Count), y = new float[Count];
        Dropout.Forward(x, y, probability, 42, 0);
        double dropped = y.Count(v => v == 0) / (double)Count;
        Assert.Equal(probability, dropped, 5 * Math.Sqrt(probability * (1 - probability) / Count));
        Assert.All(y.Zip(x), pair => Assert.True(pair.First == 0 || pair.First == pair.Second * (1 / (1 - probability))));
    }

    [Fact]
    public void Neighbours_seeds_and_offsets_are_independent()
    {
        const int Count = 100_000;
        bool[] a = Kept(1, 0, Count), b = Kept(2, 0, Count), c = Kept(1, 1L << 40, Count), d = Kept(1 + 0x9E3779B97F4A7C15, 0, Count);
        bool[] next = [.. a.Skip(1), a[0]];
        foreach (bool[] other in (bool[][])[b, c, d, next, [.. d.Skip(1), d[0]]])
        {
            double agreement = a.Zip(other, (p, q) => p == q ? 1.0 : 0).Average();
            Assert.Equal(0.5, agreement, 5 * 0.5 / Math.Sqrt(Count));
        }
    }

    [Fact]
    public void Pieces_see_the_mask_of_the_whole()
    {
        float[] x = Numbers.Normal(1, 100), whole = new float[100], pieces = new float[100];
        long start = (1L << 33) - 50;
        Dropout.Forward(x, whole, 0.3f, 7, start);
        for (int i = 0; i < 100; i += 9)
        {
            int length = Math.Min(9, 100 - i);
            Dropout.Forward(x.AsSpan(i, length), pieces.AsSpan(i, length), 0.3f, 7, start + i);
        }

        Assert.Equal(whole, pieces);
    }

    [Fact]
    public void Backward_adds_through_the_same_mask()
    {
        float[] dy = Numbers.Normal(1, 67), masked = new float[67], dx = new float[67];
        Dropout.Forward(dy, masked, 0.4f, 3, 5);
        Array.Fill(dx, 1);
        Dropout.Backward(dy, dx, 0.4f, 3, 5);
        Assert.Equal(masked.Select(v => 1 + v), dx);
    }

    [Fact]
    public void Probability_0_keeps_and_1_drops_everything()
    {
        float[] x = Numbers.Normal(1, 50), y = new float[50];
        Dropout.Forward(x, y, 0, 1, 0);
        Assert.Equal(x, y);
        Dropout.Forward(x, y, 1, 1, 0);
        Assert.All(y, v => Assert.Equal(0, v));
    }

    [Theory]
    [InlineData(-0.1f)]
    [InlineData(1.1f)]
    [InlineData(float.NaN)]
    public void The_probability_is_checked(float probability) =>
        Assert.Equal("probability", Assert.Throws<ArgumentOutOfRangeException>(() => Dropout.Forward([1], new float[1], probability, 0, 0)).ParamName);

    private static bool[] Kept(ulong seed, long offset, int count)
    {
        float[] x = new float[count];
        Array.Fill(x, 1);
        Dropout.Forward(x, x, 0.5f, seed, offset);
        return [.. x.Select(v => v != 0)];
    }
}
