using XLstm.Kernels;

namespace XLstm.Benchmarks;

/// <summary>Block-diagonal linear maps on one thread: time, and bytes moved per second as if every span were touched once.</summary>
internal static class BlockDiagonals
{
    private static readonly (int Rows, int Heads, int Block)[] Shapes =
        [(2048, 64, 4), (32, 64, 4), (1, 64, 4), (2048, 32, 8), (2048, 4, 64), (2048, 4, 128), (32, 4, 64), (1, 4, 128)];

    public static void Run()
    {
        Console.WriteLine($"{"rows x heads x block",-24}{"forward us",12}{"GB/s",8}{"backward us",14}{"GB/s",8}{"GFLOP/s",10}");
        foreach (var (rows, heads, block) in Shapes)
        {
            int width = heads * block, weights = width * block;
            float[] x = new float[rows * width], w = new float[weights], y = new float[rows * width], dx = new float[rows * width], dw = new float[weights], db = new float[width], bias = new float[width];
            float[] scratch = new float[BlockDiagonal.ScratchLength(rows, heads, block, block)];
            double[] seconds = Timing.Medians(
            [
                () => BlockDiagonal.Forward(rows, heads, block, block, x, width, w, bias, y, width, scratch),
                () => BlockDiagonal.Backward(rows, heads, block, block, x, width, w, y, width, dx, width, dw, db, scratch),
            ], Math.Max(1, 20_000_000 / (rows * weights)));
            double bytes = 4.0 * rows * width;
            Console.WriteLine($"{$"{rows}x{heads}x{block}",-24}{seconds[0] * 1e6,12:F1}{2 * bytes / seconds[0] * 1e-9,8:F1}{seconds[1] * 1e6,14:F1}{4 * bytes / seconds[1] * 1e-9,8:F1}{4.0 * rows * weights / seconds[1] * 1e-9,10:F1}");
        }
    }
}
