namespace XLstm;

/// <summary>One text that is being continued: draws each token, turns it into text, and knows when to end.</summary>
internal sealed class Continuation
{
    private readonly TextModel _model;
    private readonly GenerationOptions _options;
    private readonly Sampler _sampler;
    private readonly IncrementalDecoder _decoder;
    private readonly StopTexts _stops;
    private int _count;

    public Continuation(TextModel model, GenerationOptions options, ReadOnlySpan<int> prompt)
    {
        (_model, _options, _sampler, _stops) = (model, options, new Sampler(options), new StopTexts(options.Stop));
        _decoder = model.Tokenizer.CreateDecoder();
        _sampler.Observe(prompt);
    }

    /// <summary>Draws from the logits of the model; tokens beyond those of the tokenizer, with which vocabularies are padded, are never drawn.</summary>
    public GeneratedToken Next(ReadOnlySpan<float> logits)
    {
        int token = _sampler.Next(logits[..Math.Min(logits.Length, _model.Tokenizer.VocabularySize)]);
        _count++;
        bool ended = _options.StopAtEndOfText && _model.Special.Ends.Contains(token);
        string text = ended ? "" : _stops.Append(_decoder.Append(token));
        FinishReason? finish = ended ? FinishReason.EndOfText : _stops.Found ? FinishReason.Stop : _count >= _options.MaxTokens ? FinishReason.MaxTokens : null;
        if (finish is not null and not FinishReason.Stop)
            text += _stops.Append(_decoder.Flush()) + _stops.Rest();
        if (_options.LogProbabilities is not { } most)
            return new GeneratedToken(token, text, finish, float.NaN, []);
        double total = LogSumExp(logits);
        return new GeneratedToken(token, text, finish, (float)(logits[token] - total), MostLikely(logits, total, most));
    }

    private static double LogSumExp(ReadOnlySpan<float> logits)
    {
        float largest = float.NegativeInfinity;
        foreach (float logit in logits)
            largest = Math.Max(largest, logit);
        double sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp((double)logit - largest);
        return largest + Math.Log(sum);
    }

    private static TokenProbability[] MostLikely(ReadOnlySpan<float> logits, double total, int count)
    {
        var smallest = new PriorityQueue<int, (float Logit, int Later)>();
        for (int i = 0; i < logits.Length && count > 0; i++)
            if (smallest.Count < count)
                smallest.Enqueue(i, (logits[i], -i));
            else
                smallest.EnqueueDequeue(i, (logits[i], -i));
        var most = new TokenProbability[smallest.Count];
        for (int i = most.Length - 1; i >= 0; i--)
        {
            int token = smallest.Dequeue();
            most[i] = new TokenProbability(token, (float)(logits[token] - total));
        }
        return most;
    }
}
