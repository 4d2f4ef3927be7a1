namespace XLstm.Kernels;

/// <summary>
/// The mLSTM over all T x T pairs of steps at once (arXiv 2405.04517, appendix): the chunkwise form with one chunk.
/// A fresh sequence starts without a stabiliser (m = -infinity), where the recurrent and chunkwise forms start from 0; the
/// outputs differ only through epsilon.
/// </summary>
public static class MLstmParallel
{
    /// <summary>Scratch floats that <see cref="Forward"/> needs.</summary>
    public static int ForwardScratchLength(in MLstmShape shape) => MLstmChunkwise.ForwardScratchLength(shape, Math.Max(1, shape.Time));

    /// <summary>Scratch floats that <see cref="Backward"/> needs.</summary>
    public static int BackwardScratchLength(in MLstmShape shape) => MLstmChunkwise.BackwardScratchLength(shape, Math.Max(1, shape.Time));

    /// <summary>As <see cref="MLstmChunkwise.Forward"/>, with one chunk.</summary>
    public static void Forward(
        in MLstmShape shape, in MLstmOptions options, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, bool continues, Span<float> C, Span<float> n, Span<float> m,
        Span<float> h, Span<float> scratch) =>
        MLstmChunkwise.ForwardFrom(
            float.NegativeInfinity, shape, Math.Max(1, shape.Time), options, q, k, v, inputGate, forgetGate, continues, C, n, m, h, scratch);

    /// <summary>As <see cref="MLstmChunkwise.Backward"/>, with one chunk.</summary>
    public static void Backward(
        in MLstmShape shape, in MLstmOptions options, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, ReadOnlySpan<float> C0, ReadOnlySpan<float> n0, ReadOnlySpan<float> m0,
        ReadOnlySpan<float> h, ReadOnlySpan<float> dH, ReadOnlySpan<float> dC, ReadOnlySpan<float> dN, ReadOnlySpan<float> dM,
        Span<float> dQ, Span<float> dK, Span<float> dV, Span<float> dInputGate, Span<float> dForgetGate,
        Span<float> dC0, Span<float> dN0, Span<float> dM0, bool accumulate, Span<float> scratch) =>
        MLstmChunkwise.BackwardFrom(
            float.NegativeInfinity, shape, Math.Max(1, shape.Time), options, q, k, v, inputGate, forgetGate, C0, n0, m0, h, dH, dC, dN, dM,
            dQ, dK, dV, dInputGate, dForgetGate, dC0, dN0, dM0, accumulate, scratch);
}
