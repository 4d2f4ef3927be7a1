namespace XLstm.Kernels.Tests;

public sealed class QuantizedWeightsTests
{
    /// <summary>Root mean square error over that of the weights themselves.</summary>
    [Theory]
    [InlineData(WeightFormat.Q4, 0.0725)]
    [InlineData(WeightFormat.Q8, 0.0056)]
    public void NormalWeightsComeBackAlmost(WeightFormat format, double tolerance)
    {
        const int rows = 48, inputs = 640;
        float[] w = Numbers.Normal(1, rows * inputs, 0.02f);
        Assert.InRange(Error(format, rows, inputs, w), 0, tolerance);
    }

    [Theory]
    [InlineData(WeightFormat.Q4)]
    [InlineData(WeightFormat.Q8)]
    public void SpecialBlocksComeBack(WeightFormat format)
    {
        foreach (float[] w in (float[][])[
            new float[32], [.. Enumerable.Repeat(0.7f, 32)], [.. Enumerable.Repeat(-3f, 32)], [.. Enumerable.Range(0, 32).Select(i => i == 7 ? 1f : 0f)],
            [.. Enumerable.Range(0, 16).Select(i => i - 8f)], [.. Numbers.Normal(1, 32, 1e-3f).Select(v => v + 1)]])
        {
            double error = Error(format, 1, w.Length, w);
            Assert.True(error <= (format == WeightFormat.Q4 ? 0.035 : 0.005), $"{string.Join(" ", w)}: {error}");
        }
    }

    [Fact]
    public void TheSearchDoesNotDependOnTheWidth()
    {
        float[] columns = Numbers.Normal(3, 32 * 16, 0.1f);
        float[][] found = [.. ((int[])[1, 4, 8, 16]).Select(width =>
        {
            float[] scales = new float[16], zeros = new float[16];
            switch (width)
            {
                case 16: FourBits.Search<Lanes16>(columns, scales, zeros); break;
                case 8: FourBits.Search<Lanes8>(columns, scales, zeros); break;
                case 4: FourBits.Search<Lanes4>(columns, scales, zeros); break;
                default: FourBits.Search<Lanes1>(columns, scales, zeros); break;
            }
            return (float[])[.. scales, .. zeros];
        })];
        Assert.All(found, f => Assert.Equal(found[0], f));
    }

    [Fact]
    public void WhatCannotBeHeldIsRefused()
    {
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.Q4, WeightFormat.Q8])
        {
            byte[] group = new byte[QuantizedWeights.BlockBytes(format)];
            float[] scratch = new float[QuantizedWeights.EncodeScratchLength], w = [1, 2, float.NaN];
            Assert.Contains("[0, 2] is NaN", Assert.Throws<ArgumentException>(() => QuantizedWeights.Encode(format, 1, 3, w, group, scratch)).Message, StringComparison.Ordinal);
        }
        Assert.Throws<ArgumentException>(() => QuantizedProductTests.Encode(WeightFormat.Q4, 1, 2, [-3000, 3000]));
    }

    [Fact]
    public void BytesAreCounted()
    {
        Assert.Equal(4096L * 4096 / 2 * 9 / 8, QuantizedWeights.ByteLength(WeightFormat.Q4, 4096, 4096));
        Assert.Equal(2 * 2 * 544, QuantizedWeights.ByteLength(WeightFormat.Q8, 17, 33));
        Assert.Equal(2 * 17 * 33, QuantizedWeights.ByteLength(WeightFormat.BF16, 17, 33));
        Assert.Equal(4L * int.MaxValue * (1L << 28), QuantizedWeights.ByteLength(WeightFormat.F32, int.MaxValue, 1 << 28));
        Assert.Throws<OverflowException>(() => QuantizedWeights.ByteLength(WeightFormat.F32, int.MaxValue, int.MaxValue));
    }

    private static double Error(WeightFormat format, int rows, int inputs, float[] w)
    {
        byte[] bytes = QuantizedProductTests.Encode(format, rows, inputs, w);
        double error = 0, size = 0;
        float[] row = new float[inputs];
        for (int o = 0; o < rows; o++)
        {
            QuantizedWeights.DecodeRow(format, inputs, QuantizedProductTests.Group(format, inputs, bytes, o), o % 16, row);
            for (int i = 0; i < inputs; i++)
            {
                error += Math.Pow(row[i] - w[o * inputs + i], 2);
                size += Math.Pow(w[o * inputs + i], 2);
            }
        }
        return size == 0 ? error : Math.Sqrt(error / size);
    }
}
