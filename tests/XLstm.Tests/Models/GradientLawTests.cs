namespace XLstm.Tests;

public class GradientLawTests
{
    public static TheoryData<string> Stacks => TestModels.StackNames;

    [Theory]
    [MemberData(nameof(Stacks))]
    public void AgreeWithDifferences(string name)
    {
        XLstmStack stack = TestModels.Stack(name, out ParameterSet parameters);
        foreach (PassOptions options in (PassOptions[])[new(ChunkLength: 3), new(Form: MLstmForm.Parallel)])
            CentralDifferences.Check(options, parameters, TestModels.Input(2, 7), (pass, x) => stack.Forward(x, null, pass, [7, 7]).Output);
    }

    [Theory]
    [MemberData(nameof(Stacks))]
    public void OfTheInitialStateAgreeWithDifferences(string name)
    {
        XLstmStack stack = TestModels.Stack(name, out _);
        using var before = new Pass();
        StackState start = stack.Forward(TestModels.Input(2, 6, seed: 4), null, before).State.Copy();
        Tensor sequence = TestModels.Input(2, 5);
        foreach ((_, Tensor tensor) in start.Tensors)
            if (tensor.Length > 0)
                CentralDifferences.Check(new PassOptions(ChunkLength: 2), [], tensor, (pass, x) =>
                {
                    var state = new StackState([.. start.Blocks.Select(b => b.Map((_, t) => ReferenceEquals(t, tensor) ? x : t))]);
                    return stack.Forward(sequence, state, pass).Output;
                });
    }

    /// <summary>Back-propagation runs through the states that segments hand on, and stops where a state is copied.</summary>
    [Theory]
    [MemberData(nameof(Stacks))]
    public void TwoSegmentsOnOneTapeAreTheWhole(string name)
    {
        XLstmStack stack = TestModels.Stack(name, out ParameterSet parameters);
        foreach (PassOptions options in (PassOptions[])[new(true, ChunkLength: 3), new(true, Form: MLstmForm.Parallel)])
            foreach ((int T, int cut) in (ReadOnlySpan<(int, int)>)[(2, 1), (4, 2), (9, 1), (9, 8), (15, 6)])
            {
                Tensor x = TestModels.Input(2, T), g = TestModels.Input(2, T, seed: 2);
                x.RequiresGradient = true;
                using var pass = new Pass(options);
                Forget(parameters, x);
                pass.Backward(Ops.Multiply(pass, stack.Forward(x, null, pass).Output, g));
                List<float[]> expected = [.. parameters.Append(x).Select(p => p.Gradient!.Span.ToArray())];

                Tensor Part(Tensor t, int from, int count)
                {
                    Tensor part = GoldenAssertions.Segment(pass, t, from, count);
                    part.RequiresGradient = true;
                    return part;
                }

                pass.Reset();
                Forget(parameters, x);
                Tensor a = Part(x, 0, cut), b = Part(x, cut, T - cut);
                (Tensor first, StackState middle) = stack.Forward(a, null, pass);
                Tensor second = stack.Forward(b, middle, pass).Output;
                pass.Backward(Sum(pass, Ops.Multiply(pass, first, Part(g, 0, cut)), Ops.Multiply(pass, second, Part(g, cut, T - cut))));
                x.Gradient = new Tensor(x.Shape);
                GoldenAssertions.Put(a.Gradient!, x.Gradient.Span, T, 0);
                GoldenAssertions.Put(b.Gradient!, x.Gradient.Span, T, cut);
                foreach ((Tensor tensor, float[] e) in parameters.Append(x).Zip(expected))
                    Numbers.Close($"{tensor}, {cut} of {T}", e, tensor.Gradient!.Span, 5e-5);

                // A copied state: the second segment alone, with what the first one left as a constant.
                pass.Reset();
                Forget(parameters, x);
                a = Part(x, 0, cut);
                b = Part(x, cut, T - cut);
                StackState copied = stack.Forward(a, null, pass).State.Copy();
                pass.Backward(Ops.Multiply(pass, stack.Forward(b, copied, pass).Output, Part(g, cut, T - cut)));
                Assert.Null(a.Gradient);
                Assert.All(copied.Tensors, t => Assert.Null(t.Tensor.Gradient));
                List<float[]> truncated = [.. parameters.Select(p => p.Gradient!.Span.ToArray())];
                Forget(parameters, x);
                pass.Reset();
                pass.Backward(Ops.Multiply(pass, stack.Forward(Part(x, cut, T - cut), copied, pass).Output, Part(g, cut, T - cut)));
                foreach ((Parameter parameter, float[] e) in parameters.Zip(truncated))
                    Numbers.SameBits(parameter.Name, e, parameter.Gradient!.Span);
            }
    }

    [Fact]
    public void TiedWeightsCollectTheGradientsOfBothUses()
    {
        XLstmLanguageModel tied = TestModels.Model(tied: true), apart = TestModels.Model();
        foreach (Parameter parameter in apart.Parameters)
            (parameter == apart.Head.Weight ? tied.Embedding.Weight : tied.Parameters[parameter.Name]).Span.CopyTo(parameter.Span);
        Assert.Same(tied.Embedding.Weight, tied.Head.Weight);
        foreach (XLstmLanguageModel model in (XLstmLanguageModel[])[tied, apart])
        {
            using var pass = new Pass(new PassOptions(Record: true));
            pass.Backward(Ops.CrossEntropy(pass, model.Forward(TestModels.Tokens(10), 2, null, pass).Logits, TestModels.Tokens(10, seed: 2)));
        }
        var sum = new float[tied.Head.Weight.Length];
        for (int i = 0; i < sum.Length; i++)
            sum[i] = apart.Head.Weight.Gradient!.Span[i] + apart.Embedding.Weight.Gradient!.Span[i];
        Numbers.Close("tied", sum, tied.Head.Weight.Gradient!.Span, 1e-6);
    }

    /// <summary>Freezing a parameter leaves it without a gradient and changes no other gradient.</summary>
    [Theory]
    [MemberData(nameof(Stacks))]
    public void FrozenParametersGetNone(string name)
    {
        XLstmStack stack = TestModels.Stack(name, out ParameterSet parameters);
        void Learn()
        {
            foreach (Parameter parameter in parameters)
                parameter.Gradient = null;
            using var pass = new Pass(new PassOptions(Record: true));
            pass.Backward(Ops.Multiply(pass, stack.Forward(TestModels.Input(2, 6), null, pass).Output, TestModels.Input(2, 6, seed: 2)));
        }

        Learn();
        List<float[]> expected = [.. parameters.Select(p => p.Gradient!.Span.ToArray())];
        foreach (Parameter frozen in parameters)
        {
            frozen.RequiresGradient = false;
            Learn();
            Assert.Null(frozen.Gradient);
            foreach ((Parameter parameter, float[] e) in parameters.Zip(expected))
                if (parameter != frozen)
                    Numbers.SameBits($"{parameter.Name} without {frozen.Name}", e, parameter.Gradient!.Span);
            frozen.RequiresGradient = true;
        }
    }

    [Fact]
    public void AccumulateOverPasses()
    {
        XLstmStack stack = TestModels.Stack("mixed", out ParameterSet parameters);
        Tensor x = TestModels.Input(2, 5);
        x.RequiresGradient = true;
        using var pass = new Pass(new PassOptions(Record: true));
        void Learn()
        {
            pass.Reset();
            pass.Backward(stack.Forward(x, null, pass).Output);
        }

        Learn();
        List<float[]> once = [.. parameters.Append(x).Select(p => p.Gradient!.Span.ToArray())];
        Learn();
        foreach ((Tensor tensor, float[] e) in parameters.Append(x).Zip(once))
            Numbers.Close($"{tensor}", [.. e.Select(v => 2 * v)], tensor.Gradient!.Span, 1e-6);
        parameters.ClearGradients();
        Assert.All(parameters, p => Assert.True(p.Gradient!.Span.IndexOfAnyExcept(0f) < 0));
    }

    [Fact]
    public void LossesScaleAndNeedATape()
    {
        XLstmLanguageModel model = TestModels.Model();
        float[] Gradient(float scale)
        {
            model.Parameters.ClearGradients();
            using var pass = new Pass(new PassOptions(Record: true));
            pass.Backward(Ops.CrossEntropy(pass, model.Forward(TestModels.Tokens(8), 1, null, pass).Logits, TestModels.Tokens(8, seed: 2)), scale);
            return model.Head.Weight.Gradient!.Span.ToArray();
        }

        Numbers.Close("half", [.. Gradient(1f).Select(v => v / 2)], Gradient(0.5f), 1e-7);
        using var plain = new Pass();
        Assert.Throws<InvalidOperationException>(() => plain.Backward(model.Forward(TestModels.Tokens(8), 1, null, plain).Logits));
        using var recording = new Pass(new PassOptions(Record: true));
        Assert.Throws<InvalidOperationException>(() => recording.Backward(new Tensor(new Shape(1))));
    }

    /// <summary>Every label ignored: a loss of 0 and no gradient, not a division by 0.</summary>
    [Fact]
    public void NothingToLearnFrom()
    {
        XLstmLanguageModel model = TestModels.Model();
        using var pass = new Pass(new PassOptions(Record: true));
        Tensor loss = Ops.CrossEntropy(pass, model.Forward(TestModels.Tokens(4), 1, null, pass).Logits, [-1, -1, -1, -1]);
        Assert.Equal(0, loss.Item);
        pass.Backward(loss);
        Assert.All(model.Parameters, p => Assert.True(p.Gradient is null || p.Gradient.Span.IndexOfAnyExcept(0f) < 0));
    }

    private static void Forget(ParameterSet parameters, Tensor x)
    {
        foreach (Tensor tensor in parameters.Append(x))
            tensor.Gradient = null;
    }

    // The sum of two losses of different lengths, as one number.
    private static Tensor Sum(Pass pass, Tensor a, Tensor b)
    {
        Tensor Total(Tensor t) => Ops.Linear(pass, Ops.Last(pass, Cumulated(t)), Ones(t.Shape.Last));
        return Ops.Add(pass, Total(a), Total(b));

        // [B, T, D] summed over T stands in the last step of a convolution of ones as wide as T.
        Tensor Cumulated(Tensor t)
        {
            int D = t.Shape.Last, T = t.Shape[1];
            Parameter ones = new ParameterSet(seed: 0).Root.Get("ones", new Shape(D, 1, T), Initializer.Ones);
            return Ops.CausalConvolution(pass, t, null, ones, null).Y;
        }

        static Parameter Ones(int width) => new ParameterSet(seed: 0).Root.Get("ones", new Shape(1, width), Initializer.Ones);
    }
}
