using XLstm.Kernels;

namespace XLstm;

/// <summary>
/// The sLSTM cell (or the plain LSTM in the same frame) with its recurrent kernel and bias; see
/// <see cref="SLstmScan"/> for the equations.
/// </summary>
public sealed class SLstmCell
{
    /// <summary>
    /// Parameters "_recurrent_kernel_" [heads, 4 width/heads, width/heads] and "_bias_" [4 width], gates i, f, z, o.
    /// A checkpoint in the layout of the CUDA code ([heads, width/heads, 4 width/heads], bias by head) is turned into this one.
    /// </summary>
    /// <param name="scope">Where the parameters live.</param>
    /// <param name="width">H, cells of all heads.</param>
    /// <param name="heads">N.</param>
    /// <param name="function">sLSTM or LSTM.</param>
    /// <param name="kernelInitializer">Initial recurrent kernel; zeros by default, as the reference.</param>
    /// <param name="biasInitializer">Initial bias; see <see cref="PowerLawBias"/>.</param>
    public SLstmCell(ParameterScope scope, int width, int heads, CellFunction function = CellFunction.SLstm, Initializer? kernelInitializer = null, Initializer? biasInitializer = null)
    {
        if (heads < 1 || width < 1 || width % heads != 0)
            throw new ArgumentException($"{heads} heads do not divide a width of {width}.", nameof(heads));
        (Heads, Width, Function) = (heads, width, function);
        int d = width / heads;
        var kernelShape = new Shape(heads, 4 * d, d);
        if (scope.StoredShape("_recurrent_kernel_") is { Count: 3 } stored && stored[0] == heads && stored[1] == d && stored[2] == 4L * d)
            (Kernel, Bias) = ReadHeadMajor(scope, heads, d);
        else
        {
            Kernel = scope.Get("_recurrent_kernel_", kernelShape, kernelInitializer ?? Initializer.Zeros);
            Bias = scope.Get("_bias_", new Shape(4 * width), biasInitializer ?? PowerLawBias(width, heads, 0, 1));
        }
    }

    /// <summary>N.</summary>
    public int Heads { get; }

    /// <summary>H.</summary>
    public int Width { get; }

    /// <summary>sLSTM or LSTM.</summary>
    public CellFunction Function { get; }

    /// <summary>R [N, 4 H/N, H/N].</summary>
    public Parameter Kernel { get; }

    /// <summary>b [4 H]: gates i, f, z, o, then head, then cell.</summary>
    public Parameter Bias { get; }

    /// <summary>gates [B, T, 4 H] from the input, state [S, B, H] or null; returns y [B, T, H] and the state after it.</summary>
    public (Tensor Output, Tensor State) Forward(Tensor gates, Tensor? state, Pass pass, int[]? lengths = null) =>
        Ops.SLstm(pass, Function, gates, Kernel, Bias, state, lengths);

    /// <summary>
    /// Forget biases from 5 down to -7 within each head, f_j = 5 - 12 (j / (d-1))^(0.3 + 1.3 block/(blocks-1)): long memories
    /// in some cells, short ones in others, shorter with depth. The other gates start at 0.
    /// </summary>
    public static Initializer PowerLawBias(int width, int heads, int block, int blocks)
    {
        int d = width / heads;
        double exponent = 0.3 + 1.3 * (blocks > 1 ? (double)block / (blocks - 1) : 0);
        return ForgetBias(width, d, j => (float)(5 - 12 * Math.Pow(d > 1 ? (double)j / (d - 1) : 0, exponent)));
    }

    /// <summary>Forget biases evenly from 3 to 6 within each head; the other gates start at 0.</summary>
    public static Initializer LinspaceBias(int width, int heads)
    {
        int d = width / heads;
        return ForgetBias(width, d, j => d > 1 ? 3f + 3f * j / (d - 1) : 3f);
    }

    private static Initializer ForgetBias(int width, int d, Func<int, float> value)
    {
        var bias = new float[4 * width];
        for (int i = 0; i < width; i++)
            bias[width + i] = value(i % d);
        return Initializer.Values(bias);
    }

    private static (Parameter Kernel, Parameter Bias) ReadHeadMajor(ParameterScope scope, int heads, int d)
    {
        int width = heads * d;
        Parameter kernel = scope.Create("_recurrent_kernel_", new Shape(heads, 4 * d, d)), bias = scope.Get("_bias_", new Shape(4 * width), Initializer.Zeros);
        var stored = new float[kernel.Length];
        scope.Read("_recurrent_kernel_", stored);
        for (int h = 0; h < heads; h++)
            for (int i = 0; i < d; i++)
                for (int o = 0; o < 4 * d; o++)
                    kernel.Span[(h * 4 * d + o) * d + i] = stored[(h * d + i) * 4 * d + o];
        float[] byHead = bias.Span.ToArray();
        for (int h = 0; h < heads; h++)
            for (int g = 0; g < 4; g++)
                byHead.AsSpan((h * 4 + g) * d, d).CopyTo(bias.Span[(g * width + h * d)..]);
        return (kernel, bias);
    }
}
