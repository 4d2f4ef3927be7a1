namespace XLstm.Kernels.Tests;

public class SkipGateTests
{
    private const int Rows = 3;

    [Fact]
    public void Forward_and_backward_equal_the_reference()
    {
        foreach (int lanes in Widths.All)
            foreach (int width in Widths.Lengths)
            {
                int dense = Rows * width, stride = width + 5, strided = Rows * stride;
                float[] h = Numbers.Normal(1, dense), a = Numbers.Normal(2, dense), z = Numbers.Normal(3, strided, 2), skip = Numbers.Normal(4, width);
                float[] dy = Numbers.Normal(5, dense), before = Numbers.Normal(6, strided);
                double[] Reference(double[] h, double[] a, double[] z, double[] skip)
                {
                    var y = new double[dense];
                    for (int i = 0; i < dense; i++)
                        y[i] = (h[i] + skip[i % width] * a[i]) * ReferenceActivation.Value(Activation.Swish, z[i / width * stride + i % width]);
                    return y;
                }

                double[] H = Numbers.ToDouble(h), A = Numbers.ToDouble(a), Z = Numbers.ToDouble(z), S = Numbers.ToDouble(skip);
                var y = new Guarded(dense);
                SkipGate.Forward(lanes, Rows, width, h, a, z, stride, skip, y.Span);
                Numbers.Close(Reference(H, A, Z, S), y.Content, 1e-6, $"y, {lanes} lanes");

                Guarded dh = new(before.AsSpan(0, dense)), da = new(before.AsSpan(0, dense)), dz = new(before), dskip = new(before.AsSpan(0, width));
                SkipGate.Backward(lanes, Rows, width, h, a, z, stride, skip, dy, dh.Span, da.Span, dz.Span, dskip.Span);
                Numbers.Close(Numbers.Gradient(v => Numbers.Dot(Reference(v, A, Z, S), dy), h), dh.Added(before), 2e-6, "dh");
                Numbers.Close(Numbers.Gradient(v => Numbers.Dot(Reference(H, v, Z, S), dy), a), da.Added(before), 2e-6, "da");
                Numbers.Close(Numbers.Gradient(v => Numbers.Dot(Reference(H, A, v, S), dy), z), dz.Added(before), 2e-6, "dz");
                Numbers.Close(Numbers.Gradient(v => Numbers.Dot(Reference(H, A, Z, v), dy), skip), dskip.Added(before), 2e-6, "dskip");
            }
    }

    [Fact]
    public void Empty_gradients_are_not_wanted()
    {
        float[] x = Numbers.Normal(1, 20), dz = new float[20], expected = new float[20];
        SkipGate.Backward(2, 10, x, x, x, 10, x, x, [], [], dz, []);
        SkipGate.Backward(2, 10, x, x, x, 10, x, x, new float[20], new float[20], expected, new float[10]);
        Assert.Equal(expected, dz);
    }

    [Fact]
    public void Bad_shapes_are_named() =>
        Assert.Equal("skip", Assert.Throws<ArgumentException>(() => SkipGate.Forward(1, 4, new float[4], new float[4], new float[4], 4, new float[3], new float[4])).ParamName);
}
