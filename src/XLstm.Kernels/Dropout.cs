namespace XLstm.Kernels;

/// <summary>
/// Inverted dropout with a mask that is computed, not stored: whether element i is kept depends on (seed, offset + i)
/// alone, by SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), so pieces and threads see the mask of the whole.
/// </summary>
public static class Dropout
{
    /// <summary>y = x / (1 - probability) where kept, else 0; y may be x's own memory.</summary>
    /// <param name="x">Any number of values.</param>
    /// <param name="y">As many.</param>
    /// <param name="probability">Of being dropped, from 0 to 1.</param>
    /// <param name="seed">Chooses the mask.</param>
    /// <param name="offset">Index of x[0] in the whole that the mask covers.</param>
    /// <exception cref="ArgumentOutOfRangeException">probability is not within [0, 1].</exception>
    /// <exception cref="ArgumentException">y is shorter than x.</exception>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y, float probability, ulong seed, long offset)
    {
        Check.Length(y, x.Length);
        var mask = new Mask(probability, seed, offset);
        for (int i = 0; i < x.Length; i++)
            y[i] = mask.Keeps(i) ? x[i] * mask.Scale : 0;
    }

    /// <summary>dx += dy / (1 - probability) where kept.</summary>
    /// <param name="dy">Gradient of y.</param>
    /// <param name="dx">Added to.</param>
    /// <param name="probability">As in the forward pass.</param>
    /// <param name="seed">As in the forward pass.</param>
    /// <param name="offset">As in the forward pass.</param>
    /// <exception cref="ArgumentOutOfRangeException">probability is not within [0, 1].</exception>
    /// <exception cref="ArgumentException">dx is shorter than dy.</exception>
    public static void Backward(ReadOnlySpan<float> dy, Span<float> dx, float probability, ulong seed, long offset)
    {
        Check.Length(dx, dy.Length);
        var mask = new Mask(probability, seed, offset);
        for (int i = 0; i < dy.Length; i++)
            dx[i] += mask.Keeps(i) ? dy[i] * mask.Scale : 0;
    }

    private readonly struct Mask
    {
        private const ulong Golden = 0x9E3779B97F4A7C15;
        private readonly ulong _threshold;
        private readonly ulong _start;

        public Mask(float probability, ulong seed, long offset)
        {
            if (!(probability is >= 0 and <= 1))
                throw new ArgumentOutOfRangeException(nameof(probability), probability, "A probability lies between 0 and 1.");
            _threshold = (ulong)(probability * 18446744073709551616.0);
            Scale = probability < 1 ? 1 / (1 - probability) : 0;
            // Without the first mixing, seeds that differ by a multiple of Golden would share one shifted sequence.
            _start = Mix(seed) + unchecked((ulong)offset) * Golden;
        }

        public float Scale { get; }

        public bool Keeps(int i) => Mix(_start + (ulong)i * Golden) >= _threshold;

        private static ulong Mix(ulong z)
        {
            z += Golden;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
