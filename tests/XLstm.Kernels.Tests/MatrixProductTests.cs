using CsCheck;

namespace XLstm.Kernels.Tests;

public class MatrixProductTests
{
    private static readonly int[] Sizes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 31, 32, 33, 63, 65, 97, 130];
    private static readonly Gen<int> Size = Gen.Int[0, Sizes.Length - 1].Select(i => Sizes[i]);

    [Fact]
    public void MatchesDoubleAtEveryWidth()
    {
        Gen.Select(Size, Size, Size, Gen.Bool, Gen.Bool, Gen.Bool, Gen.Int[0, 5])
            .Sample((m, n, k, transposeA, transposeB, accumulate, gap) =>
            {
                Check<Lanes1>(m, n, k, transposeA, transposeB, accumulate, gap);
                Check<Lanes4>(m, n, k, transposeA, transposeB, accumulate, gap);
                Check<Lanes8>(m, n, k, transposeA, transposeB, accumulate, gap);
                Check<Lanes16>(m, n, k, transposeA, transposeB, accumulate, gap);
            }, iter: 400, threads: 1);
    }

    [Theory]
    [InlineData(3, 5, 1030)]
    [InlineData(100, 37, 300)]
    [InlineData(200, 530, 257)]
    [InlineData(7, 1100, 513)]
    public void MatchesDoubleOverSeveralBlocks(int m, int n, int k)
    {
        foreach (bool transposeA in (bool[])[false, true])
        {
            foreach (bool transposeB in (bool[])[false, true])
            {
                Check<Lanes4>(m, n, k, transposeA, transposeB, true, 3);
                Check<Lanes8>(m, n, k, transposeA, transposeB, false, 0);
                Check<Lanes16>(m, n, k, transposeA, transposeB, true, 1);
            }
        }
    }

    /// <summary>A read across pages is copied first: the values and the bits of any other layout.</summary>
    [Theory]
    [InlineData(1, 5, 385)]
    [InlineData(64, 70, 1030)]
    [InlineData(203, 33, 777)]
    public void ColumnsPagesApart(int m, int n, int k)
    {
        Check<Lanes1>(m, n, k, true, false, false, 1024 - m);
        Check<Lanes4>(m, n, k, true, false, true, 1024 - m);
        Check<Lanes8>(m, n, k, true, true, false, 1024 - m);
        Check<Lanes16>(m, n, k, true, false, true, 1024 - m);

        Matrix near = new(k, m, m, 1), far = new(k, m, 1024, 1), b = new(k, n, n, 2);
        float[] expected = new float[m * n], c = new float[m * n], packed = new float[MatrixProduct.PackedLength(k, n)], scratch = Scratch(m, n, k);
        MatrixProduct.Pack(false, k, n, b.Values, n, packed);
        MatrixProduct.MultiplyPacked(true, m, n, k, near.Values, m, packed, expected, n, false, scratch);
        MatrixProduct.MultiplyPacked(true, m, n, k, far.Values, 1024, packed, c, n, false, scratch);
        Assert.Equal(expected, c);
    }

    /// <summary>Scratch for the largest of several products serves each of them.</summary>
    [Fact]
    public void ScratchGrowsWithEverySize()
    {
        Gen.Select(Size, Size, Gen.Int[0, 900], Gen.Int[0, 900]).Sample((m, n, k, more) =>
        {
            Assert.True(MatrixProduct.ScratchLength(m, n, k) <= MatrixProduct.ScratchLength(m + 1, n + 1, k + more));
            Assert.True(MatrixProduct.PackedScratchLength(m, k) <= MatrixProduct.PackedScratchLength(m + 1, k + more));
        });
    }

    /// <summary>Rows in any blocks of at least 5, packed or not, any column range, any layout of A: the same bits.</summary>
    [Fact]
    public void RowsDoNotDependOnTheSplit()
    {
        Gen.Select(Gen.Int[10, 60], Gen.Int[1, 70], Gen.Int[1, 600], Gen.Bool).Sample((m, n, k, transposeB) =>
        {
            var at = new Matrix(k, m, m, 1);
            var a = new Matrix(m, k, k, 2);
            for (int i = 0; i < m; i++)
            {
                for (int p = 0; p < k; p++)
                    at.Values[p * m + i] = a.Values[i * k + p];
            }

            Matrix b = transposeB ? new(n, k, k, 3) : new(k, n, n, 3);
            float[] whole = new float[m * n], parts = new float[m * n], packed = new float[MatrixProduct.PackedLength(k, n)];
            float[] scratch = Scratch(m, n, k);
            MatrixProduct.Multiply(false, transposeB, m, n, k, a.Values, k, b.Values, b.Stride, whole, n, false, scratch);

            int half = Math.Max(5, m / 3);
            MatrixProduct.Multiply(false, transposeB, half, n, k, a.Values, k, b.Values, b.Stride, parts, n, false, scratch);
            MatrixProduct.Multiply(false, transposeB, m - half, n, k, a.Values.AsSpan(half * k), k, b.Values, b.Stride, parts.AsSpan(half * n), n, false, scratch);
            Assert.Equal(whole, parts);

            MatrixProduct.Multiply(true, transposeB, m, n, k, at.Values, m, b.Values, b.Stride, parts, n, false, scratch);
            Assert.Equal(whole, parts);

            MatrixProduct.Pack(transposeB, k, n, b.Values, b.Stride, packed);
            for (int i = 0; i < m; i += 3)
                MatrixProduct.MultiplyPacked(false, Math.Min(3, m - i), n, k, a.Values.AsSpan(i * k), k, packed, parts.AsSpan(i * n), n, false, scratch);
            Assert.Equal(whole, parts);

            // Panel by panel, the last of them narrower.
            float[] cleared = new float[m * n];
            for (int j = 0; j < n; j += MatrixProduct.PackedColumns)
                MatrixProduct.MultiplyPackedColumns(false, m, n, j, Math.Min(MatrixProduct.PackedColumns, n - j), k, a.Values, k, packed, cleared.AsSpan(j), n, false, scratch);
            Assert.Equal(whole, cleared);
        }, iter: 100, threads: 1);
    }

    /// <summary>Columns that are not there, or that do not begin and end between panels, are refused.</summary>
    [Theory]
    [InlineData(-32, 32)]
    [InlineData(16, 32)]
    [InlineData(0, 40)]
    [InlineData(64, 64)]
    [InlineData(32, -1)]
    public void PartsOfPackedColumnsAreWholePanels(int from, int count)
    {
        float[] x = new float[10_000];
        Assert.Equal("from", Assert.Throws<ArgumentOutOfRangeException>(() => MatrixProduct.MultiplyPackedColumns(false, 2, 100, from, count, 8, x, 8, x, x, 100, false, x)).ParamName);
    }

    /// <summary>x W^T for one row at a time or four: the same bits.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 33)]
    [InlineData(66, 515)]
    public void FewRowsDoNotDependOnTheSplit(int n, int k)
    {
        Matrix a = new(4, k, k, 1), w = new(n, k, k, 2);
        float[] scratch = new float[MatrixProduct.ScratchLength(4, n, k)];
        float[] single = new float[4 * n];
        for (int i = 0; i < 4; i++)
            MatrixProduct.Multiply(false, true, 1, n, k, a.Values.AsSpan(i * k), k, w.Values, k, single.AsSpan(i * n), n, false, scratch);
        for (int m = 2; m <= 4; m++)
        {
            float[] together = new float[m * n];
            MatrixProduct.Multiply(false, true, m, n, k, a.Values, k, w.Values, k, together, n, false, scratch);
            Assert.Equal(single[..(m * n)], together);
        }
    }

    [Fact]
    public void AllocatesNothing()
    {
        float[] a = new float[70 * 70], b = new float[70 * 70], c = new float[70 * 70], packed = new float[MatrixProduct.PackedLength(70, 70)];
        float[] scratch = new float[MatrixProduct.ScratchLength(70, 70, 70)];
        Products();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Products();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Products()
        {
            MatrixProduct.Multiply(false, true, 70, 70, 70, a, 70, b, 70, c, 70, false, scratch);
            MatrixProduct.Multiply(false, true, 3, 70, 70, a, 70, b, 70, c, 70, true, scratch);
            MatrixProduct.Pack(false, 70, 70, b, 70, packed);
            MatrixProduct.MultiplyPacked(true, 70, 70, 70, a, 70, packed, c, 70, false, scratch);
        }
    }

    [Fact]
    public void WrongShapesNameTheParameter()
    {
        float[] x = new float[100];
        Assert.Equal("a", Assert.Throws<ArgumentException>(() => MatrixProduct.Multiply(false, false, 3, 2, 4, x.AsSpan(0, 11), 4, x, 2, x, 2, false, new float[10000])).ParamName);
        Assert.Equal("b", Assert.Throws<ArgumentException>(() => MatrixProduct.Multiply(false, true, 3, 2, 4, x, 4, x.AsSpan(0, 7), 4, x, 2, false, new float[10000])).ParamName);
        Assert.Equal("c", Assert.Throws<ArgumentException>(() => MatrixProduct.Multiply(false, false, 3, 2, 4, x, 4, x, 2, x.AsSpan(0, 5), 2, false, new float[10000])).ParamName);
        Assert.Equal("ldb", Assert.Throws<ArgumentOutOfRangeException>(() => MatrixProduct.Multiply(false, false, 3, 2, 4, x, 4, x, 1, x, 2, false, new float[10000])).ParamName);
        Assert.Equal("m", Assert.Throws<ArgumentOutOfRangeException>(() => MatrixProduct.Multiply(false, false, -1, 2, 4, x, 4, x, 2, x, 2, false, new float[10000])).ParamName);
        Assert.Equal("scratch", Assert.Throws<ArgumentException>(() => MatrixProduct.Multiply(false, false, 3, 2, 4, x, 4, x, 2, x, 2, false, [])).ParamName);
        Assert.Equal("packed", Assert.Throws<ArgumentException>(() => MatrixProduct.Pack(false, 4, 2, x, 2, [])).ParamName);
    }

    private static void Check<L>(int m, int n, int k, bool transposeA, bool transposeB, bool accumulate, int gap) where L : struct, ILanes<L>
    {
        // The gaps between rows are NaN, so that a read beyond a row shows in the result.
        Matrix a = transposeA ? new(k, m, m + gap, 1) : new(m, k, k + gap, 1);
        Matrix b = transposeB ? new(n, k, k + gap, 2) : new(k, n, n + gap, 2);
        Matrix before = new(m, n, n + gap, 3);
        float[] c = (float[])before.Values.Clone(), packedC = (float[])before.Values.Clone();
        float[] packed = Garbage(MatrixProduct.PackedLength(k, n));
        MatrixProduct.Multiply<L>(transposeA, transposeB, m, n, k, a.Values, a.Stride, b.Values, b.Stride, c, n + gap, accumulate, Garbage(MatrixProduct.ScratchLength(m, n, k)));
        for (int piece = 0; piece < MatrixProduct.PackPieces(k); piece++)
            MatrixProduct.PackPiece<L>(piece, transposeB, k, n, b.Values, b.Stride, packed);
        MatrixProduct.MultiplyPacked<L>(transposeA, m, n, 0, n, k, a.Values, a.Stride, packed, packedC, n + gap, accumulate, Garbage(MatrixProduct.PackedScratchLength(m, k)));
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n + gap && i * (n + gap) + j < c.Length; j++)
            {
                int at = i * (n + gap) + j;
                if (j >= n)
                {
                    Assert.Equal(before.Values[at], c[at]);
                    Assert.Equal(before.Values[at], packedC[at]);
                    continue;
                }

                double sum = accumulate ? before.Values[at] : 0, size = Math.Abs(sum);
                for (int p = 0; p < k; p++)
                {
                    double term = (double)(transposeA ? a[p, i] : a[i, p]) * (transposeB ? b[j, p] : b[p, j]);
                    sum += term;
                    size += Math.Abs(term);
                }

                double tolerance = 1e-6 * (1 + Math.Sqrt(k)) * size;
                Assert.True(Math.Abs(sum - c[at]) <= tolerance, $"{typeof(L).Name} [{i}, {j}] of {m}x{n}x{k}: {c[at]}, expected {sum}");
                Assert.True(Math.Abs(sum - packedC[at]) <= tolerance, $"{typeof(L).Name} packed [{i}, {j}] of {m}x{n}x{k}: {packedC[at]}, expected {sum}");
            }
        }
    }

    private static float[] Scratch(int m, int n, int k) =>
        new float[Math.Max(MatrixProduct.ScratchLength(m, n, k), MatrixProduct.PackedScratchLength(m, k))];

    private static float[] Garbage(int length)
    {
        float[] values = new float[length];
        Array.Fill(values, float.NaN);
        return values;
    }

    private sealed class Matrix
    {
        public Matrix(int rows, int columns, int stride, int seed)
        {
            var random = new Random(seed);
            Stride = stride;
            Values = Garbage(rows == 0 || columns == 0 ? 0 : (rows - 1) * stride + columns);
            for (int i = 0; i < rows; i++)
            {
                for (int j = 0; j < columns; j++)
                    Values[i * stride + j] = (float)(random.NextDouble() * 2 - 1);
            }
        }

        public float[] Values { get; }

        public int Stride { get; }

        public float this[int i, int j] => Values[i * Stride + j];
    }
}
