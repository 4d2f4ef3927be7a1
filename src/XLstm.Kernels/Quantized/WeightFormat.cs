namespace XLstm.Kernels;

/// <summary>How the numbers of a weight matrix stand in memory and in files.</summary>
public enum WeightFormat
{
    /// <summary>Single precision, row-major.</summary>
    F32,

    /// <summary>The upper half of a float, row-major.</summary>
    BF16,

    /// <summary>Half precision, row-major.</summary>
    F16,

    /// <summary>8 bits and a scale for every 32: 8.5 bits a weight, in the panels of <see cref="QuantizedWeights"/>.</summary>
    Q8,

    /// <summary>4 bits, a scale and a zero for every 32: 4.5 bits a weight, in the panels of <see cref="QuantizedWeights"/>.</summary>
    Q4,
}
