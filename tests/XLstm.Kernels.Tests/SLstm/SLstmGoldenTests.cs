using XLstm.Golden;

namespace XLstm.Kernels.Tests;

public class SLstmGoldenTests
{
    public static TheoryData<string> Cases => GoldenCase.Cases("cells/slstm_");

    [Theory]
    [MemberData(nameof(Cases))]
    public void AgreesWithTheReferenceImplementation(string path)
    {
        var golden = new GoldenCase(path);
        foreach (int width in Lanes.Widths)
        {
            SLstmCase y = Load(golden, withFinal: false), ys = Load(golden, withFinal: true);
            SLstmCase.Result run = y.Run(width), runWithFinal = ys.Run(width);
            golden.AssertClose("y", Transpose(y.Shape, run.Y));
            golden.AssertClose("state_last", run.Final);
            AssertGradients(golden, "grad_y", y, run);
            AssertGradients(golden, "grad_ys", ys, runWithFinal);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheReferenceInDoubleAgreesTo12Digits(string path)
    {
        var golden = new GoldenCase(path);
        SLstmCase scan = Load(golden, withFinal: false);
        (double[] y, double[] final) = scan.Reference();
        Doubles.AssertEqual(golden.Doubles("f64.y"), Transpose(scan.Shape, y));
        Doubles.AssertEqual(golden.Doubles("f64.state_last"), final);
    }

    /// <summary>The state after t steps is what a row of length t leaves.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void AgreesAfterEveryStep(string path)
    {
        var golden = new GoldenCase(path);
        SLstmCase whole = Load(golden, withFinal: false);
        SLstmShape shape = whole.Shape;
        var states = new float[golden.Doubles("f64.states_all").Length];
        for (int t = 0; t < shape.Time; t++)
        {
            var prefix = new SLstmCase(shape, whole.Function, whole.X, whole.Kernel)
            {
                Bias = whole.Bias,
                Initial = whole.Initial,
                Lengths = [.. Enumerable.Repeat(t + 1, shape.Batch)],
            };
            float[] final = prefix.Run(0).Final;
            int row = shape.Batch * shape.Width;
            for (int s = 0; s < final.Length / row; s++)
                final.AsSpan(s * row, row).CopyTo(states.AsSpan((s * shape.Time + t) * row));
        }
        golden.AssertClose("states_all", states);
    }

    private static void AssertGradients(GoldenCase golden, string loss, SLstmCase scan, SLstmCase.Result run)
    {
        golden.AssertClose($"{loss}.x", run.DGates);
        golden.AssertClose($"{loss}.state0", run.DInitial);
        golden.AssertClose($"{loss}.R", scan.DKernel(run));
        golden.AssertClose($"{loss}.b", run.DBias);
    }

    private static SLstmCase Load(GoldenCase golden, bool withFinal)
    {
        int Size(string name) => golden.Config.GetProperty(name).GetInt32();
        var shape = new SLstmShape(Size("B"), Size("S"), Size("NH"), Size("DH"));
        CellFunction function = golden.Config.GetProperty("function").GetString() == "lstm" ? CellFunction.Lstm : CellFunction.SLstm;
        return new(shape, function, golden.Floats("in.x"), golden.Floats("vanilla._recurrent_kernel_"))
        {
            Bias = golden.Floats("vanilla._bias_"),
            Initial = golden.Floats("in.state0"),
            DY = Transpose(new SLstmShape(shape.Batch, shape.Heads, shape.Time, shape.HeadWidth), golden.Floats("in.g")),
            DFinal = withFinal ? golden.Floats("in.gs") : [],
        };
    }

    // [B, T, N, d] to [B, N, T, d]
    private static T[] Transpose<T>(SLstmShape shape, T[] y)
    {
        int time = shape.Time, heads = shape.Heads, d = shape.HeadWidth;
        var result = new T[y.Length];
        for (int b = 0; b < shape.Batch; b++)
            for (int t = 0; t < time; t++)
                for (int h = 0; h < heads; h++)
                    y.AsSpan(((b * time + t) * heads + h) * d, d).CopyTo(result.AsSpan(((b * heads + h) * time + t) * d));
        return result;
    }
}
