namespace XLstm;

/// <summary>How the next token is drawn.</summary>
/// <param name="Temperature">Divides the logits; 0 takes the most likely token.</param>
/// <param name="TopK">Only the k most likely tokens; 0 for all.</param>
/// <param name="TopP">Only the most likely tokens whose probabilities add up to p; 1 for all.</param>
/// <param name="Seed">Of the draws.</param>
public sealed record SamplingOptions(float Temperature = 1f, int TopK = 0, float TopP = 1f, ulong Seed = 0);

/// <summary>Draws tokens from logits; the same options and logits give the same tokens. Allocates nothing per token.</summary>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private RandomSource _random;
    private float[] _weights = [];
    private int[] _order = [];

    /// <summary>A sampler at the start of its random sequence.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public Sampler(SamplingOptions options)
    {
        if (!(options.Temperature >= 0) || !float.IsFinite(options.Temperature))
            throw new ArgumentOutOfRangeException(nameof(options), options.Temperature, $"temperature is {options.Temperature}, expected 0 or more.");
        if (options.TopK < 0)
            throw new ArgumentOutOfRangeException(nameof(options), options.TopK, $"top-k is {options.TopK}, expected 0 (all) or more.");
        if (!(options.TopP > 0 && options.TopP <= 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.TopP, $"top-p is {options.TopP}, expected more than 0 and at most 1.");
        _options = options;
        _random = new RandomSource(options.Seed);
    }

    /// <summary>The next token.</summary>
    /// <exception cref="ArgumentException">There are no logits.</exception>
    /// <exception cref="InvalidOperationException">A logit is not a number, or the largest is infinite.</exception>
    public int Next(ReadOnlySpan<float> logits)
    {
        if (logits.IsEmpty)
            throw new ArgumentException("There are no logits to draw from.", nameof(logits));
        int best = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            if (float.IsNaN(logits[i]))
                throw new InvalidOperationException($"The logit of token {i} is not a number: the model has diverged.");
            if (logits[i] > logits[best])
                best = i;
        }
        if (!float.IsFinite(logits[best]))
            throw new InvalidOperationException($"The largest logit is {logits[best]}: the model has diverged.");
        if (_options.Temperature == 0)
            return best;

        if (_weights.Length < logits.Length)
            (_weights, _order) = (new float[logits.Length], new int[logits.Length]);
        Span<float> weights = _weights.AsSpan(0, logits.Length);
        Span<int> order = _order.AsSpan(0, logits.Length);
        for (int i = 0; i < logits.Length; i++)
        {
            weights[i] = -MathF.Exp((logits[i] - logits[best]) / _options.Temperature);
            order[i] = i;
        }

        int count = logits.Length;
        if (_options.TopK > 0 || _options.TopP < 1)
            weights.Sort(order); // negated: the most likely first
        if (_options.TopK > 0)
            count = Math.Min(count, _options.TopK);
        double total = 0;
        for (int i = 0; i < count; i++)
            total -= weights[i];
        if (_options.TopP < 1)
        {
            double kept = 0, wanted = _options.TopP * total;
            int k = 0;
            while (k < count && kept < wanted)
                kept -= weights[k++];
            (count, total) = (Math.Max(1, k), kept);
        }

        double target = _random.NextDouble() * total;
        for (int i = 0; i < count - 1; i++)
        {
            target += weights[i];
            if (target < 0)
                return order[i];
        }
        return order[count - 1];
    }
}
