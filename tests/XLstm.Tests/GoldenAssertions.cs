using System.Text.Json;
using XLstm.Golden;

namespace XLstm.Tests;

/// <summary>Golden tensors as inputs of a pass, and comparisons of whole parameter sets and states.</summary>
internal static class GoldenAssertions
{
    /// <summary>in.{name} as a leaf whose gradient is wanted.</summary>
    internal static Tensor Input(this GoldenCase golden, Pass pass, string name = "x")
    {
        Tensor x = pass.Rent(ShapeOf(golden.Shape("in." + name)), golden.Floats("in." + name));
        x.RequiresGradient = true;
        return x;
    }

    /// <summary>Back-propagates sum(y * in.g), the loss of every golden case but the language models.</summary>
    internal static void BackwardFrom(this GoldenCase golden, Pass pass, Tensor y) =>
        pass.Backward(Ops.Multiply(pass, y, pass.Rent(y.Shape, golden.Floats("in.g"))));

    internal static void AssertParameterGradients(this GoldenCase golden, ParameterSet parameters, string prefix = "")
    {
        int compared = 0;
        foreach (Parameter parameter in parameters)
        {
            string name = "grad.param." + parameter.Name[(parameter.Name.StartsWith(prefix, StringComparison.Ordinal) ? prefix.Length : 0)..];
            if (!golden.Has("f64." + name))
                continue;
            Assert.NotNull(parameter.Gradient);
            golden.AssertClose(name, golden.Doubles("f64." + name), parameter.Gradient.Span, golden.Tolerance(name) * Slack(name));
            compared++;
        }
        Assert.Equal(golden.TensorNames.Count(n => n.StartsWith("f64.grad.param.", StringComparison.Ordinal)), compared);
    }

    // The gradient of an mLSTM's gate bias is a sum over all steps that nearly cancels (the head-wise norm takes out a common
    // factor of the input gates). The tolerance is 8 times the error of one float32 run, which for these few elements is a
    // matter of luck.
    private static double Slack(string name) => name.Contains("mlstm_cell", StringComparison.Ordinal) && name.EndsWith("gate.bias", StringComparison.Ordinal) ? 2 : 1;

    /// <summary>States of the reference's step, whose convolution keeps the present input, too: [B, k, F] for our [B, k - 1, F].</summary>
    internal static void AssertStepState(this GoldenCase golden, string prefix, IEnumerable<(string Name, Tensor Tensor)> state)
    {
        int compared = 0;
        foreach ((string name, Tensor tensor) in state)
        {
            if (name.EndsWith("conv", StringComparison.Ordinal))
                golden.AssertClose(prefix + name, WithoutOldest(golden, prefix + name), tensor.Span, golden.Tolerance(prefix + name));
            else
                golden.AssertClose(prefix + name, tensor.Span);
            compared++;
        }
        Assert.Equal(golden.TensorNames.Count(n => n.StartsWith("f64." + prefix, StringComparison.Ordinal)), compared);
    }

    internal static double[] WithoutOldest(GoldenCase golden, string name)
    {
        double[] all = golden.Doubles("f64." + name);
        int[] shape = golden.Shape("f64." + name);
        int rows = shape[1], width = shape[2];
        return [.. Enumerable.Range(0, shape[0]).SelectMany(b => all[((b * rows + 1) * width)..((b + 1) * rows * width)])];
    }

    internal static Shape ShapeOf(int[] shape) => shape.Length switch
    {
        1 => new Shape(shape[0]),
        2 => new Shape(shape[0], shape[1]),
        3 => new Shape(shape[0], shape[1], shape[2]),
        _ => new Shape(shape[0], shape[1], shape[2], shape[3]),
    };

    /// <summary>Step <paramref name="t"/> of x [B, T, D], as [B, 1, D].</summary>
    internal static Tensor Step(Pass pass, Tensor x, int t) => Segment(pass, x, t, 1);

    /// <summary>Steps <paramref name="from"/> to from + count of x [B, T, D].</summary>
    internal static Tensor Segment(Pass pass, Tensor x, int from, int count)
    {
        int B = x.Shape[0], T = x.Shape[1], D = x.Shape[2];
        Tensor part = pass.Rent(new Shape(B, count, D));
        for (int b = 0; b < B; b++)
            x.Span.Slice((b * T + from) * D, count * D).CopyTo(part.Span[(b * count * D)..]);
        return part;
    }

    /// <summary>Writes y [B, count, D] as steps <paramref name="from"/>.. of whole [B, T, D].</summary>
    internal static void Put(Tensor y, Span<float> whole, int T, int from)
    {
        int B = y.Shape[0], count = y.Shape[1], D = y.Shape[2];
        for (int b = 0; b < B; b++)
            y.Span.Slice(b * count * D, count * D).CopyTo(whole[((b * T + from) * D)..]);
    }

    /// <summary>A block's or layer's own config, read as a stack of one block.</summary>
    internal static XLstmStackConfig StackOfOne(string kind, JsonElement block, int embeddingDim)
    {
        string json = $$"""{"num_blocks": 1, "embedding_dim": {{embeddingDim}}, "{{kind}}_block": {{block.GetRawText()}}}""";
        return (XLstmStackConfig)ModelConfigReader.Parse(JsonDocument.Parse(json).RootElement, "golden");
    }
}
