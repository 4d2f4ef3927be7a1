namespace XLstm.Kernels.Tests;

public class GatedActivationTests
{
    [Fact]
    public void Both_halves_of_one_product_are_used_in_place()
    {
        foreach (Activation f in ReferenceActivation.All)
            foreach (int lanes in Widths.All)
                foreach (int width in Widths.Lengths)
                {
                    const int Rows = 3;
                    int stride = 2 * width + 1;
                    float[] x = Numbers.Normal(width, Rows * stride, 2), dy = Numbers.Normal(width + 1, Rows * width), before = Numbers.Normal(9, x.Length);
                    double[] Reference(double[] at)
                    {
                        var y = new double[Rows * width];
                        for (int r = 0; r < Rows; r++)
                            for (int i = 0; i < width; i++)
                                y[r * width + i] = ReferenceActivation.Value(f, at[r * stride + i]) * at[r * stride + width + i];
                        return y;
                    }

                    var y = new Guarded(Rows * width);
                    var dx = new Guarded(before);
                    GatedActivation.Forward(lanes, f, Rows, width, x, x.AsSpan(width), stride, y.Span);
                    GatedActivation.Backward(lanes, f, Rows, width, x, x.AsSpan(width), stride, dy, dx.Span, dx.Span[width..]);
                    Numbers.Close(Reference(Numbers.ToDouble(x)), y.Content, 4e-7, $"{f}, {lanes} lanes");
                    Numbers.Close(Numbers.Gradient(at => Numbers.Dot(Reference(at), dy), x), dx.Added(before), 1e-6, $"{f}, {lanes} lanes, dx");
                }
    }

    [Fact]
    public void An_empty_gradient_is_not_wanted()
    {
        float[] x = Numbers.Normal(1, 20), dy = Numbers.Normal(2, 10), dGate = new float[20], dUp = new float[20], both = new float[20];
        GatedActivation.Backward(Activation.Swish, 1, 10, x, x.AsSpan(10), 20, dy, dGate, []);
        GatedActivation.Backward(Activation.Swish, 1, 10, x, x.AsSpan(10), 20, dy, [], dUp.AsSpan(10));
        GatedActivation.Backward(Activation.Swish, 1, 10, x, x.AsSpan(10), 20, dy, both, both.AsSpan(10));
        Assert.Equal(both[..10], dGate[..10]);
        Assert.Equal(both[10..], dUp[10..]);
    }

    [Fact]
    public void Bad_shapes_are_named()
    {
        Assert.Equal("up", Assert.Throws<ArgumentException>(() => GatedActivation.Forward(Activation.Relu, 2, 3, new float[9], new float[8], 6, new float[6])).ParamName);
        Assert.Equal("stride", Assert.Throws<ArgumentOutOfRangeException>(() => GatedActivation.Forward(Activation.Relu, 2, 3, new float[9], new float[9], 2, new float[6])).ParamName);
    }
}
