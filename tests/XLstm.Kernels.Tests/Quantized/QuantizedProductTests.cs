namespace XLstm.Kernels.Tests;

public sealed class QuantizedProductTests
{
    public static TheoryData<WeightFormat, int, int, int> Shapes()
    {
        var shapes = new TheoryData<WeightFormat, int, int, int>();
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.Q4, WeightFormat.Q8])
            foreach ((int m, int outputs, int inputs) in ((int, int, int)[])[(1, 1, 1), (1, 16, 32), (2, 17, 33), (3, 15, 31), (4, 40, 64), (7, 33, 100), (9, 5, 1100), (22, 18, 600), (1, 16, 0)])
                shapes.Add(format, m, outputs, inputs);
        return shapes;
    }

    /// <summary>The page that documents the bytes, line by line, in plain code: the same bits at every width, and for rows alone.</summary>
    [Theory]
    [MemberData(nameof(Shapes))]
    public void EqualsThePlainLinesToTheBit(WeightFormat format, int m, int outputs, int inputs)
    {
        float[] x = Numbers.Normal(1, m * inputs), w = Numbers.Normal(2, outputs * inputs, 0.05f);
        byte[] bytes = Encode(format, outputs, inputs, w);
        float[] expected = Plain(format, m, outputs, inputs, x, bytes);
        foreach (int width in (int[])[4, 8, 16, 0])
        {
            Guarded together = Product(width, format, m, outputs, inputs, x, bytes);
            for (int i = 0; i < m; i++)
            {
                float[] alone = Product(width, format, 1, outputs, inputs, x.AsSpan(i * inputs, inputs).ToArray(), bytes).ToArray()[..outputs];
                for (int o = 0; o < outputs; o++)
                {
                    Assert.Equal(expected[i * outputs + o], together.Content[i * (outputs + 3) + o]);
                    Assert.Equal(expected[i * outputs + o], alone[o]);
                }
                if (i + 1 < m)
                    Assert.False(together.Content.Slice(i * (outputs + 3) + outputs, 3).ContainsAnyExcept(float.NaN), "written between rows");
            }
        }
    }

    [Theory]
    [InlineData(WeightFormat.Q4, 0.006)]
    [InlineData(WeightFormat.Q8, 0.00004)]
    public void WholeNumbersOfXLoseLittle(WeightFormat format, double tolerance)
    {
        const int m = 3, outputs = 32, inputs = 512;
        float[] x = Numbers.Normal(1, m * inputs), w = Numbers.Normal(2, outputs * inputs, 0.05f);
        byte[] bytes = Encode(format, outputs, inputs, w);
        Span<float> y = Product(0, format, m, outputs, inputs, x, bytes);
        double error = 0, size = 0;
        float[] row = new float[inputs];
        for (int o = 0; o < outputs; o++)
        {
            QuantizedWeights.DecodeRow(format, inputs, Group(format, inputs, bytes, o), o % 16, row);
            for (int i = 0; i < m; i++)
            {
                double exact = Numbers.Dot(Numbers.ToDouble(row), x.AsSpan(i * inputs, inputs));
                error += Math.Pow(exact - y[i * (outputs + 3) + o], 2);
                size += exact * exact;
            }
        }
        Assert.InRange(Math.Sqrt(error / size), 0, tolerance);
    }

    [Theory]
    [InlineData(WeightFormat.Q4)]
    [InlineData(WeightFormat.Q8)]
    public void WhatIsNotFiniteInXStaysSo(WeightFormat format)
    {
        byte[] bytes = Encode(format, 16, 64, Numbers.Normal(2, 16 * 64));
        foreach (float value in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            float[] x = Numbers.Normal(1, 64);
            x[40] = value;
            foreach (float y in Product(0, format, 1, 16, 64, x, bytes).Content[..16])
                Assert.True(float.IsNaN(y));
        }
    }

    [Theory]
    [InlineData(WeightFormat.Q4)]
    [InlineData(WeightFormat.Q8)]
    public void TheSmallestAndLargestNumbersFit(WeightFormat format)
    {
        foreach (float scale in (float[])[0f, 1e-44f, 1e-20f, 1e30f])
        {
            byte[] bytes = Encode(format, 16, 64, Numbers.Normal(2, 16 * 64));
            foreach (float y in Product(0, format, 1, 16, 64, Numbers.Normal(1, 64, scale), bytes).Content[..16])
                Assert.InRange(MathF.Abs(y), 0, 100 * scale);
        }
    }

    [Fact]
    public void AllocatesNothing()
    {
        byte[] bytes = Encode(WeightFormat.Q4, 32, 96, Numbers.Normal(2, 32 * 96)), eight = Encode(WeightFormat.Q8, 32, 96, Numbers.Normal(2, 32 * 96));
        float[] x = Numbers.Normal(1, 5 * 96), y = new float[5 * 32], scratch = new float[5 * 16];
        float[] rows = new float[5 * QuantizedProduct.RowLength(WeightFormat.Q8, 96)];
        Products();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Products();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Products()
        {
            QuantizedProduct.Quantize(WeightFormat.Q4, 5, 96, x, rows);
            QuantizedProduct.Multiply(WeightFormat.Q4, 5, 32, 96, rows, bytes, y, 32, scratch);
            QuantizedProduct.Quantize(WeightFormat.Q8, 5, 96, x, rows);
            QuantizedProduct.Multiply(WeightFormat.Q8, 5, 32, 96, rows, eight, y, 32, scratch);
        }
    }

    [Fact]
    public void WrongShapesNameTheParameter()
    {
        float[] x = new float[64], y = new float[64], scratch = new float[64];
        byte[] w = new byte[2 * 288];
        Assert.Equal("format", Assert.Throws<ArgumentOutOfRangeException>(() => QuantizedProduct.Quantize(WeightFormat.BF16, 1, 32, x, x)).ParamName);
        Assert.Equal("x", Assert.Throws<ArgumentException>(() => QuantizedProduct.Quantize(WeightFormat.Q4, 3, 32, x, y)).ParamName);
        Assert.Equal("rows", Assert.Throws<ArgumentException>(() => QuantizedProduct.Quantize(WeightFormat.Q4, 2, 32, x, y.AsSpan(0, 19))).ParamName);
        Assert.Equal("rows", Assert.Throws<ArgumentException>(() => QuantizedProduct.Multiply(WeightFormat.Q4, 2, 16, 32, x.AsSpan(0, 19), w, y, 16, scratch)).ParamName);
        Assert.Equal("w", Assert.Throws<ArgumentException>(() => QuantizedProduct.Multiply(WeightFormat.Q4, 1, 33, 32, x, w, y, 33, scratch)).ParamName);
        Assert.Equal("w", Assert.Throws<ArgumentException>(() => QuantizedProduct.Multiply(WeightFormat.Q8, 1, 32, 32, x, w, y, 32, scratch)).ParamName);
        Assert.Equal("y", Assert.Throws<ArgumentException>(() => QuantizedProduct.Multiply(WeightFormat.Q4, 1, 16, 32, x, w, y.AsSpan(0, 15), 16, scratch)).ParamName);
        Assert.Equal("scratch", Assert.Throws<ArgumentException>(() => QuantizedProduct.Multiply(WeightFormat.Q4, 1, 16, 32, x, w, y, 16, scratch.AsSpan(0, 15))).ParamName);
    }

    internal static byte[] Encode(WeightFormat format, int outputs, int inputs, float[] w)
    {
        byte[] bytes = new byte[QuantizedWeights.ByteLength(format, outputs, inputs)];
        float[] scratch = new float[QuantizedWeights.EncodeScratchLength];
        for (int o = 0; o < outputs; o += 16)
        {
            int rows = Math.Min(16, outputs - o);
            QuantizedWeights.Encode(format, rows, inputs, w.AsSpan(o * inputs, rows * inputs), bytes.AsSpan(o / 16 * GroupBytes(format, inputs), GroupBytes(format, inputs)), scratch);
        }
        return bytes;
    }

    internal static ReadOnlySpan<byte> Group(WeightFormat format, int inputs, byte[] bytes, int row) =>
        bytes.AsSpan(row / 16 * GroupBytes(format, inputs), GroupBytes(format, inputs));

    private static int GroupBytes(WeightFormat format, int inputs) => QuantizedWeights.Blocks(inputs) * QuantizedWeights.BlockBytes(format);

    private static Guarded Product(int width, WeightFormat format, int m, int outputs, int inputs, float[] x, byte[] bytes)
    {
        var rows = new Guarded(m * QuantizedProduct.RowLength(format, inputs));
        QuantizedProduct.Quantize(format, m, inputs, x, rows);
        var scratch = new Guarded(QuantizedProduct.ScratchLength(m));
        var y = new Guarded(m * (outputs + 3));
        switch (width)
        {
            case 16: QuantizedProduct.Multiply<ByteLanes16>(format, m, outputs, inputs, rows.Content, bytes, y, outputs + 3, scratch); break;
            case 8: QuantizedProduct.Multiply<ByteLanes8>(format, m, outputs, inputs, rows.Content, bytes, y, outputs + 3, scratch); break;
            case 4: QuantizedProduct.Multiply<ByteLanes4>(format, m, outputs, inputs, rows.Content, bytes, y, outputs + 3, scratch); break;
            default: QuantizedProduct.Multiply(format, m, outputs, inputs, rows.Content, bytes, y, outputs + 3, scratch); break;
        }
        _ = scratch.Content;
        return y;
    }

    // y from the documented bytes of W.
    private static float[] Plain(WeightFormat format, int m, int outputs, int inputs, float[] x, byte[] bytes)
    {
        var y = new float[m * outputs];
        int size = format == WeightFormat.Q4 ? 288 : 544, blocks = (inputs + 31) / 32, most = format == WeightFormat.Q4 ? 127 : 32767;
        for (int i = 0; i < m; i++)
        {
            for (int o = 0; o < outputs; o++)
            {
                float sum = 0;
                for (int b = 0; b < blocks; b++)
                {
                    ReadOnlySpan<byte> block = bytes.AsSpan((o / 16 * blocks + b) * size, size);
                    float[] part = new float[32];
                    x.AsSpan(i * inputs + b * 32, Math.Min(32, inputs - b * 32)).CopyTo(part);
                    float max = part.Max(MathF.Abs);
                    int r = o % 16, header = block[2 * r] + 256 * block[2 * r + 1], total = 0;
                    float scale = format == WeightFormat.Q4
                        ? 0.25f * MathF.ScaleB(1 + (header >> 6 & 31) / 32f, (header >> 11) - 24)
                        : BitConverter.UInt32BitsToSingle((uint)header << 16);
                    for (int k = 0; k < 32; k++)
                    {
                        int code = format == WeightFormat.Q4
                            ? 4 * (block[32 + 4 * (16 * (k / 8) + r) + k % 4] >> (k % 8 < 4 ? 0 : 4) & 15) - (header & 63)
                            : (sbyte)block[32 + 4 * (16 * (k / 4) + r) + k % 4];
                        total += code * (int)MathF.Round(part[k] * (most / max));
                    }
                    sum += total * (scale * (max / most));
                }
                y[i * outputs + o] = sum;
            }
        }
        return y;
    }
}
