using System.Text.Json;
using XLstm.Golden;

namespace XLstm.Tests;

public class BlockGoldenTests
{
    public static TheoryData<string> Blocks => [.. GoldenCase.Cases("blocks/").Select(c => c.Data).Where(c => c.Contains("_block", StringComparison.Ordinal))];

    public static TheoryData<string> Layers => GoldenCase.Cases("blocks/slstm_layer_");

    /// <summary>
    /// The gradients recorded for these cases are not gradients: the recording of activations had cut the graph (that of x is
    /// in.g, those of the parameters are 0). Differences stand in; the stacks and language models have true ones.
    /// </summary>
    [Theory]
    [MemberData(nameof(Blocks))]
    public void OutputAndGradients(string path)
    {
        var golden = new GoldenCase(path);
        foreach (PassOptions options in (PassOptions[])[new(Record: true, ChunkLength: 7), new(Record: true), new(Record: true, Form: MLstmForm.Parallel)])
        {
            IXLstmBlock block = Load(golden, out ParameterSet parameters);
            using var pass = new Pass(options);
            golden.AssertClose("y", block.Forward(golden.Input(pass), null, pass).Output.Span);
            CentralDifferences.Check(options, parameters, golden.Input(pass), (p, x) => block.Forward(x, null, p).Output);
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Steps(string path)
    {
        var golden = new GoldenCase(path);
        IXLstmBlock block = Load(golden, out _);
        using var pass = new Pass();
        Tensor x = golden.Input(pass);
        var y = new float[x.Length];
        CellState? state = null;
        for (int t = 0; t < x.Shape[1]; t++)
        {
            (Tensor output, state) = block.Forward(GoldenAssertions.Step(pass, x, t), state, pass);
            GoldenAssertions.Put(output, y, x.Shape[1], t);
        }
        golden.AssertClose("step.y", y);
        golden.AssertStepState("step.state.", state!.Tensors);
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public void SLstmLayerInTwoSegments(string path)
    {
        var golden = new GoldenCase(path);
        using var folder = new TemporaryFolder();
        SLstmBlock block = LoadLayer(golden, folder, out ParameterSet parameters);
        using var pass = new Pass(new PassOptions(Record: true));
        Tensor x = golden.Input(pass);
        Tensor whole = block.Layer(x, null, pass).Output;
        golden.AssertClose("y", whole.Span);
        golden.BackwardFrom(pass, whole);
        golden.AssertClose("grad.x", x.Gradient!.Span);
        golden.AssertParameterGradients(parameters, "xlstm.");

        int cut = golden.Config.GetProperty("cut").GetInt32(), T = x.Shape[1];
        var y = new float[x.Length];
        (Tensor first, SLstmState middle) = block.Layer(GoldenAssertions.Segment(pass, x, 0, cut), null, pass);
        (Tensor second, SLstmState last) = block.Layer(GoldenAssertions.Segment(pass, x, cut, T - cut), middle, pass);
        GoldenAssertions.Put(first, y, T, 0);
        GoldenAssertions.Put(second, y, T, cut);
        golden.AssertClose("carried.y", y);
        AssertState(golden, "mid", middle);
        AssertState(golden, "last", last);
    }

    private static void AssertState(GoldenCase golden, string when, SLstmState state)
    {
        golden.AssertClose("carried.slstm_state_" + when, state.Cells.Span);
        Assert.Equal(golden.Has("f64.carried.conv_state_" + when), state.Convolution is not null);
        if (state.Convolution is not null)
            golden.AssertClose("carried.conv_state_" + when, state.Convolution.Span);
    }

    private static IXLstmBlock Load(GoldenCase golden, out ParameterSet parameters)
    {
        using ModelWeights weights = ModelWeights.Open(golden.Folder);
        parameters = new ParameterSet(weights);
        JsonElement config = golden.Config.GetProperty("block");
        int D = golden.Shape("in.x")[2];
        IXLstmBlock block = config.TryGetProperty("mlstm", out JsonElement mlstm)
            ? new MLstmBlock(parameters.Root, GoldenAssertions.StackOfOne("mlstm", config, D).MlstmBlock!, D, mlstm.GetProperty("bias").GetBoolean())
            : new SLstmBlock(parameters.Root, GoldenAssertions.StackOfOne("slstm", config, D).SlstmBlock!, D);
        Assert.Empty(parameters.Unexpected());
        return block;
    }

    // A layer alone has no norm before it and no "xlstm." before its names.
    private static SLstmBlock LoadLayer(GoldenCase golden, TemporaryFolder folder, out ParameterSet parameters)
    {
        int D = golden.Shape("in.x")[2];
        List<TensorToWrite> tensors = [TensorToWrite.FromFloats("xlstm_norm.weight", [D], new float[D])];
        using (ModelWeights layer = ModelWeights.Open(golden.Folder))
            foreach (TensorInfo info in layer.Tensors)
                tensors.Add(TensorToWrite.FromFloats("xlstm." + info.Name, info.Shape, golden.Floats(info.Name)));
        SafetensorsWriter.Write(Path.Combine(folder.Path, "model.safetensors"), tensors);

        using ModelWeights weights = ModelWeights.Open(folder.Path);
        parameters = new ParameterSet(weights);
        JsonElement block = JsonDocument.Parse($$"""{"slstm": {{golden.Config.GetProperty("layer").GetRawText()}}, "feedforward": null}""").RootElement;
        return new SLstmBlock(parameters.Root, GoldenAssertions.StackOfOne("slstm", block, D).SlstmBlock!, D);
    }
}
