using XLstm.Golden;

namespace XLstm.Tests;

public class StackGoldenTests
{
    public static TheoryData<string> Cases => GoldenCase.Cases("stack/");

    [Theory]
    [MemberData(nameof(Cases))]
    public void OutputAndGradients(string path)
    {
        var golden = new GoldenCase(path);
        foreach (PassOptions options in (PassOptions[])[new(Record: true, ChunkLength: 5), new(Record: true), new(Record: true, Form: MLstmForm.Parallel)])
        {
            XLstmStack stack = Load(golden, out ParameterSet parameters);
            using var pass = new Pass(options);
            Tensor x = golden.Input(pass);
            Tensor y = stack.Forward(x, null, pass).Output;
            golden.AssertClose("y", y.Span);
            golden.BackwardFrom(pass, y);
            golden.AssertClose("grad.x", x.Gradient!.Span);
            golden.AssertParameterGradients(parameters);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Steps(string path)
    {
        var golden = new GoldenCase(path);
        XLstmStack stack = Load(golden, out _);
        using var pass = new Pass();
        Tensor x = golden.Input(pass);
        var y = new float[x.Length];
        StackState state = stack.CreateState(x.Shape[0]);
        for (int t = 0; t < x.Shape[1]; t++)
        {
            (Tensor output, state) = stack.Forward(GoldenAssertions.Step(pass, x, t), state, pass);
            GoldenAssertions.Put(output, y, x.Shape[1], t);
        }
        golden.AssertClose("step.y", y);
        golden.AssertStepState("step.state.", state.Tensors);
    }

    private static XLstmStack Load(GoldenCase golden, out ParameterSet parameters)
    {
        using ModelWeights weights = ModelWeights.Open(golden.Folder);
        parameters = new ParameterSet(weights);
        var stack = new XLstmStack(parameters.Root, (XLstmStackConfig)ModelConfigReader.Read(golden.Folder));
        Assert.Empty(parameters.Unexpected());
        return stack;
    }
}
