namespace XLstm.Kernels.Tests;

public class CausalConvolutionTests
{
    private static readonly int[] Features = [1, 2, 3, 5, 8, 16, 17, 33];

    [Fact]
    public void Depthwise_equals_the_reference()
    {
        foreach (int lanes in Widths.All)
            foreach (int F in Features)
                foreach ((int T, int K) in ((int, int)[])[(0, 4), (1, 4), (2, 4), (3, 4), (4, 4), (7, 4), (5, 1), (3, 2)])
                    foreach (bool stateful in (bool[])[true, false])
                        Compare(lanes, 1, T, F, K, stateful);
    }

    [Fact]
    public void Mixing_equals_the_reference()
    {
        foreach (int lanes in Widths.All)
            foreach (int F in (int[])[1, 2, 3, 5, 17])
                foreach ((int T, int K) in ((int, int)[])[(0, 3), (1, 3), (4, 3), (2, 1)])
                    foreach (bool stateful in (bool[])[true, false])
                        Compare(lanes, F, T, F, K, stateful);
    }

    [Fact]
    public void A_sequence_in_pieces_equals_the_whole_to_the_bit()
    {
        const int T = 11, F = 19, K = 4;
        float[] x = Numbers.Normal(1, T * F), weight = Numbers.Normal(2, F * K), bias = Numbers.Normal(3, F), scratch = new float[K * F];
        float[] whole = new float[T * F], end = new float[(K - 1) * F];
        CausalConvolution.Forward(T, F, K, x, [], weight, bias, whole, end, scratch);
        for (int step = 1; step <= T; step++)
        {
            float[] pieces = new float[T * F], state = new float[(K - 1) * F];
            for (int t = 0; t < T; t += step)
            {
                int length = Math.Min(step, T - t);
                CausalConvolution.Forward(length, F, K, x.AsSpan(t * F), state, weight, bias, pieces.AsSpan(t * F), state, scratch);
            }

            Assert.Equal(whole, pieces);
            Assert.Equal(end, state);
        }
    }

    [Fact]
    public void Unwanted_gradients_are_left_out()
    {
        const int T = 5, F = 6, K = 3;
        float[] x = Numbers.Normal(1, T * F), weight = Numbers.Normal(2, F * K), dx = new float[T * F], dWeight = new float[F * K];
        float[] scratch = new float[CausalConvolution.BackwardScratchLength(K, F)], onlyInput = new float[T * F], onlyWeight = new float[F * K];
        CausalConvolution.Backward(T, F, K, x, [], weight, x, [], dx, new float[(K - 1) * F], dWeight, new float[F], scratch);
        CausalConvolution.Backward(T, F, K, x, [], weight, x, [], onlyInput, [], [], [], scratch);
        CausalConvolution.Backward(T, F, K, x, [], weight, x, [], [], [], onlyWeight, [], scratch);
        Assert.Equal(dx, onlyInput);
        Assert.Equal(dWeight, onlyWeight);
    }

    [Fact]
    public void Bad_shapes_are_named()
    {
        float[] four = new float[4], sixteen = new float[16];
        Assert.Equal("state", Assert.Throws<ArgumentException>(() =>
            CausalConvolution.Forward(1, 4, 4, four, new float[8], sixteen, [], four, [], sixteen)).ParamName);
        Assert.Equal("scratch", Assert.Throws<ArgumentException>(() =>
            CausalConvolution.Forward(1, 4, 4, four, [], sixteen, [], four, [], four)).ParamName);
        Assert.Equal("kernelSize", Assert.Throws<ArgumentOutOfRangeException>(() =>
            CausalConvolution.Forward(1, 4, 0, four, [], sixteen, [], four, [], sixteen)).ParamName);
    }

    private static void Compare(int lanes, int fanIn, int T, int F, int K, bool stateful)
    {
        int past = (K - 1) * F;
        float[] x = Numbers.Normal(1, T * F), state = Numbers.Normal(2, stateful ? past : 0), weight = Numbers.Normal(3, F * fanIn * K), bias = Numbers.Normal(4, F);
        float[] dy = Numbers.Normal(5, T * F), dNewState = Numbers.Normal(6, past), before = Numbers.Normal(7, Math.Max(x.Length, weight.Length) + past + F);

        // y, then the new state.
        double[] Reference(double[] x, double[] state, double[] weight, double[] bias)
        {
            double Input(int t, int f) => t >= 0 ? x[t * F + f] : stateful ? state[(K - 1 + t) * F + f] : 0;
            var y = new double[T * F + past];
            for (int t = 0; t < T; t++)
                for (int f = 0; f < F; f++)
                {
                    double sum = bias[f];
                    for (int g = 0; g < fanIn; g++)
                        for (int k = 0; k < K; k++)
                            sum += weight[(f * fanIn + g) * K + k] * Input(t - K + 1 + k, fanIn == 1 ? f : g);
                    y[t * F + f] = sum;
                }

            for (int j = 0; j < past; j++)
                y[T * F + j] = Input(T - K + 1 + j / F, j % F);
            return y;
        }

        double[] X = Numbers.ToDouble(x), S = Numbers.ToDouble(state), W = Numbers.ToDouble(weight), B = Numbers.ToDouble(bias);
        double[] expected = Reference(X, S, W, B);
        string what = $"T {T}, F {F}, K {K}, fan-in {fanIn}, {lanes} lanes: ";
        Guarded y = new(T * F), newState = new(past), scratch = new(2 * weight.Length);
        CausalConvolution.Forward(lanes, fanIn, T, F, K, x, state, weight, bias, y.Span, newState.Span, scratch.Span[weight.Length..]);
        Numbers.Close(expected.AsSpan(0, T * F), y.Content, 3e-6, what + "y");
        Numbers.Close(expected.AsSpan(T * F), newState.Content, 0, what + "new state");
        if (stateful)
        {
            var shifted = new Guarded(state);
            CausalConvolution.Forward(lanes, fanIn, T, F, K, x, shifted.Content, weight, bias, y.Span, shifted.Span, scratch.Span);
            Assert.Equal(newState.Content, shifted.Content);
        }

        Guarded dx = new(before.AsSpan(0, x.Length)), dState = new(before.AsSpan(0, state.Length)), dWeight = new(before.AsSpan(0, weight.Length)), dBias = new(before.AsSpan(0, F));
        CausalConvolution.Backward(lanes, fanIn, T, F, K, x, state, weight, dy, dNewState, dx.Span, dState.Span, dWeight.Span, dBias.Span, scratch.Span);
        _ = scratch.Content;
        float[] dAll = [.. dy, .. dNewState];
        Numbers.Close(Numbers.Gradient(v => Numbers.Dot(Reference(v, S, W, B), dAll), x), dx.Added(before), 5e-6, what + "dx");
        Numbers.Close(Numbers.Gradient(v => Numbers.Dot(Reference(X, v, W, B), dAll), state), dState.Added(before), 5e-6, what + "dState");
        Numbers.Close(Numbers.Gradient(v => Numbers.Dot(Reference(X, S, v, B), dAll), weight), dWeight.Added(before), 5e-6, what + "dWeight");
        Numbers.Close(Numbers.Gradient(v => Numbers.Dot(Reference(X, S, W, v), dAll), bias), dBias.Added(before), 5e-6, what + "dBias");
    }
}
