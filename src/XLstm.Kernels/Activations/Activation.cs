namespace XLstm.Kernels;

/// <summary>An element-wise non-linearity.</summary>
public enum Activation
{
    /// <summary>x Phi(x), Phi the distribution function of the standard normal (the exact form, by erf).</summary>
    Gelu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>max(x, 0)^2.</summary>
    ReluSquared,

    /// <summary>1.0507 x for x &gt; 0, else 1.0507 * 1.6733 (e^x - 1) (arXiv 1706.02515).</summary>
    Selu,

    /// <summary>x sigmoid(x), also called SiLU.</summary>
    Swish,

    /// <summary>1 / (1 + e^-x).</summary>
    Sigmoid,

    /// <summary>tanh x.</summary>
    Tanh,
}
