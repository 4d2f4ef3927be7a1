using System.Globalization;
using XLstm.Cli.Benchmarking;
using XLstm.Kernels;

namespace XLstm.Benchmarks.Comparison;

/// <summary>Weights in few bits: a row at a time beside what memory can deliver, many rows beside our own product of floats.</summary>
internal static class QuantizedContests
{
    // Many times the caches.
    private const long SetBytes = 400_000_000;

    private static readonly WeightFormat[] s_formats = [WeightFormat.Q4, WeightFormat.Q8, WeightFormat.BF16];

    public static IEnumerable<Contest> All(IReadOnlyList<int> threads)
    {
        int most = threads.Max();
        foreach (WeightFormat format in s_formats)
        {
            foreach (int count in threads)
                yield return Decode(format, 4096, 4096, 1, count);
            yield return Decode(format, 10944, 4096, 1, most);
            yield return Decode(format, 4096, 4096, 4, most);
            yield return Prefill(format, most);
        }
    }

    private static Contest Decode(WeightFormat format, int outputs, int inputs, int rows, int threads) => new(
        $"quantized/{format} {outputs}x{inputs} {rows} on {threads}",
        $"{format} weights {outputs} x {inputs}, {rows} row{(rows == 1 ? "" : "s")} at a time", threads, "GB/s", rows == 1 ? new Target(0.8, AtLeast: true) : null, () =>
        {
            var set = new MatrixSet(format, outputs, inputs, rows, threads, SetBytes);
            var memory = new ReadBandwidth(threads);
            return new Sides(Sides.Rate(1e-9 * set.Bytes, set.Multiply), set, memory)
            {
                Peers = [(string.Create(CultureInfo.InvariantCulture, $"read bandwidth; {1e-6 * set.Bytes:F0} MB of weights"), seconds => 1e-9 * Best(memory, seconds))],
            };
        });

    private static Contest Prefill(WeightFormat format, int threads) => new(
        $"quantized/{format} prompt on {threads}", $"{format} weights 4096 x 4096, 512 rows at a time", threads, "GFLOP/s", new Target(0.5, AtLeast: true), () =>
        {
            const int rows = 512, size = 4096;
            var set = new MatrixSet(format, size, size, rows, threads, 1);
            (Side rate, IDisposable held) = ProductContests.Peak(threads);
            return new Sides(Sides.Rate(2e-9 * rows * size * size, set.Multiply), set, held)
            {
                // The peak counts multiply-adds.
                Peers = [("our product of floats, 512x2048x512", seconds => 2e-9 * rate(seconds))],
            };
        });

    private static double Best(ReadBandwidth memory, double seconds)
    {
        double best = 0;
        long started = Environment.TickCount64;
        do
            best = Math.Max(best, memory.Sweep());
        while (Environment.TickCount64 - started < 1000 * seconds);
        return best;
    }

    /// <summary>As many matrices as fill some memory, and rows that go through each.</summary>
    private sealed class MatrixSet : IDisposable
    {
        private readonly Pass _pass;
        private readonly Tensor _x;
        private readonly WeightMatrix[] _matrices;

        public MatrixSet(WeightFormat format, int outputs, int inputs, int rows, int threads, long bytes)
        {
            _pass = new Pass(new PassOptions(Threads: threads));
            _x = Numbers.Tensor(rows, inputs);
            // The same group of rows again and again: encoding hundreds of millions of weights would take longer than the contest.
            float[] group = Numbers.Floats(QuantizedWeights.GroupRows * inputs, 0.02f);
            float[] values = [.. Enumerable.Range(0, outputs / QuantizedWeights.GroupRows).SelectMany(_ => group)];
            long length = QuantizedWeights.ByteLength(format, outputs, inputs);
            WeightMatrix first = WeightMatrix.Encode("w", format, outputs, inputs, values);
            _matrices = [first, .. Enumerable.Range(1, (int)(bytes / length)).Select(_ => new WeightMatrix("w", format, outputs, inputs, first.Bytes.ToArray()))];
            Bytes = length * _matrices.Length;
        }

        public long Bytes { get; }

        public void Multiply()
        {
            foreach (WeightMatrix matrix in _matrices)
                Ops.Linear(_pass, _x, matrix);
            _pass.Reset();
        }

        public void Dispose() => _pass.Dispose();
    }
}
