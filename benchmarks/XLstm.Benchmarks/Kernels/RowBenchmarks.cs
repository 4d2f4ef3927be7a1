using BenchmarkDotNet.Attributes;
using XLstm.Benchmarks.Comparison;
using XLstm.Kernels;
using XLstm.Kernels.Cases;

namespace XLstm.Benchmarks.Kernels;

/// <summary>What is done row by row or element by element: memory limits most of it.</summary>
public abstract class RowBenchmarks
{
    private protected RowSize Size { get; private set; } = null!;

    private protected float[] X { get; private set; } = [];

    private protected float[] Y { get; private set; } = [];

    private protected float[] DX { get; private set; } = [];

    public abstract object Case { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Size = (RowSize)Case;
        int length = Size.Rows * Size.Width;
        (X, Y, DX) = (Numbers.Floats(length), new float[length], new float[length]);
        Prepare();
    }

    private protected virtual void Prepare()
    {
    }
}

public class ConvolutionBenchmarks : RowBenchmarks
{
    private float[] _weight = [], _dWeight = [], _state = [], _scratch = [];

    [ParamsSource(nameof(Cases))]
    public override object Case { get; set; } = null!;

    public static IEnumerable<object> Cases => KernelCases.Convolutions;

    [Benchmark]
    public void Forward() => CausalConvolution.Forward(Size.Rows, Size.Width, Size.KernelSize, X, [], _weight, [], Y, _state, _scratch);

    [Benchmark]
    public void Backward() => CausalConvolution.Backward(Size.Rows, Size.Width, Size.KernelSize, X, [], _weight, Y, [], DX, [], _dWeight, [], _scratch);

    private protected override void Prepare()
    {
        (_weight, _dWeight, _state) = (Numbers.Floats(Size.Width * Size.KernelSize), new float[Size.Width * Size.KernelSize], new float[(Size.KernelSize - 1) * Size.Width]);
        _scratch = new float[Math.Max(CausalConvolution.ScratchLength(Size.KernelSize, Size.Width), CausalConvolution.BackwardScratchLength(Size.KernelSize, Size.Width))];
    }
}

public class NormBenchmarks : RowBenchmarks
{
    private float[] _weight = [], _dWeight = [], _statistics = [];

    [ParamsSource(nameof(Cases))]
    public override object Case { get; set; } = null!;

    public static IEnumerable<object> Cases => KernelCases.Norms;

    [Benchmark]
    public void Forward() => Normalization.Forward(NormKind.Layer, Size.Rows, 1, Size.Width, 1e-5f, true, X, _weight, [], Y, _statistics);

    [Benchmark]
    public void Backward() => Normalization.Backward(NormKind.Layer, Size.Rows, 1, Size.Width, true, X, _weight, _statistics, Y, DX, _dWeight, []);

    private protected override void Prepare()
    {
        (_weight, _dWeight, _statistics) = (Numbers.Floats(Size.Width), new float[Size.Width], new float[2 * Size.Rows]);
        Forward();
    }
}

public class LossBenchmarks : RowBenchmarks
{
    private float[] _loss = [], _sums = [];
    private int[] _labels = [];

    [ParamsSource(nameof(Cases))]
    public override object Case { get; set; } = null!;

    public static IEnumerable<object> Cases => KernelCases.Losses;

    [Benchmark]
    public void Forward() => CrossEntropy.Forward(Size.Rows, Size.Width, X, _labels, _loss, _sums);

    [Benchmark]
    public void Backward() => CrossEntropy.Backward(Size.Rows, Size.Width, X, _labels, _sums, 1f / Size.Rows, DX);

    private protected override void Prepare()
    {
        (_loss, _sums, _labels) = (new float[Size.Rows], new float[Size.Rows], Numbers.Tokens(Size.Rows, Size.Width));
        Forward();
    }
}

public class ActivationBenchmarks : RowBenchmarks
{
    [ParamsSource(nameof(Cases))]
    public override object Case { get; set; } = null!;

    public static IEnumerable<object> Cases => KernelCases.Activations;

    [Params(Activation.Swish, Activation.Gelu, Activation.Tanh)]
    public Activation Function { get; set; }

    [Benchmark]
    public void Forward() => Activations.Forward(Function, X, Y);

    [Benchmark]
    public void Backward() => Activations.Backward(Function, X, Y, DX);
}

/// <summary>One update of a million parameters.</summary>
public class OptimizerBenchmarks
{
    private readonly float[] _parameter = Numbers.Floats(1 << 20), _gradient = Numbers.Floats(1 << 20), _first = new float[1 << 20], _second = new float[1 << 20];

    [Benchmark]
    public void Update() => AdamW.Update(_parameter, _gradient, _first, _second, new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 10, 1f));
}
