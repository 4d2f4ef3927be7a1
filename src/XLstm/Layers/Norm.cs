using XLstm.Kernels;

namespace XLstm;

/// <summary>
/// LayerNorm, RMSNorm and head-wise norm (GroupNorm over the heads). The blocks of the paper store a weight w that
/// multiplies by 1 + w; xLSTM Large and the usual layers store the factor itself.
/// </summary>
public sealed class Norm
{
    /// <summary>Parameters "weight" (if <paramref name="weight"/>) and "bias" (if <paramref name="bias"/>).</summary>
    public Norm(
        ParameterScope scope, int width, NormKind kind = NormKind.Layer, int heads = 1, float epsilon = 1e-5f,
        bool weight = true, bool bias = false, bool onePlusWeight = true)
    {
        if (heads < 1 || width < 1 || width % heads != 0)
            throw new ArgumentException($"{heads} heads do not divide a width of {width}.", nameof(heads));
        (Kind, Heads, Epsilon, OnePlusWeight) = (kind, heads, epsilon, onePlusWeight);
        Weight = weight ? scope.Get("weight", new Shape(width), onePlusWeight ? Initializer.Zeros : Initializer.Ones) : null;
        Bias = bias ? scope.Get("bias", new Shape(width), Initializer.Zeros) : null;
    }

    /// <summary>Layer or root mean square.</summary>
    public NormKind Kind { get; }

    /// <summary>Parts of the last dimension that are normalised by themselves.</summary>
    public int Heads { get; }

    /// <summary>Added to the variance.</summary>
    public float Epsilon { get; }

    /// <summary>Whether the factor is 1 + weight.</summary>
    public bool OnePlusWeight { get; }

    /// <summary>[width], or null.</summary>
    public Parameter? Weight { get; }

    /// <summary>[width], or null.</summary>
    public Parameter? Bias { get; }

    /// <summary>x [..., width].</summary>
    public Tensor Forward(Tensor x, Pass pass) => Ops.Normalize(pass, x, this);
}
