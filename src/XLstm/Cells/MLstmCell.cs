using XLstm.Kernels;

namespace XLstm;

/// <summary>The mLSTM cell with its gates and head-wise norm; see <see cref="MLstmChunkwise"/> for the equations.</summary>
public sealed class MLstmCell
{
    /// <summary>Parameters "igate", "fgate" [heads, 3 width] with biases, and "outnorm".</summary>
    public MLstmCell(ParameterScope scope, int width, int heads)
    {
        if (heads < 1 || width < 1 || width % heads != 0)
            throw new ArgumentException($"{heads} heads do not divide a width of {width}.", nameof(heads));
        Heads = heads;
        ParameterScope input = scope.At("igate"), forget = scope.At("fgate");
        InputWeight = input.Get("weight", new Shape(heads, 3 * width), Initializer.Zeros);
        InputBias = input.Get("bias", new Shape(heads), Initializer.Normal(0.1));
        ForgetWeight = forget.Get("weight", new Shape(heads, 3 * width), Initializer.Zeros);
        ForgetBias = forget.Get("bias", new Shape(heads), Initializer.Linspace(3f, 6f));
        OutputNorm = new Norm(scope.At("outnorm"), width, heads: heads);
    }

    /// <summary>N.</summary>
    public int Heads { get; }

    /// <summary>W_i [N, 3 F], of concat(q, k, v).</summary>
    public Parameter InputWeight { get; }

    /// <summary>b_i [N].</summary>
    public Parameter InputBias { get; }

    /// <summary>W_f [N, 3 F].</summary>
    public Parameter ForgetWeight { get; }

    /// <summary>b_f [N].</summary>
    public Parameter ForgetBias { get; }

    /// <summary>Head-wise norm of h.</summary>
    public Norm OutputNorm { get; }

    /// <summary>
    /// q, k, v [B, T, F], state or null; returns h [B, T, F], not yet normalised by <see cref="OutputNorm"/> (a block does that
    /// together with what follows), and the state after it.
    /// </summary>
    public (Tensor Output, MLstmState State) Forward(Tensor q, Tensor k, Tensor v, MLstmState? state, Pass pass, int[]? lengths = null)
    {
        Tensor gates = Ops.MLstmGates(pass, q, k, v, InputWeight, InputBias, ForgetWeight, ForgetBias);
        return Ops.MLstm(pass, q, k, v, gates, state, MLstmOptions.Default, lengths);
    }
}
