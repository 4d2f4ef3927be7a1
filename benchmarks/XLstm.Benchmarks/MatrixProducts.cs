using System.Diagnostics;
using XLstm.Kernels;

namespace XLstm.Benchmarks;

/// <summary>GFLOP/s on one thread, per shape: medians over rounds in which the candidates take turns.</summary>
internal static class MatrixProducts
{
    private sealed record Shape(int M, int N, int K, bool TransposeA = false, bool TransposeB = false, int Gap = 0)
    {
        public override string ToString() => $"{M}x{N}x{K}{(TransposeA ? " A'" : "")}{(TransposeB ? " B'" : "")}{(Gap > 0 ? $" gap {Gap}" : "")}";
    }

    private static readonly Shape[] Shapes =
    [
        new(2048, 512, 128), new(2048, 128, 256), new(2048, 1024, 384), new(512, 2048, 512),
        new(512, 128, 2048, TransposeA: true), new(2048, 512, 128, TransposeB: true),
        new(64, 64, 64), new(64, 64, 64, TransposeA: true), new(64, 64, 64, TransposeB: true),
        new(64, 64, 32), new(64, 64, 64, Gap: 448), new(64, 64, 64, TransposeB: true, Gap: 448), new(32, 64, 64, Gap: 448), new(128, 64, 64, Gap: 448), new(64, 128, 128), new(64, 64, 64, TransposeA: true, Gap: 448),
        new(8, 256, 64), new(8, 256, 64, TransposeB: true), new(16, 256, 64), new(32, 256, 64), new(64, 256, 64), new(32,512,128),
        new(32, 32, 32), new(16, 16, 16), new(16, 16, 16, TransposeB: true), new(33, 33, 33),
        new(1, 512, 512, TransposeB: true), new(1, 4096, 4096, TransposeB: true), new(4, 512, 512, TransposeB: true), new(4, 4096, 1024, TransposeB: true), new(4, 256, 128, TransposeB: true),
    ];

    public static void Run(string filter)
    {
        string native = OpenBlas.IsAvailable ? $"OpenBLAS {OpenBlas.UseOneThread()}" : "";
        Console.WriteLine($"{"m x n x k",-24}{"16 lanes",10}{"8 lanes",10}{"packed",10}{native,20}{"ratio",8}");
        foreach (Shape shape in Shapes)
        {
            if (shape.ToString().Contains(filter, StringComparison.Ordinal))
                Measure(shape);
        }
    }

    private static void Measure(Shape shape)
    {
        var (m, n, k, transposeA, transposeB, gap) = shape;
        int lda = (transposeA ? m : k) + gap, ldb = (transposeB ? k : n) + gap, ldc = n + gap;
        float[] a = Values((transposeA ? k : m) * lda), b = Values((transposeB ? n : k) * ldb), c = new float[m * ldc];
        float[] scratch = new float[MatrixProduct.ScratchLength(m, n, k)];
        float[] packed = GC.AllocateArray<float>(MatrixProduct.PackedLength(k, n) + 16, pinned: true);
        Action[] candidates =
        [
            () => MatrixProduct.Multiply<Lanes16>(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, false, scratch),
            () => MatrixProduct.Multiply<Lanes8>(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc, false, scratch),
            () => MatrixProduct.MultiplyPacked<Lanes16>(transposeA, m, n, k, a, lda, packed, c, ldc, false, scratch),
            () => OpenBlas.Multiply(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc),
        ];
        if (!OpenBlas.IsAvailable)
            candidates = candidates[..3];
        for (int piece = 0; piece < MatrixProduct.PackPieces(k); piece++)
            MatrixProduct.PackPiece<Lanes16>(piece, transposeB, k, n, b, ldb, packed);

        double flops = 2.0 * m * n * k;
        int repeats = (int)Math.Max(1, 1e8 / flops);
        double[] speeds = [.. Timing.Medians(candidates, repeats).Select(seconds => flops / seconds * 1e-9)];
        Console.Write($"{shape,-24}{speeds[0],10:F1}{speeds[1],10:F1}{speeds[2],10:F1}");
        Console.WriteLine(speeds.Length > 3 ? $"{speeds[3],20:F1}{speeds[0] / speeds[3],8:F2}" : "");
    }

    private static float[] Values(int length)
    {
        var random = new Random(length);
        float[] values = new float[length];
        for (int i = 0; i < length; i++)
            values[i] = random.NextSingle() - 0.5f;
        return values;
    }
}

internal static class Timing
{
    /// <summary>Seconds per call, the median of rounds in which each candidate runs once after the other.</summary>
    public static double[] Medians(Action[] candidates, int repeats, int rounds = 15)
    {
        var seconds = new double[candidates.Length, rounds];
        for (int round = -2; round < rounds; round++)
        {
            for (int i = 0; i < candidates.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                for (int r = 0; r < repeats; r++)
                    candidates[i]();
                if (round >= 0)
                    seconds[i, round] = Stopwatch.GetElapsedTime(start).TotalSeconds / repeats;
            }
        }

        return [.. Enumerable.Range(0, candidates.Length).Select(i => Enumerable.Range(0, rounds).Select(r => seconds[i, r]).Order().ElementAt(rounds / 2))];
    }
}
