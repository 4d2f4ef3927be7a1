namespace XLstm;

/// <summary>Causal convolution over time: y_t sees x_{t-k+1} to x_t. Depthwise, or mixing all channels.</summary>
public sealed class CausalConv1d
{
    /// <summary>Parameters "conv.weight" [features, 1 or features, kernelSize] and "conv.bias".</summary>
    public CausalConv1d(ParameterScope scope, int features, int kernelSize, bool bias = true, bool channelMixing = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(kernelSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(features, 1);
        int inputs = channelMixing ? features : 1;
        // PyTorch's default for convolutions: uniform in +-1/sqrt(fan in).
        Initializer initializer = Initializer.Uniform(1 / Math.Sqrt((double)inputs * kernelSize));
        Weight = scope.Get("conv.weight", new Shape(features, inputs, kernelSize), initializer);
        Bias = bias ? scope.Get("conv.bias", new Shape(features), initializer) : null;
    }

    /// <summary>[features, 1 or features, kernelSize].</summary>
    public Parameter Weight { get; }

    /// <summary>[features], or null.</summary>
    public Parameter? Bias { get; }

    /// <summary>Steps that one output sees.</summary>
    public int KernelSize => Weight.Shape[2];

    /// <summary>x [B, T, F], state [B, k-1, F] or null for zeros; returns y and the state for the next segment.</summary>
    public (Tensor Output, Tensor State) Forward(Tensor x, Tensor? state, Pass pass, int[]? lengths = null) =>
        Ops.CausalConvolution(pass, x, state, Weight, Bias, lengths);
}
