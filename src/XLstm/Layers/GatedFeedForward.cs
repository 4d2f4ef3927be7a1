using XLstm.Kernels;

namespace XLstm;

/// <summary>down(f(gate) * up) with (gate, up) = up-projection of x: the gated feed-forward of the sLSTM block.</summary>
public sealed class GatedFeedForward
{
    private readonly float _dropout;

    /// <summary>Parameters "proj_up" and "proj_down".</summary>
    public GatedFeedForward(ParameterScope scope, FeedForwardConfig config, int embeddingDim, int blocks)
    {
        // A checkpoint's own width counts: other implementations round the factor differently.
        int inner = scope.StoredShape("proj_up.weight") is { Count: 2 } stored && stored[0] is > 1 and < int.MaxValue
            ? (int)stored[0] / 2 : config.InnerSize(embeddingDim);
        Activation = ActivationNames.Parse(config.ActFn);
        Up = new Linear(scope.At("proj_up"), embeddingDim, 2 * inner, config.Bias, Initializer.Small(embeddingDim));
        Down = new Linear(scope.At("proj_down"), inner, embeddingDim, config.Bias, Initializer.Wang(embeddingDim, blocks));
        _dropout = config.Dropout;
    }

    /// <summary>f.</summary>
    public Activation Activation { get; }

    /// <summary>To (gate, up).</summary>
    public Linear Up { get; }

    /// <summary>Back to the width of x.</summary>
    public Linear Down { get; }

    /// <summary>x [..., D] to [..., D].</summary>
    public Tensor Forward(Tensor x, Pass pass) =>
        Ops.Dropout(pass, Down.Forward(Ops.Gate(pass, Up.Forward(x, pass), Activation), pass), _dropout);
}
