namespace XLstm;

/// <summary>Draws tokens from logits; the same options and logits give the same tokens. Allocates nothing per token once it knows the tokens that it penalizes.</summary>
public sealed class Sampler
{
    // Of the weight of the most likely token.
    private const float Near = 1f / 1024;

    private readonly SamplingOptions _options;
    private readonly KeyValuePair<int, float>[] _biases;
    private readonly Dictionary<int, int> _drawn = []; // how often; 0 for those that only the prompt has
    private RandomSource _random;
    private float[] _logits = [];
    private float[] _weights = [];
    private int[] _order = [];

    /// <summary>A sampler at the start of its random sequence.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public Sampler(SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate(nameof(options));
        _options = options;
        _biases = [.. options.LogitBias ?? new Dictionary<int, float>()];
        _random = new RandomSource(options.Seed);
    }

    /// <summary>Tells of tokens that stand before those that are drawn: the repetition penalty counts them.</summary>
    public void Observe(ReadOnlySpan<int> tokens)
    {
        if (_options.RepetitionPenalty != 1)
            foreach (int token in tokens)
                _drawn.TryAdd(token, 0);
    }

    /// <summary>The next token.</summary>
    /// <exception cref="ArgumentException">There are no logits.</exception>
    /// <exception cref="InvalidOperationException">A logit is not a number, or the largest is infinite.</exception>
    public int Next(ReadOnlySpan<float> logits)
    {
        if (logits.IsEmpty)
            throw new ArgumentException("There are no logits to draw from.", nameof(logits));
        float largest = logits[MostLikely(logits)];
        if (!float.IsFinite(largest))
            throw new InvalidOperationException($"The largest logit is {largest}: the model has diverged.");
        int token = Draw(_biases.Length > 0 || _drawn.Count > 0 ? Adjusted(logits) : logits);
        if (_options.Penalizes)
            _drawn[token] = _drawn.GetValueOrDefault(token) + 1;
        return token;
    }

    private static int MostLikely(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            if (float.IsNaN(logits[i]))
                throw new InvalidOperationException($"The logit of token {i} is not a number: the model has diverged.");
            if (logits[i] > logits[best])
                best = i;
        }
        return best;
    }

    private ReadOnlySpan<float> Adjusted(ReadOnlySpan<float> logits)
    {
        if (_logits.Length < logits.Length)
            _logits = new float[logits.Length];
        Span<float> adjusted = _logits.AsSpan(0, logits.Length);
        logits.CopyTo(adjusted);
        foreach ((int token, int times) in _drawn)
        {
            if ((uint)token >= (uint)adjusted.Length)
                continue;
            ref float logit = ref adjusted[token];
            logit = logit > 0 ? logit / _options.RepetitionPenalty : logit * _options.RepetitionPenalty;
            if (times > 0)
                logit -= _options.PresencePenalty + times * _options.FrequencyPenalty;
        }
        foreach ((int token, float bias) in _biases)
            if (token < adjusted.Length)
                adjusted[token] += bias;
        return adjusted;
    }

    private int Draw(ReadOnlySpan<float> logits)
    {
        int best = MostLikely(logits);
        if (!float.IsFinite(logits[best]))
            throw new InvalidOperationException("The biases forbid every token.");
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
        double total = Sum(weights);
        if (_options.TopK > 0 || _options.TopP < 1)
            Sort(weights, order, total);
        if (_options.TopK > 0 && _options.TopK < count)
            (count, total) = (_options.TopK, Sum(weights[.._options.TopK]));
        if (_options.TopP < 1)
        {
            double kept = 0, wanted = _options.TopP * total;
            int k = 0;
            while (k < count && kept < wanted)
                kept -= weights[k++];
            (count, total) = (Math.Max(1, k), kept);
        }
        if (_options.MinP > 0)
        {
            // The most likely has the weight 1.
            int k = 0;
            for (int i = 0; i < count; i++)
                if (-weights[i] >= _options.MinP)
                    (weights[k], order[k++]) = (weights[i], order[i]);
            (count, total) = (k, Sum(weights[..k]));
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

    /// <summary>The most likely first: as many of them as top-k and top-p may keep.</summary>
    private void Sort(Span<float> weights, Span<int> order, double total)
    {
        // Most of a large vocabulary is never drawn, and to sort it takes longer than to step a small model.
        int near = 0;
        for (int i = 0; i < weights.Length; i++)
            if (-weights[i] >= Near)
            {
                (weights[near], weights[i]) = (weights[i], weights[near]);
                (order[near], order[i]) = (order[i], order[near]);
                near++;
            }
        weights[..near].Sort(order[..near]); // negated
        bool enough = _options.TopK > 0 ? near >= _options.TopK : Sum(weights[..near]) >= _options.TopP * total;
        if (!enough)
            weights[near..].Sort(order[near..]);
    }

    private static double Sum(ReadOnlySpan<float> negated)
    {
        double total = 0;
        foreach (float weight in negated)
            total -= weight;
        return total;
    }
}
