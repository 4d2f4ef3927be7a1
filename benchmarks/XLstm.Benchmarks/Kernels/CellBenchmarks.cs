using BenchmarkDotNet.Attributes;
using XLstm.Benchmarks.Comparison;
using XLstm.Kernels;
using XLstm.Kernels.Cases;

namespace XLstm.Benchmarks.Kernels;

/// <summary>All heads of an sLSTM, one after the other.</summary>
public class SLstmBenchmarks
{
    private SLstmShape _shape;
    private float[] _x = [], _kernel = [], _y = [], _final = [], _saved = [], _dGates = [], _scratch = [];

    [ParamsSource(nameof(Cases))]
    public object Case { get; set; } = null!;

    public static IEnumerable<object> Cases => KernelCases.SLstm;

    [GlobalSetup]
    public void Setup()
    {
        _shape = ((SLstmSize)Case).Shape;
        (_x, _kernel) = (Numbers.Floats(_shape.GatesLength), Numbers.Floats(_shape.KernelLength, 1 / MathF.Sqrt(_shape.HeadWidth)));
        (_y, _final) = (Numbers.Floats(_shape.OutputLength), new float[_shape.StateLength(CellFunction.SLstm)]);
        (_saved, _dGates) = (new float[_shape.SavedLength], new float[_shape.GatesLength]);
        _scratch = new float[Math.Max(SLstmScan.ForwardScratchLength(_shape, _shape.Batch), SLstmScan.BackwardScratchLength(_shape, _shape.Batch))];
        Forward();
    }

    [Benchmark]
    public void Forward()
    {
        for (int head = 0; head < _shape.Heads; head++)
            SLstmScan.Forward(_shape, CellFunction.SLstm, head, 0, _shape.Batch, _x, _kernel, [], [], [], _y, _final, _saved, _scratch);
    }

    [Benchmark]
    public void Backward()
    {
        for (int head = 0; head < _shape.Heads; head++)
            SLstmScan.Backward(_shape, CellFunction.SLstm, head, 0, _shape.Batch, _kernel, [], [], _y, _saved, _y, [], _dGates, [], [], _scratch);
    }
}

/// <summary>One head of an mLSTM over a sequence, and over one step.</summary>
public class MLstmBenchmarks
{
    private MLstmSize _case = null!;
    private MLstmShape _shape;
    private float[] _q = [], _k = [], _v = [], _i = [], _f = [], _h = [], _c = [], _n = [], _m = [], _dq = [], _dk = [], _dv = [], _di = [], _df = [], _scratch = [];

    [ParamsSource(nameof(Cases))]
    public object Case { get; set; } = null!;

    public static IEnumerable<object> Cases => KernelCases.MLstm;

    [GlobalSetup]
    public void Setup()
    {
        _case = (MLstmSize)Case;
        (int T, int K, int V, int chunk) = _case;
        _shape = new MLstmShape(T, K, V);
        (_q, _k, _v) = (Numbers.Floats(T * K), Numbers.Floats(T * K), Numbers.Floats(T * V));
        (_i, _f, _h) = (Numbers.Floats(T), [.. Numbers.Floats(T).Select(f => f + 4)], new float[T * V]);
        (_c, _n, _m) = (new float[K * V], new float[K], new float[1]);
        (_dq, _dk, _dv, _di, _df) = (new float[T * K], new float[T * K], new float[T * V], new float[T], new float[T]);
        _scratch = new float[Math.Max(MLstmChunkwise.ForwardScratchLength(_shape, chunk), MLstmChunkwise.BackwardScratchLength(_shape, chunk))];
        Forward();
    }

    [Benchmark]
    public void Forward() => MLstmChunkwise.Forward(
        _shape, _case.Chunk, MLstmOptions.Default, _q, _k, _v, _i, _f, false, _c, _n, _m, _h, _scratch);

    [Benchmark]
    public void Backward() => MLstmChunkwise.Backward(
        _shape, _case.Chunk, MLstmOptions.Default, _q, _k, _v, _i, _f, [], [], [], _h, _h, [], [], [], _dq, _dk, _dv, _di, _df, [], [], [], true, _scratch);

    [Benchmark]
    public void Step() => MLstmRecurrent.Forward(
        new MLstmShape(1, _case.K, _case.V), MLstmOptions.Default, _q, _k, _v, _i, _f, _c, _n, _m, _h);
}
