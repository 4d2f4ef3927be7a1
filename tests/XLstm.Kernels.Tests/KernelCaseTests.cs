using XLstm.Kernels.Cases;

namespace XLstm.Kernels.Tests;

/// <summary>The shapes that are timed, at every lane width, beside double precision: all of a small result, a sample of a large one.</summary>
public class KernelCaseTests
{
    private const int Samples = 300;

    public static TheoryData<int> Products => Indices(KernelCases.Products);

    public static TheoryData<int> MLstm => Indices(KernelCases.MLstm);

    public static TheoryData<int> SLstm => Indices(KernelCases.SLstm);

    public static TheoryData<int> Blocks => Indices(KernelCases.Blocks);

    public static TheoryData<int> Convolutions => Indices(KernelCases.Convolutions);

    public static TheoryData<int> Norms => Indices(KernelCases.Norms);

    public static TheoryData<int> Losses => Indices(KernelCases.Losses);

    public static TheoryData<int> Activations => Indices(KernelCases.Activations);

    [Theory]
    [MemberData(nameof(Products))]
    public void Product(int index)
    {
        ProductCase shape = KernelCases.Products[index];
        (int m, int n, int k) = (shape.M, shape.N, shape.K);
        float[] a = Numbers.Normal(1, m * k), b = Numbers.Normal(2, k * n);
        Check<Lanes1>();
        Check<Lanes4>();
        Check<Lanes8>();
        Check<Lanes16>();

        void Check<L>() where L : struct, ILanes<L>
        {
            float[] c = new float[m * n], packed = new float[MatrixProduct.PackedLength(k, n)], throughPacked = new float[m * n];
            float[] scratch = new float[Math.Max(MatrixProduct.ScratchLength(m, n, k), MatrixProduct.PackedScratchLength(m, k))];
            MatrixProduct.Multiply<L>(shape.TransposeA, shape.TransposeB, m, n, k, a, shape.Strides.A, b, shape.Strides.B, c, n, false, scratch);
            for (int piece = 0; piece < MatrixProduct.PackPieces(k); piece++)
                MatrixProduct.PackPiece<L>(piece, shape.TransposeB, k, n, b, shape.Strides.B, packed);
            MatrixProduct.MultiplyPacked<L>(shape.TransposeA, m, n, 0, n, k, a, shape.Strides.A, packed, throughPacked, n, false, scratch);
            var random = new Random(3);
            for (int sample = 0; sample < Samples; sample++)
            {
                (int i, int j) = (random.Next(m), random.Next(n));
                double sum = 0;
                for (int p = 0; p < k; p++)
                    sum += (double)(shape.TransposeA ? a[p * m + i] : a[i * k + p]) * (shape.TransposeB ? b[j * k + p] : b[p * n + j]);
                Assert.Equal(sum, c[i * n + j], 1e-5 * Math.Sqrt(k));
                Assert.Equal(sum, throughPacked[i * n + j], 1e-5 * Math.Sqrt(k));
            }
        }
    }

    [Theory]
    [MemberData(nameof(MLstm))]
    public void MLstmChunkwise(int index)
    {
        (int T, int K, int V, int chunk) = KernelCases.MLstm[index];
        MLstmCase sequence = MLstmCase.Random(new Random(1), T, K, V, MLstmOptions.Default, state: true, dState: true);
        double[] h = sequence.Reference(sequence.Inputs()).H;
        MLstmCase.Gradients? narrow = null;
        foreach (int width in Lanes.Widths)
        {
            MLstmCase.Output output = sequence.Forward(chunk, width);
            Numbers.Close(h, output.H, 2e-3, $"h at width {width}");
            MLstmCase.Gradients gradients = sequence.Backward(chunk, width, output.H);
            narrow ??= gradients;
            foreach ((float[] one, float[] other) in (ReadOnlySpan<(float[], float[])>)[(narrow.Q, gradients.Q), (narrow.Key, gradients.Key), (narrow.Value, gradients.Value), (narrow.I, gradients.I), (narrow.F, gradients.F)])
                Assert.True(Distance(one, other) < 1e-3 * Size(one), $"A gradient at width {width} is {Distance(one, other) / Size(one)} from that at width 1.");
        }
    }

    [Theory]
    [MemberData(nameof(SLstm))]
    public void SLstmScan(int index)
    {
        SLstmCase scan = SLstmCase.Random(new Random(1), KernelCases.SLstm[index].Shape, CellFunction.SLstm);
        double[] y = scan.Reference().Y;
        SLstmCase.Result? narrow = null;
        foreach (int width in Lanes.Widths)
        {
            SLstmCase.Result run = scan.Run(width);
            Numbers.Close(y, run.Y, 5e-4, $"y at width {width}");
            narrow ??= run;
            Assert.True(Distance(narrow.DGates, run.DGates) < 1e-3 * Size(narrow.DGates), $"The gradient at width {width} is {Distance(narrow.DGates, run.DGates) / Size(narrow.DGates)} from that at width 1.");
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void BlockDiagonalMap(int index)
    {
        (int rows, int heads, int width) = KernelCases.Blocks[index];
        int features = heads * width;
        float[] x = Numbers.Normal(1, rows * features), w = Numbers.Normal(2, features * width), y = new float[rows * features];
        BlockDiagonal.Forward(rows, heads, width, width, x, features, w, [], y, features, new float[BlockDiagonal.ScratchLength(rows, heads, width, width)]);
        var random = new Random(3);
        for (int sample = 0; sample < Samples; sample++)
        {
            (int r, int f) = (random.Next(rows), random.Next(features));
            double sum = 0;
            for (int i = 0; i < width; i++)
                sum += (double)x[r * features + f / width * width + i] * w[f * width + i];
            Assert.Equal(sum, y[r * features + f], 1e-5 * Math.Sqrt(width));
        }
    }

    [Theory]
    [MemberData(nameof(Convolutions))]
    public void Convolution(int index)
    {
        (int T, int F, int size) = KernelCases.Convolutions[index];
        float[] x = Numbers.Normal(1, T * F), state = Numbers.Normal(2, (size - 1) * F), w = Numbers.Normal(3, F * size), bias = Numbers.Normal(4, F), y = new float[T * F];
        CausalConvolution.Forward(T, F, size, x, state, w, bias, y, new float[(size - 1) * F], new float[CausalConvolution.ScratchLength(size, F)]);
        for (int t = 0; t < T; t++)
            for (int f = 0; f < F; f++)
            {
                double sum = bias[f];
                for (int p = 0; p < size; p++)
                {
                    int at = t - (size - 1) + p;
                    sum += w[f * size + p] * (double)(at < 0 ? state[(at + size - 1) * F + f] : x[at * F + f]);
                }
                Assert.Equal(sum, y[t * F + f], 1e-5 * (1 + Math.Abs(sum)));
            }
    }

    [Theory]
    [MemberData(nameof(Norms))]
    public void LayerNorm(int index)
    {
        (int rows, int width, _) = KernelCases.Norms[index];
        float[] x = Numbers.Normal(1, rows * width), y = new float[rows * width];
        Normalization.Forward(NormKind.Layer, rows, 1, width, 1e-5f, false, x, [], [], y, new float[2 * rows]);
        for (int r = 0; r < rows; r++)
        {
            double mean = 0, square = 0;
            for (int i = 0; i < width; i++)
                (mean, square) = (mean + x[r * width + i] / (double)width, square + (double)x[r * width + i] * x[r * width + i] / width);
            for (int i = 0; i < width; i++)
                Assert.Equal((x[r * width + i] - mean) / Math.Sqrt(square - mean * mean + 1e-5), y[r * width + i], 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void CrossEntropyLoss(int index)
    {
        (int rows, int width, _) = KernelCases.Losses[index];
        float[] logits = Numbers.Normal(1, rows * width, 3), loss = new float[rows], sums = new float[rows];
        int[] labels = [.. Enumerable.Range(0, rows).Select(r => r * 7 % width)];
        CrossEntropy.Forward(rows, width, logits, labels, loss, sums);
        for (int r = 0; r < rows; r++)
        {
            double sum = 0;
            for (int i = 0; i < width; i++)
                sum += Math.Exp(logits[r * width + i]);
            Assert.Equal(Math.Log(sum) - logits[r * width + labels[r]], loss[r], 2e-5 * (1 + Math.Log(sum)));
        }
    }

    [Theory]
    [MemberData(nameof(Activations))]
    public void Swish(int index)
    {
        (int rows, int width, _) = KernelCases.Activations[index];
        float[] x = Numbers.Normal(1, rows * width, 3), y = new float[rows * width];
        Kernels.Activations.Forward(Activation.Swish, x, y);
        for (int i = 0; i < x.Length; i++)
            Assert.Equal(x[i] / (1 + Math.Exp(-x[i])), y[i], 1e-5 * (1 + Math.Abs(x[i])));
    }

    private static TheoryData<int> Indices<T>(IReadOnlyList<T> cases) => new(Enumerable.Range(0, cases.Count));

    private static double Distance(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => (double)(x - y) * (x - y)).Sum());

    private static double Size(float[] a) => Math.Sqrt(a.Sum(x => (double)x * x));
}
