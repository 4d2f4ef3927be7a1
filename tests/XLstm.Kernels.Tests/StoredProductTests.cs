using System.Runtime.InteropServices;

namespace XLstm.Kernels.Tests;

public sealed class StoredProductTests
{
    public static TheoryData<WeightFormat, int, int, int> Shapes()
    {
        var shapes = new TheoryData<WeightFormat, int, int, int>();
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.BF16, WeightFormat.F16])
            foreach ((int m, int outputs, int inputs) in ((int, int, int)[])[(1, 1, 1), (2, 3, 67), (3, 17, 130), (4, 5, 0), (5, 20, 33), (9, 40, 385), (6, 3, 1000), (7, 2, 0)])
                shapes.Add(format, m, outputs, inputs);
        return shapes;
    }

    /// <summary>The product of the numbers as floats, at every width.</summary>
    [Theory]
    [MemberData(nameof(Shapes))]
    public void EqualsTheProductOfFloatsToTheBit(WeightFormat format, int m, int outputs, int inputs)
    {
        float[] x = Numbers.Normal(1, m * inputs);
        ushort[] w = [.. Numbers.Normal(2, outputs * inputs).Select(v => Stored(format, v))];
        float[] floats = [.. w.Select(v => Read(format, v))];
        Check<Lanes1>(format, m, outputs, inputs, x, w, floats);
        Check<Lanes4>(format, m, outputs, inputs, x, w, floats);
        Check<Lanes8>(format, m, outputs, inputs, x, w, floats);
        Check<Lanes16>(format, m, outputs, inputs, x, w, floats);
    }

    [Fact]
    public void EveryHalfIsReadRight()
    {
        ushort[] all = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        Check<Lanes1>(all);
        Check<Lanes4>(all);
        Check<Lanes8>(all);
        Check<Lanes16>(all);

        static void Check<L>(ushort[] halves) where L : struct, ILanes<L>
        {
            float[] values = new float[16];
            for (int i = 0; i + 16 <= halves.Length; i += L.Count)
            {
                L.Store(L.LoadHalf(ref halves[i], 0), ref values[0], 0);
                for (int lane = 0; lane < L.Count; lane++)
                {
                    float expected = (float)BitConverter.UInt16BitsToHalf(halves[i + lane]);
                    // What is no number has many forms.
                    Assert.True(float.IsNaN(expected) ? float.IsNaN(values[lane]) : BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(values[lane]), $"{halves[i + lane]:x4}: {values[lane]}");
                }
            }
        }
    }

    [Fact]
    public void WrongShapesNameTheParameter()
    {
        float[] x = new float[64], scratch = new float[10000];
        byte[] w = new byte[64];
        Assert.Equal("format", Assert.Throws<ArgumentOutOfRangeException>(() => StoredProduct.Multiply(WeightFormat.Q4, 1, 1, 32, x, w, x, 1, scratch)).ParamName);
        Assert.Equal("x", Assert.Throws<ArgumentException>(() => StoredProduct.Multiply(WeightFormat.BF16, 3, 1, 32, x, w, x, 1, scratch)).ParamName);
        Assert.Equal("w", Assert.Throws<ArgumentException>(() => StoredProduct.Multiply(WeightFormat.BF16, 1, 2, 32, x, w, x, 2, scratch)).ParamName);
        Assert.Equal("y", Assert.Throws<ArgumentException>(() => StoredProduct.Multiply(WeightFormat.F16, 2, 1, 32, x, w, x.AsSpan(0, 1), 1, scratch)).ParamName);
        Assert.Equal("scratch", Assert.Throws<ArgumentException>(() => StoredProduct.Multiply(WeightFormat.F16, 2, 1, 32, x, w, x, 1, [])).ParamName);
    }

    private static void Check<L>(WeightFormat format, int m, int outputs, int inputs, float[] x, ushort[] w, float[] floats) where L : struct, ILanes<L>
    {
        float[] expected = new float[m * outputs];
        MatrixProduct.Multiply<L>(false, true, m, outputs, inputs, x, inputs, floats, inputs, expected, outputs, false, new float[MatrixProduct.ScratchLength(m, outputs, inputs)]);
        var y = new Guarded(m * outputs);
        StoredProduct.Multiply<L>(format, m, outputs, inputs, x, MemoryMarshal.AsBytes<ushort>(w), y, outputs, new Guarded(StoredProduct.ScratchLength(format, m, outputs, inputs)));
        Assert.Equal(expected, y.ToArray());
    }

    private static ushort Stored(WeightFormat format, float value) =>
        format == WeightFormat.F16 ? BitConverter.HalfToUInt16Bits((Half)value) : (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);

    private static float Read(WeightFormat format, ushort bits) =>
        format == WeightFormat.F16 ? (float)BitConverter.UInt16BitsToHalf(bits) : BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
