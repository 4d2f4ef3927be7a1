using System.Text.Json;

namespace XLstm.Tests;

/// <summary>Stacks that others trained, from their files.</summary>
public sealed class XLstmStackModelTests
{
    private const double Tolerance = 1e-5;

    private static string Stocks(string name) => TestData.File("stocks/" + name);

    [Fact]
    public void EveryBlockIsThatOfThePythonPackage()
    {
        XLstmStackModel model = XLstmStackModel.Load(Stocks("xLSTM_H3_F5_AAPL.pt"));
        using JsonDocument vectors = JsonDocument.Parse(File.ReadAllBytes(Stocks("vectors.json")));
        float[] Vector(string name) => [.. vectors.RootElement.GetProperty(name).EnumerateArray().Select(v => v.GetSingle())];
        using var pass = new Pass();
        Tensor x = pass.Rent(new Shape(1, 60, 5), Vector("input"));

        Tensor hidden = model.Input!.Forward(x, pass);
        Close("input_projection", hidden);
        for (int i = 0; i < model.Stack.Blocks.Count; i++)
        {
            hidden = model.Stack.Blocks[i].Forward(hidden, null, pass).Output;
            Close($"block{i}_out", hidden);
        }
        Close("stack_out", model.Stack.OutputNorm!.Forward(hidden, pass));

        (Tensor output, _) = model.Forward(x, null, pass);
        Numbers.Close("output", Vector("output"), output.Span[^3..], Tolerance);
        StackState? state = null;
        for (int t = 0; t < 60; t++)
            (output, state) = model.Forward(pass.Rent(new Shape(1, 1, 5), x.Span.Slice(5 * t, 5)), state, pass);
        Numbers.Close("output_by_recurrent_step", Vector("output_by_recurrent_step"), output.Span, Tolerance);

        void Close(string name, Tensor actual) => Numbers.Close(name, Vector(name), actual.Span, Tolerance);
    }

    public static TheoryData<string> StackNames => TestModels.StackNames;

    [Theory]
    [MemberData(nameof(StackNames))]
    public void SizesFollowFromTheTensors(string name)
    {
        XLstmStack stack = TestModels.Stack(name, out ParameterSet parameters);
        using var folder = new TemporaryFolder();
        string path = Save(folder, parameters.Select(p => ("model_state.net." + p.Name, p)));
        // Of the plain LSTM no tensor tells.
        if (name == "lstm")
            ModelConfigWriter.Write(folder.Path, stack.Config);
        XLstmStack loaded = XLstmStack.Load(path);
        Assert.Equal(stack.Config.SlstmBlock?.Slstm.Function, loaded.Config.SlstmBlock?.Slstm.Function);
        SameOutput(stack, loaded);
        SameOutput(stack, XLstmStack.Load(path, "model_state.net"));
        Assert.Contains("\"other\"", Assert.Throws<CheckpointException>(() => XLstmStack.Load(path, "other")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ModulesThatWereSavedAsAWhole()
    {
        XLstmStack stack = TestModels.Stack("mixed", out ParameterSet parameters);
        using var folder = new TemporaryFolder();
        string path = Save(folder, parameters.Select(p => ("_modules.net._modules." + string.Join("._modules.", p.Name.Split('.')[..^1]) + "._parameters." + p.Name.Split('.')[^1], p)));
        SameOutput(stack, XLstmStack.Load(path, "net"));
        path = Save(folder, parameters.Select(p => ("_orig_mod.module." + p.Name, p)));
        SameOutput(stack, XLstmStack.Load(path));
    }

    [Fact]
    public void MapsAreFoundByShapeNameAndOrder()
    {
        XLstmStack stack = TestModels.Stack("mixed", out ParameterSet parameters);
        var around = new ParameterSet(seed: 4);
        const int D = TestModels.Width;
        foreach ((string input, int features, string output, int outputs) in (ReadOnlySpan<(string, int, string, int)>)[("a", 3, "b", 2), ("z_in", D, "a_out", D), ("y", 5, "x_head", D)])
        {
            Linear before = new(around.Root.At(input), features, D), after = new(around.Root.At(output), D, outputs, bias: input != "a");
            using var folder = new TemporaryFolder();
            string path = Save(folder, [.. parameters.Select(p => ("stack." + p.Name, p)), .. around.Where(p => p.Name.StartsWith(input, StringComparison.Ordinal) || p.Name.StartsWith(output, StringComparison.Ordinal)).Select(p => (p.Name, p))]);
            XLstmStackModel model = XLstmStackModel.Load(path);
            Assert.Equal((input, output), (model.Input!.Weight.Name.Split('.')[0], model.Output!.Weight.Name.Split('.')[0]));
            using var pass = new Pass();
            Tensor x = TestModels.Input(2, 5, features);
            Numbers.SameBits(input, after.Forward(stack.Forward(before.Forward(x, pass), null, pass).Output, pass).Span, model.Forward(x, null, pass).Output.Span);
        }
    }

    [Fact]
    public void WhatIsNotKnownIsAnError()
    {
        TestModels.Stack("mixed", out ParameterSet parameters);
        using var folder = new TemporaryFolder();
        var around = new ParameterSet(seed: 4);
        _ = new Linear(around.Root.At("hidden"), TestModels.Width, 7);
        _ = new Linear(around.Root.At("last"), 7, 2);
        string path = Save(folder, [.. parameters.Select(p => ("stack." + p.Name, p)), .. around.Select(p => (p.Name, p))]);
        Assert.Contains("last.weight", Throws(() => XLstmStackModel.Load(path)), StringComparison.Ordinal);
        Assert.Equal(7, XLstmStackModel.Load(path, input: "", output: "hidden").Output!.Weight.Shape[0]);
        Assert.Contains("nothing.weight", Throws(() => XLstmStackModel.Load(path, input: "nothing", output: "")), StringComparison.Ordinal);

        path = Save(folder, [.. parameters.Select(p => ("a." + p.Name, p)), .. parameters.Select(p => ("b." + p.Name, p))]);
        Assert.Contains("\"a.\", \"b.\"", Throws(() => XLstmStack.Load(path)), StringComparison.Ordinal);
        Assert.NotNull(XLstmStack.Load(path, "b"));
        path = Save(folder, [.. parameters.Select(p => ("a." + p.Name, p)), .. parameters.Select(p => ("model_state.a." + p.Name, p))]);
        Assert.NotNull(XLstmStack.Load(path));

        path = Save(folder, [.. parameters.Select(p => (p.Name, p)), ("blocks.0.xlstm.more.weight", parameters[0])]);
        Assert.Contains("blocks.0.xlstm.more.weight", Throws(() => XLstmStack.Load(path)), StringComparison.Ordinal);
        path = Save(folder, parameters.Where(p => !p.Name.StartsWith("blocks.1.", StringComparison.Ordinal)).Select(p => (p.Name, p)));
        Assert.Contains("blocks.1", Throws(() => XLstmStack.Load(path)), StringComparison.Ordinal);
        path = Save(folder, around.Select(p => (p.Name, p)));
        Assert.Contains("hidden.weight", Throws(() => XLstmStack.Load(path)), StringComparison.Ordinal);
    }

    [Fact]
    public void ALanguageModelNeedsNoConfig()
    {
        XLstmLanguageModel model = TestModels.Model();
        using var folder = new TemporaryFolder();
        foreach (string prefix in (ReadOnlySpan<string>)["", "module."])
        {
            string path = Save(folder, model.Parameters.Select(p => (prefix + p.Name, p)));
            XLstmLanguageModel loaded = XLstmLanguageModel.Load(path);
            int[] tokens = TestModels.Tokens(6);
            using var pass = new Pass();
            Numbers.SameBits("logits", model.Forward(tokens, 1, null, pass).Logits.Span, loaded.Forward(tokens, 1, null, pass).Logits.Span);
        }
        ModelConfigWriter.Write(folder.Path, model.Config);
        string directory = Path.Combine(folder.Path, "model.safetensors");
        File.Move(Path.Combine(folder.Path, "weights.safetensors"), directory);
        Assert.Equal(model.Parameters.Select(p => p.Name), XLstmLanguageModel.Load(folder.Path).Parameters.Select(p => p.Name));
        Assert.Contains("without tokens", Throws(() => XLstmLanguageModel.Load(Stocks("xLSTM_H3_F5_AAPL.pt"))), StringComparison.Ordinal);
    }

    private static string Save(TemporaryFolder folder, IEnumerable<(string Name, Parameter Parameter)> tensors)
    {
        string path = Path.Combine(folder.Path, "weights.safetensors");
        SafetensorsWriter.Write(path, [.. tensors.Select(t => TensorToWrite.FromFloats(t.Name, [.. Enumerable.Range(0, t.Parameter.Shape.Rank).Select(i => (long)t.Parameter.Shape[i])], t.Parameter.Span.ToArray()))]);
        return path;
    }

    private static void SameOutput(XLstmStack expected, XLstmStack actual)
    {
        using var pass = new Pass();
        Tensor x = TestModels.Input(2, 7);
        Numbers.SameBits("output", expected.Forward(x, null, pass).Output.Span, actual.Forward(x, null, pass).Output.Span);
    }

    private static string Throws(Func<object> load) => Assert.Throws<CheckpointException>(load).Message;
}
