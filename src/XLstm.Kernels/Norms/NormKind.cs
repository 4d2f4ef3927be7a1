namespace XLstm.Kernels;

/// <summary>What <see cref="Normalization"/> divides by.</summary>
public enum NormKind
{
    /// <summary>The standard deviation, after the mean is taken off (LayerNorm; by groups: GroupNorm, the head-wise norm).</summary>
    Layer,

    /// <summary>The root of the mean square (RMSNorm, arXiv 1910.07467).</summary>
    Rms,
}
