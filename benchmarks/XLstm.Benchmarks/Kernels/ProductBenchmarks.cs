using BenchmarkDotNet.Attributes;
using XLstm.Benchmarks.Comparison;
using XLstm.Kernels;
using XLstm.Kernels.Cases;

namespace XLstm.Benchmarks.Kernels;

/// <summary>One product, plain and with b packed beforehand.</summary>
public class ProductBenchmarks
{
    private ProductCase _case = null!;
    private float[] _a = [], _b = [], _c = [], _packed = [], _scratch = [];

    [ParamsSource(nameof(Cases))]
    public object Case { get; set; } = null!;

    public static IEnumerable<object> Cases => KernelCases.Products.Select(c => c with { Count = 1 });

    [GlobalSetup]
    public void Setup()
    {
        _case = (ProductCase)Case;
        (_a, _b, _c) = (Numbers.Floats(_case.M * _case.K), Numbers.Floats(_case.K * _case.N), new float[_case.M * _case.N]);
        _scratch = new float[Math.Max(MatrixProduct.ScratchLength(_case.M, _case.N, _case.K), MatrixProduct.PackedScratchLength(_case.M, _case.K))];
        _packed = new float[MatrixProduct.PackedLength(_case.K, _case.N)];
        MatrixProduct.Pack(_case.TransposeB, _case.K, _case.N, _b, _case.Strides.B, _packed);
    }

    [Benchmark]
    public void Multiply() => MatrixProduct.Multiply(
        _case.TransposeA, _case.TransposeB, _case.M, _case.N, _case.K, _a, _case.Strides.A, _b, _case.Strides.B, _c, _case.N, false, _scratch);

    [Benchmark]
    public void MultiplyPacked() => MatrixProduct.MultiplyPacked(
        _case.TransposeA, _case.M, _case.N, _case.K, _a, _case.Strides.A, _packed, _c, _case.N, false, _scratch);
}

/// <summary>Block-diagonal maps.</summary>
public class BlockDiagonalBenchmarks
{
    private BlockSize _case = null!;
    private float[] _x = [], _w = [], _y = [], _dx = [], _dw = [], _scratch = [];

    [ParamsSource(nameof(Cases))]
    public object Case { get; set; } = null!;

    public static IEnumerable<object> Cases => KernelCases.Blocks;

    private int Features => _case.Heads * _case.Width;

    [GlobalSetup]
    public void Setup()
    {
        _case = (BlockSize)Case;
        (_x, _w, _y) = (Numbers.Floats(_case.Rows * Features), Numbers.Floats(Features * _case.Width), new float[_case.Rows * Features]);
        (_dx, _dw) = (new float[_x.Length], new float[_w.Length]);
        _scratch = new float[BlockDiagonal.ScratchLength(_case.Rows, _case.Heads, _case.Width, _case.Width)];
    }

    [Benchmark]
    public void Forward() => BlockDiagonal.Forward(_case.Rows, _case.Heads, _case.Width, _case.Width, _x, Features, _w, [], _y, Features, _scratch);

    [Benchmark]
    public void Backward() => BlockDiagonal.Backward(_case.Rows, _case.Heads, _case.Width, _case.Width, _x, Features, _w, _y, Features, _dx, Features, _dw, [], _scratch);
}
