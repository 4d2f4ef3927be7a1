using XLstm.Kernels;
using XLstm.Kernels.Cases;

namespace XLstm.Benchmarks.Comparison;

/// <summary>Matrix products beside OpenBLAS, as the operations of models call them.</summary>
internal static class ProductContests
{
    public static IEnumerable<Contest> All(IReadOnlyList<int> threads) =>
        from count in threads
        from shape in KernelCases.Products
        select new Contest(
            $"products/{shape} on {count}", $"product {shape}", count, "GFLOP/s", OpenBlas.IsAvailable ? new Target(0.95, AtLeast: true) : null,
            () => shape.Count > 1 ? Batch(shape, count) : Single(shape, count));

    /// <summary>The rate that floors are made of: multiply-adds per second of a large product.</summary>
    public static (Side Rate, IDisposable Held) Peak(int threads)
    {
        var shape = new ProductCase(512, 2048, 512);
        var operands = new Operands(shape, threads);
        return (Sides.Rate(shape.MultiplyAdds, operands.Multiply), operands);
    }

    private static Sides Single(ProductCase shape, int threads)
    {
        var operands = new Operands(shape, threads);
        return new Sides(Sides.Rate(2e-9 * shape.MultiplyAdds, operands.Multiply), operands)
        {
            Peers = OpenBlas.IsAvailable
                ? [(OpenBlas.Description, Peer(shape, threads, () => OpenBlas.Multiply(shape, operands.A.Span, operands.B.Span, operands.C.Span, operands.Accumulates)))]
                : [],
        };
    }

    // OpenBLAS has one thread here, and each of our threads calls it: what a library on top of it would do.
    private static Sides Batch(ProductCase shape, int threads)
    {
        var operands = new Operands(shape, threads);
        return new Sides(Sides.Rate(2e-9 * shape.MultiplyAdds, () => operands.Workers.Run(shape.Count, new Batched(operands, Native: false))), operands)
        {
            Peers = OpenBlas.IsAvailable
                ? [(OpenBlas.Description, Peer(shape, 1, () => operands.Workers.Run(shape.Count, new Batched(operands, Native: true))))]
                : [],
        };
    }

    private static Side Peer(ProductCase shape, int threads, Action call) => seconds =>
    {
        OpenBlas.UseThreads(threads);
        return 2e-9 * shape.MultiplyAdds / Timing.Seconds(call, seconds);
    };

    private readonly record struct Batched(Operands Operands, bool Native) : IWork
    {
        public int ScratchLength => MatrixProduct.ScratchLength(Operands.Shape.M, Operands.Shape.N, Operands.Shape.K);

        public void Run(int index, Span<float> scratch)
        {
            ProductCase shape = Operands.Shape;
            (int m, int n, int k) = (shape.M, shape.N, shape.K);
            if (Native)
                OpenBlas.Multiply(shape, Operands.A.Span, Operands.B.Span, Operands.C.Span, accumulate: false, index);
            else
                MatrixProduct.Multiply(
                    shape.TransposeA, shape.TransposeB, m, n, k, Operands.A.Span[(index * m * k)..], shape.Strides.A,
                    Operands.B.Span[(index * k * n)..], shape.Strides.B, Operands.C.Span[(index * m * n)..], n, accumulate: false, scratch);
        }
    }

    /// <summary>Matrices of a case, and the operation of ours that multiplies them.</summary>
    private sealed class Operands(ProductCase shape, int threads) : IDisposable
    {
        private readonly Pass _pass = new(new PassOptions(Threads: threads));

        public ProductCase Shape => shape;

        public Tensor A { get; } = Numbers.Tensor(shape.Count, shape.M, shape.K);

        public Tensor B { get; } = Numbers.Tensor(shape.Count, shape.K, shape.N);

        public Tensor C { get; } = Numbers.Tensor(shape.Count, shape.M, shape.N);

        public Workers Workers => _pass.Workers;

        /// <summary>Gradients add to what is there.</summary>
        public bool Accumulates => !shape.TransposeB;

        public void Multiply()
        {
            if (shape.TransposeB)
                Ops.MultiplyTransposed(_pass, shape.M, shape.N, shape.K, A, B, 0, C, accumulate: false);
            else if (shape.TransposeA)
                Ops.MultiplyByRows(_pass, shape.M, shape.N, shape.K, A, B, C, 0);
            else
                Ops.Multiply(_pass, shape.M, shape.N, shape.K, A, B, 0, C);
            _pass.Reset();
        }

        public void Dispose() => _pass.Dispose();
    }
}
