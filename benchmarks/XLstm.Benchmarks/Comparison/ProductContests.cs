using XLstm.Kernels;
using XLstm.Kernels.Cases;

namespace XLstm.Benchmarks.Comparison;

/// <summary>Matrix products beside OpenBLAS, cut and packed as in the operations of models.</summary>
internal static class ProductContests
{
    public static IEnumerable<Contest> All(IReadOnlyList<int> threads) =>
        from count in threads
        from shape in KernelCases.Products
        select new Contest(
            $"products/{shape} on {count}", $"product {shape}", count, "GFLOP/s", new Target(0.95, AtLeast: true),
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
                ? [(OpenBlas.Description, Peer(shape, threads, () => OpenBlas.Multiply(shape, operands.A.Span, operands.B.Span, operands.C.Span)))]
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

    private const int RowBlock = 64;

    private readonly record struct Packing(ProductCase Shape, Tensor B, Tensor Packed) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch) =>
            MatrixProduct.PackPiece(index, Shape.TransposeB, Shape.K, Shape.N, B.Span, Shape.Strides.B, Packed.Span);
    }

    private readonly record struct Rows(ProductCase Shape, Tensor A, Tensor Packed, Tensor C) : IWork
    {
        public int ScratchLength => MatrixProduct.PackedScratchLength(RowBlock, Shape.K);

        public void Run(int index, Span<float> scratch)
        {
            int from = index * RowBlock;
            MatrixProduct.MultiplyPacked(
                Shape.TransposeA, Math.Min(RowBlock, Shape.M - from), Shape.N, Shape.K, A.Span[(Shape.TransposeA ? from : from * Shape.K)..], Shape.Strides.A,
                Packed.Span, C.Span[(from * Shape.N)..], Shape.N, accumulate: false, scratch);
        }
    }

    private readonly record struct Batched(Operands Operands, bool Native) : IWork
    {
        public int ScratchLength => MatrixProduct.ScratchLength(Operands.Shape.M, Operands.Shape.N, Operands.Shape.K);

        public void Run(int index, Span<float> scratch)
        {
            ProductCase shape = Operands.Shape;
            (int m, int n, int k) = (shape.M, shape.N, shape.K);
            if (Native)
                OpenBlas.Multiply(shape, Operands.A.Span, Operands.B.Span, Operands.C.Span, index);
            else
                MatrixProduct.Multiply(
                    shape.TransposeA, shape.TransposeB, m, n, k, Operands.A.Span[(index * m * k)..], shape.Strides.A,
                    Operands.B.Span[(index * k * n)..], shape.Strides.B, Operands.C.Span[(index * m * n)..], n, accumulate: false, scratch);
        }
    }

    /// <summary>Matrices of a case, and how ours multiplies them.</summary>
    private sealed class Operands(ProductCase shape, int threads) : IDisposable
    {
        private readonly Pass _pass = new(new PassOptions(Threads: threads));

        public ProductCase Shape => shape;

        public Tensor A { get; } = Numbers.Tensor(shape.Count, shape.M, shape.K);

        public Tensor B { get; } = Numbers.Tensor(shape.Count, shape.K, shape.N);

        public Tensor C { get; } = Numbers.Tensor(shape.Count, shape.M, shape.N);

        public Workers Workers => _pass.Workers;

        /// <summary>b is brought into the order of the kernel, then blocks of rows are shared out, as the operations of a model do.</summary>
        public void Multiply()
        {
            Tensor packed = _pass.Rent(new Shape(MatrixProduct.PackedLength(shape.K, shape.N)));
            Workers.Run(MatrixProduct.PackPieces(shape.K), new Packing(shape, B, packed));
            Workers.Run((shape.M + RowBlock - 1) / RowBlock, new Rows(shape, A, packed, C));
            _pass.Reset();
        }

        public void Dispose() => _pass.Dispose();
    }
}
