namespace XLstm.Kernels.Tests;

public class ActivationsTests
{
    [Fact]
    public void Forward_equals_the_reference_at_every_width_and_length()
    {
        foreach (Activation f in ReferenceActivation.All)
            foreach (int lanes in Widths.All)
                foreach (int length in Widths.Lengths)
                {
                    float[] x = Numbers.Normal(length, length, 3);
                    var y = new Guarded(length);
                    Activations.Forward(lanes, f, x, y.Span);
                    Numbers.Close([.. x.Select(v => ReferenceActivation.Value(f, v))], y.Content, 3e-7, $"{f}, {lanes} lanes");
                }
    }

    [Fact]
    public void Backward_adds_the_slope_times_the_gradient()
    {
        foreach (Activation f in ReferenceActivation.All)
            foreach (int lanes in Widths.All)
                foreach (int length in Widths.Lengths)
                {
                    float[] x = Numbers.Normal(length, length, 3), dy = Numbers.Normal(length + 1, length);
                    var dx = new Guarded(new float[length]);
                    Activations.Backward(lanes, f, x, dy, dx.Span);
                    Activations.Backward(lanes, f, x, dy, dx.Span);
                    double[] expected = Numbers.Gradient(at => 2 * Numbers.Dot([.. at.Select(v => ReferenceActivation.Value(f, v))], dy), x);
                    Numbers.Close(expected, dx.Content, 1e-6, $"{f}, {lanes} lanes");
                }
    }

    [Fact]
    public void Gelu_keeps_its_accuracy_far_out()
    {
        float[] x = [.. Enumerable.Range(-20_000, 40_001).Select(i => i * 7e-4f)];
        foreach (int lanes in Widths.All)
        {
            var y = new float[x.Length];
            Activations.Forward(lanes, Activation.Gelu, x, y);
            for (int i = 0; i < x.Length; i++)
            {
                double expected = ReferenceActivation.Value(Activation.Gelu, x[i]), error = Math.Abs(y[i] - expected);
                Assert.True(error <= 5e-6 * Math.Abs(expected) + 1e-36 && error <= 2e-7 * Math.Max(1, Math.Abs(expected)), $"gelu({x[i]:R}) = {y[i]:R}, expected {expected:R}");
            }
        }
    }

    [Theory]
    [InlineData(Activation.Gelu, 0, float.PositiveInfinity, 0, 1)]
    [InlineData(Activation.Relu, 0, float.PositiveInfinity, 0, 1)]
    [InlineData(Activation.ReluSquared, 0, float.PositiveInfinity, 0, float.PositiveInfinity)]
    [InlineData(Activation.Selu, -1.75809934f, float.PositiveInfinity, 0, 1.05070099f)]
    [InlineData(Activation.Swish, 0, float.PositiveInfinity, 0, 1)]
    [InlineData(Activation.Sigmoid, 0, 1, 0, 0)]
    [InlineData(Activation.Tanh, -1, 1, 0, 0)]
    public void Infinities_have_their_limits_and_NaN_stays(Activation f, float low, float high, float slopeLow, float slopeHigh)
    {
        foreach (int lanes in Widths.All)
        {
            float[] x = new float[3 * 16], dy = new float[x.Length], y = new float[x.Length], dx = new float[x.Length];
            x.AsSpan(0, 16).Fill(float.NegativeInfinity);
            x.AsSpan(16, 16).Fill(float.PositiveInfinity);
            x.AsSpan(32, 16).Fill(float.NaN);
            dy.AsSpan().Fill(1);
            Activations.Forward(lanes, f, x, y);
            Activations.Backward(lanes, f, x, dy, dx);
            Assert.Equal([low, high, float.NaN], [y[0], y[16], y[32]]);
            Assert.Equal([slopeLow, slopeHigh], [dx[0], dx[16]]);
        }
    }

    [Fact]
    public void Forward_works_in_place()
    {
        foreach (int lanes in Widths.All)
        {
            float[] x = Numbers.Normal(1, 37), y = new float[37];
            Activations.Forward(lanes, Activation.Gelu, x, y);
            Activations.Forward(lanes, Activation.Gelu, x, x);
            Assert.Equal(y, x);
        }
    }

    [Theory]
    [InlineData("gelu", Activation.Gelu)]
    [InlineData("relu", Activation.Relu)]
    [InlineData("relu^2", Activation.ReluSquared)]
    [InlineData("selu", Activation.Selu)]
    [InlineData("swish", Activation.Swish)]
    [InlineData("sigmoid", Activation.Sigmoid)]
    [InlineData("tanh", Activation.Tanh)]
    public void Names_are_parsed(string name, Activation expected) => Assert.Equal(expected, ActivationNames.Parse(name));

    [Fact]
    public void An_unknown_name_is_answered_with_the_known_ones()
    {
        var error = Assert.Throws<ArgumentException>(() => ActivationNames.Parse("mish"));
        Assert.Contains("'mish'", error.Message);
        Assert.Contains("gelu, relu, relu^2, selu, swish, sigmoid", error.Message);
    }

    [Fact]
    public void Bad_arguments_are_named()
    {
        Assert.Equal("y", Assert.Throws<ArgumentException>(() => Activations.Forward(Activation.Relu, new float[3], new float[2])).ParamName);
        Assert.Equal("dx", Assert.Throws<ArgumentException>(() => Activations.Backward(Activation.Relu, new float[3], new float[3], new float[2])).ParamName);
        Assert.Equal("f", Assert.Throws<ArgumentOutOfRangeException>(() => Activations.Forward((Activation)99, new float[3], new float[3])).ParamName);
    }
}
