using XLstm.Kernels;

namespace XLstm.Tests;

/// <summary>What is cut for inputs of few rows: a token, a short prompt, one series.</summary>
public class FewRowsTests
{
    /// <summary>Shared out by columns of the output, and none of the weights is copied to memory of the pass.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(64)]
    public void WeightsAreReadAsTheyAre(int rows)
    {
        var linear = new Linear(new ParameterSet(seed: 1).Root, 700, 300);
        using var pass = new Pass(new PassOptions(Threads: 1));
        linear.Forward(TestModels.Input(1, rows, 700), pass);
        Assert.True(pass.HeldBytes <= 2 * sizeof(float) * rows * 300, $"{pass.HeldBytes} bytes are held for {rows} rows of 300.");
        Assert.True(pass.Workers.Done.Pieces > 4, $"{pass.Workers.Done.Pieces} pieces");
    }

    /// <summary>From five rows on a row has the bits that it has among many, on any number of threads.</summary>
    [Fact]
    public void RowsDoNotDependOnTheirNumber()
    {
        const int I = 700, O = 301, Most = 130;
        var linear = new Linear(new ParameterSet(seed: 1).Root, I, O);
        Tensor all = TestModels.Input(1, Most, I);
        float[] expected = Of(Most, 1);
        foreach (int rows in (int[])[5, 8, 33, 64, 65])
            foreach (int threads in (int[])[1, 2, 8])
                Numbers.SameBits($"{rows} rows, {threads} threads", expected.AsSpan(0, rows * O), Of(rows, threads));

        float[] Of(int rows, int threads)
        {
            using var pass = new Pass(new PassOptions(Threads: threads));
            return linear.Forward(pass.Rent(new Shape(1, rows, I), all.Span[..(rows * I)]), pass).Span.ToArray();
        }
    }

    /// <summary>A gate and what it lets through in two tensors, as in two halves of one.</summary>
    [Fact]
    public void GateOfTwoTensorsIsThatOfTwoHalves()
    {
        const int rows = 40, F = 513;
        Tensor both = TestModels.Input(1, rows, 2 * F), g = TestModels.Input(1, rows, F, seed: 2);
        Tensor gate = Half(both, 0), up = Half(both, F);
        foreach (Tensor tensor in (Tensor[])[both, gate, up])
            tensor.RequiresGradient = true;
        using var pass = new Pass(new PassOptions(Record: true, Threads: 2));
        Tensor expected = Ops.Gate(pass, both, Activation.Swish), y = Ops.Gate(pass, gate, up, Activation.Swish);
        Numbers.SameBits("y", expected.Span.ToArray(), y.Span.ToArray());
        pass.Backward(Ops.Add(pass, Ops.Multiply(pass, expected, g), Ops.Multiply(pass, y, g)));
        Numbers.SameBits("gradient of the gate", Half(both.Gradient!, 0).Span.ToArray(), gate.Gradient!.Span.ToArray());
        Numbers.SameBits("gradient of up", Half(both.Gradient!, F).Span.ToArray(), up.Gradient!.Span.ToArray());

        static Tensor Half(Tensor both, int from)
        {
            var half = new Tensor(new Shape(1, rows, F));
            for (int r = 0; r < rows; r++)
                both.Span.Slice(r * 2 * F + from, F).CopyTo(half.Span[(r * F)..]);
            return half;
        }
    }
}
