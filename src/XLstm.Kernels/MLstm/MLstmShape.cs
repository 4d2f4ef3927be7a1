namespace XLstm.Kernels;

/// <summary>The input gate of an mLSTM.</summary>
public enum MLstmInputGate
{
    /// <summary>exp(i~) with the stabiliser m, normalised by max(|n.q|, exp(-m)) (arXiv 2405.04517).</summary>
    Exponential,

    /// <summary>sigmoid(i~) without a stabiliser, normalised by max(|n.q|, 1) (arXiv 2503.14376).</summary>
    Sigmoid,
}

/// <summary>What may vary in an mLSTM cell.</summary>
/// <param name="InputGate">Exponential or sigmoid.</param>
/// <param name="Normalize">Whether h is divided by the normaliser.</param>
/// <param name="Epsilon">Added to the normaliser in stabilised units.</param>
public readonly record struct MLstmOptions(MLstmInputGate InputGate, bool Normalize, float Epsilon)
{
    /// <summary>The paper's cell: exponential gate, normalised, epsilon 1e-6.</summary>
    public static MLstmOptions Default => new(MLstmInputGate.Exponential, true, 1e-6f);
}

/// <summary>
/// Sizes of one sequence of one head. q and k are [T, K] with <paramref name="KeyStride"/> floats from row to row,
/// v and h are [T, V] with <paramref name="ValueStride"/>, gates are [T] with <paramref name="GateStride"/>, so that a head
/// of a [B, T, N K] tensor is read in place.
/// </summary>
/// <param name="Time">T, steps.</param>
/// <param name="KeyWidth">K, width of queries and keys.</param>
/// <param name="ValueWidth">V, width of values and outputs.</param>
/// <param name="KeyStride">Floats between rows of q, k and their gradients.</param>
/// <param name="ValueStride">Floats between rows of v, h and their gradients.</param>
/// <param name="GateStride">Floats between the gates of two steps.</param>
public readonly record struct MLstmShape(int Time, int KeyWidth, int ValueWidth, int KeyStride, int ValueStride, int GateStride)
{
    /// <summary>A head stored by itself: strides K, V and 1.</summary>
    public MLstmShape(int time, int keyWidth, int valueWidth) : this(time, keyWidth, valueWidth, keyWidth, valueWidth, 1)
    {
    }

    internal float KeyScale => 1f / MathF.Sqrt(KeyWidth);

    internal int KeyLength => Time == 0 ? 0 : (Time - 1) * KeyStride + KeyWidth;

    internal int ValueLength => Time == 0 ? 0 : (Time - 1) * ValueStride + ValueWidth;

    internal int GateLength => Time == 0 ? 0 : (Time - 1) * GateStride + 1;

    internal int MemoryLength => KeyWidth * ValueWidth;
}
