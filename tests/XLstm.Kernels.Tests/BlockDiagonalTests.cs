using CsCheck;

namespace XLstm.Kernels.Tests;

public class BlockDiagonalTests
{
    private static readonly int[] Rows = [0, 1, 2, 3, 5, 8, 31, 32, 33, 70];
    private static readonly Gen<int> RowCount = Gen.Int[0, Rows.Length - 1].Select(i => Rows[i]);

    [Fact]
    public void SquareBlocksMatchDoubleAtEveryWidth()
    {
        Gen.Select(RowCount, Gen.Int[0, 17], Gen.Int[1, 16], Gen.Bool, Gen.Int[0, 3])
            .Sample((rows, heads, block, bias, gap) => CheckAll(rows, heads, block, block, bias, gap), iter: 150, threads: 1);
    }

    [Fact]
    public void BlocksOfFourAndEightMatchDoubleAtEveryWidth()
    {
        for (int heads = 1; heads <= 9; heads++)
        {
            CheckAll(33, heads, 4, 4, heads % 2 == 0, heads % 3);
            CheckAll(33, heads, 8, 8, heads % 2 == 1, heads % 3);
        }
    }

    [Fact]
    public void RectangularBlocksMatchDoubleAtEveryWidth()
    {
        Gen.Select(RowCount, Gen.Int[0, 5], Gen.Int[0, 40], Gen.Int[0, 40], Gen.Bool, Gen.Int[0, 3])
            .Sample((rows, heads, outputs, inputs, bias, gap) => CheckAll(rows, heads, outputs, inputs, bias, gap), iter: 60, threads: 1);
    }

    [Fact]
    public void NothingIsAddedToGradientsNobodyWants()
    {
        float[] x = Values(6 * 8, 1), w = Values(2 * 16, 2), dy = Values(6 * 8, 3), scratch = new float[BlockDiagonal.ScratchLength(6, 2, 4, 4)];
        float[] dx = new float[48], dw = new float[32], db = new float[8], dxAlone = new float[48], dwAlone = new float[32], dbAlone = new float[8];
        BlockDiagonal.Backward(6, 2, 4, 4, x, 8, w, dy, 8, dx, 8, dw, db, scratch);
        BlockDiagonal.Backward(6, 2, 4, 4, [], 8, w, dy, 8, dxAlone, 8, [], [], scratch);
        BlockDiagonal.Backward(6, 2, 4, 4, x, 8, [], dy, 8, [], 8, dwAlone, [], scratch);
        BlockDiagonal.Backward(6, 2, 4, 4, [], 8, [], dy, 8, [], 8, [], dbAlone, scratch);
        Assert.Equal(dx, dxAlone);
        Assert.Equal(dw, dwAlone);
        Assert.Equal(db, dbAlone);
    }

    /// <summary>An empty part of an array that goes on: no bias all the same.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(32)]
    public void AnEmptyBiasIsNone(int block)
    {
        float[] x = Values(6 * block, 1), w = Values(block * block, 2), y = new float[6 * block], expected = new float[6 * block];
        float[] scratch = new float[BlockDiagonal.ScratchLength(6, 1, block, block)];
        BlockDiagonal.Forward(6, 1, block, block, x, block, w, default, expected, block, scratch);
        BlockDiagonal.Forward(6, 1, block, block, x, block, w, x.AsSpan(0, 0), y, block, scratch);
        Assert.Equal(expected, y);
    }

    /// <summary>Rows in blocks of at least 5, or of any size where a block is 4 wide: the same bits.</summary>
    [Theory]
    [InlineData(4, 1)]
    [InlineData(8, 5)]
    [InlineData(24, 5)]
    public void RowsDoNotDependOnTheSplit(int block, int part)
    {
        const int Total = 45;
        int width = 3 * block;
        float[] x = Values(Total * width, 1), w = Values(width * block, 2), bias = Values(width, 3), whole = new float[Total * width], parts = new float[Total * width];
        float[] scratch = new float[BlockDiagonal.ScratchLength(Total, 3, block, block)];
        BlockDiagonal.Forward(Total, 3, block, block, x, width, w, bias, whole, width, scratch);
        for (int r = 0; r < Total; r += part)
            BlockDiagonal.Forward(part, 3, block, block, x.AsSpan(r * width), width, w, bias, parts.AsSpan(r * width), width, scratch);
        Assert.Equal(whole, parts);
    }

    /// <summary>A block sees nothing of its neighbours, not even an infinity.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    public void BlocksDoNotTouchEachOther(int block)
    {
        float[] x = Values(3 * block, 1), w = Values(3 * block * block, 2), y = new float[3 * block];
        x[block] = float.PositiveInfinity;
        BlockDiagonal.Forward(1, 3, block, block, x, 3 * block, w, [], y, 3 * block, new float[BlockDiagonal.ScratchLength(1, 3, block, block)]);
        for (int f = 0; f < y.Length; f++)
            Assert.Equal(f / block != 1, float.IsFinite(y[f]));
    }

    [Fact]
    public void WrongShapesNameTheParameter()
    {
        float[] x = new float[100], scratch = new float[10000];
        Assert.Equal("x", Assert.Throws<ArgumentException>(() => BlockDiagonal.Forward(3, 2, 4, 4, x.AsSpan(0, 23), 8, x, [], x, 8, scratch)).ParamName);
        Assert.Equal("weight", Assert.Throws<ArgumentException>(() => BlockDiagonal.Forward(3, 2, 4, 4, x, 8, x.AsSpan(0, 31), [], x, 8, scratch)).ParamName);
        Assert.Equal("bias", Assert.Throws<ArgumentException>(() => BlockDiagonal.Forward(3, 2, 4, 4, x, 8, x, x.AsSpan(0, 7), x, 8, scratch)).ParamName);
        Assert.Equal("yStride", Assert.Throws<ArgumentOutOfRangeException>(() => BlockDiagonal.Forward(3, 2, 4, 4, x, 8, x, [], x, 7, scratch)).ParamName);
        Assert.Equal("scratch", Assert.Throws<ArgumentException>(() => BlockDiagonal.Forward(3, 2, 4, 4, x, 8, x, [], x, 8, [])).ParamName);
        Assert.Equal("dWeight", Assert.Throws<ArgumentException>(() => BlockDiagonal.Backward(3, 2, 4, 4, x, 8, x, x, 8, [], 8, new float[31], [], scratch)).ParamName);
        Assert.Equal("dBias", Assert.Throws<ArgumentException>(() => BlockDiagonal.Backward(3, 2, 4, 4, x, 8, x, x, 8, [], 8, [], new float[7], scratch)).ParamName);
        Assert.Equal("heads", Assert.Throws<ArgumentOutOfRangeException>(() => BlockDiagonal.ScratchLength(3, -1, 4, 4)).ParamName);
    }

    private static void CheckAll(int rows, int heads, int outputs, int inputs, bool bias, int gap)
    {
        Check<Lanes1>(rows, heads, outputs, inputs, bias, gap);
        Check<Lanes4>(rows, heads, outputs, inputs, bias, gap);
        Check<Lanes8>(rows, heads, outputs, inputs, bias, gap);
        Check<Lanes16>(rows, heads, outputs, inputs, bias, gap);
    }

    private static void Check<L>(int rows, int heads, int outputs, int inputs, bool withBias, int gap) where L : struct, ILanes<L>
    {
        int xStride = heads * inputs + gap, yStride = heads * outputs + gap;
        float[] x = Values(rows * xStride, 1), w = Values(heads * outputs * inputs, 2), bias = withBias ? Values(heads * outputs, 3) : [];
        float[] dy = Values(rows * yStride, 4), y0 = Values(rows * yStride, 5), dx0 = Values(rows * xStride, 6), dw0 = Values(w.Length, 7), db0 = Values(heads * outputs, 8);
        float[] y = [.. y0], dx = [.. dx0], dw = [.. dw0], db = [.. db0], scratch = new float[BlockDiagonal.ScratchLength(rows, heads, outputs, inputs)];
        Array.Fill(scratch, float.NaN);
        BlockDiagonal.Forward<L>(rows, heads, outputs, inputs, x, xStride, w, bias, y, yStride, scratch);
        Array.Fill(scratch, float.NaN);
        BlockDiagonal.Backward<L>(rows, heads, outputs, inputs, x, xStride, w, dy, yStride, dx, xStride, dw, db, scratch);

        double[] yRef = [.. y0], dxRef = [.. dx0], dwRef = [.. dw0], dbRef = [.. db0];
        for (int r = 0; r < rows; r++)
        {
            for (int h = 0; h < heads; h++)
            {
                for (int o = 0; o < outputs; o++)
                {
                    int f = h * outputs + o;
                    double sum = withBias ? bias[f] : 0, d = dy[r * yStride + f];
                    for (int i = 0; i < inputs; i++)
                    {
                        int at = (h * outputs + o) * inputs + i, xi = r * xStride + h * inputs + i;
                        sum += (double)w[at] * x[xi];
                        dxRef[xi] += w[at] * d;
                        dwRef[at] += d * x[xi];
                    }

                    yRef[r * yStride + f] = sum;
                    dbRef[f] += d;
                }
            }
        }

        string shape = $"{typeof(L).Name} rows {rows}, heads {heads}, {outputs} from {inputs}";
        AssertClose(yRef, y, "y", shape);
        AssertClose(dxRef, dx, "dx", shape);
        AssertClose(dwRef, dw, "dw", shape);
        AssertClose(dbRef, db, "db", shape);
    }

    private static void AssertClose(double[] expected, float[] actual, string name, string shape)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-5, $"{name}[{i}] is {actual[i]}, expected {expected[i]}: {shape}");
    }

    private static float[] Values(int length, int seed)
    {
        var random = new Random(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++)
            values[i] = (float)(random.NextDouble() * 2 - 1);
        return values;
    }
}
