namespace XLstm.Kernels.Tests;

public class NormalizationTests
{
    private const int Rows = 3;
    private const float Epsilon = 1e-5f;

    [Fact]
    public void Forward_and_backward_equal_the_reference()
    {
        foreach (NormKind kind in Enum.GetValues<NormKind>())
            foreach (int groups in (int[])[1, 3])
                foreach (int width in Widths.Lengths)
                    foreach ((bool weighted, bool biased, bool onePlus) in ((bool, bool, bool)[])[(true, true, true), (true, false, false), (false, true, true), (false, false, false)])
                        foreach (int lanes in Widths.All)
                            Compare(lanes, kind, groups, width, weighted, biased, onePlus);
    }

    [Fact]
    public void A_large_mean_does_not_spoil_the_variance()
    {
        foreach (int lanes in Widths.All)
        {
            float[] x = [.. Enumerable.Range(0, 64).Select(i => 4096f + i % 2)], y = new float[64];
            Normalization.Forward(lanes, NormKind.Layer, 1, 1, 64, 0, false, x, [], [], y, []);
            Numbers.Close([.. x.Select((_, i) => i % 2 == 0 ? -1.0 : 1.0)], y, 1e-6, "y");
        }
    }

    [Fact]
    public void A_constant_group_gives_zero_and_works_in_place()
    {
        float[] x = [.. Enumerable.Repeat(3f, 20)];
        Normalization.Forward(NormKind.Layer, 1, 1, 20, 1e-5f, false, x, [], [], x, []);
        Assert.All(x, v => Assert.Equal(0, v));
    }

    [Fact]
    public void Unwanted_gradients_are_left_out()
    {
        float[] x = Numbers.Normal(1, 40), statistics = new float[4], dx = new float[40], dw = new float[20];
        Normalization.Forward(NormKind.Layer, 2, 1, 20, 1e-5f, false, x, [], [], new float[40], statistics);
        Normalization.Backward(NormKind.Layer, 2, 1, 20, false, x, [], statistics, x, dx, dw, new float[20]);
        float[] onlyInput = new float[40], onlyWeight = new float[20];
        Normalization.Backward(NormKind.Layer, 2, 1, 20, false, x, [], statistics, x, onlyInput, [], []);
        Normalization.Backward(NormKind.Layer, 2, 1, 20, false, x, [], statistics, x, [], onlyWeight, []);
        Assert.Equal(dx, onlyInput);
        Assert.Equal(dw, onlyWeight);
    }

    [Fact]
    public void Bad_shapes_are_named()
    {
        Assert.Equal("weight", Assert.Throws<ArgumentException>(() =>
            Normalization.Forward(NormKind.Rms, 1, 2, 4, 1e-6f, false, new float[8], new float[4], [], new float[8], [])).ParamName);
        Assert.Equal("statistics", Assert.Throws<ArgumentException>(() =>
            Normalization.Backward(NormKind.Rms, 1, 2, 4, false, new float[8], [], [], new float[8], new float[8], [], [])).ParamName);
    }

    private static void Compare(int lanes, NormKind kind, int groups, int width, bool weighted, bool biased, bool onePlus)
    {
        int row = groups * width;
        float[] x = Numbers.Normal(1, Rows * row), weight = Numbers.Normal(2, weighted ? row : 0), bias = Numbers.Normal(3, biased ? row : 0);
        float[] dy = Numbers.Normal(4, Rows * row), before = Numbers.Normal(5, Rows * row);
        double[] Reference(double[] x, double[] weight, double[] bias)
        {
            var y = new double[x.Length];
            for (int i = 0; i < Rows * groups; i++)
            {
                double[] group = x[(i * width)..((i + 1) * width)];
                double mean = kind == NormKind.Layer && width > 0 ? group.Average() : 0;
                double deviation = Math.Sqrt(group.Sum(v => (v - mean) * (v - mean)) / width + Epsilon);
                for (int j = 0; j < width; j++)
                {
                    int column = i % groups * width + j;
                    double w = weighted ? weight[column] + (onePlus ? 1 : 0) : 1;
                    y[i * width + j] = (group[j] - mean) / deviation * w + (biased ? bias[column] : 0);
                }
            }

            return y;
        }

        string what = $"{kind}, {groups} x {width}, {lanes} lanes: ";
        double[] X = Numbers.ToDouble(x), W = Numbers.ToDouble(weight), B = Numbers.ToDouble(bias);
        Guarded y = new(x.Length), statistics = new(Rows * groups * 2);
        Normalization.Forward(lanes, kind, Rows, groups, width, Epsilon, onePlus, x, weight, bias, y.Span, statistics.Span);
        Numbers.Close(Reference(X, W, B), y.Content, 2e-6, what + "y");
        Guarded again = new(x.Length);
        Normalization.Again(lanes, Rows, groups, width, onePlus, x, weight, bias, statistics.Content, again.Span);
        Assert.Equal(y.Content, again.Content);

        Guarded dx = new(before), dw = new(before.AsSpan(0, weight.Length)), db = new(before.AsSpan(0, bias.Length));
        Normalization.Backward(lanes, kind, Rows, groups, width, onePlus, x, weight, statistics.Content, dy, dx.Span, dw.Span, db.Span);
        // Two values of a group may be nearly equal, where the slope is as large as 1 / sqrt(epsilon).
        if (kind == NormKind.Rms || width != 2)
            Numbers.Close(Numbers.Gradient(v => Numbers.Dot(Reference(v, W, B), dy), x), dx.Added(before), 1e-5, what + "dx");
        Numbers.Close(Numbers.Gradient(v => Numbers.Dot(Reference(X, v, B), dy), weight), dw.Added(before), 3e-6, what + "dWeight");
        Numbers.Close(Numbers.Gradient(v => Numbers.Dot(Reference(X, W, v), dy), bias), db.Added(before), 3e-6, what + "dBias");
    }
}
