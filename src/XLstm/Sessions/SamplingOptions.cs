namespace XLstm;

/// <summary>
/// How the next token is drawn. In this order: penalties and biases change the logits, the temperature divides them, and of
/// the probabilities that they give top-k, top-p and min-p keep the most likely.
/// </summary>
/// <param name="Temperature">Divides the logits; 0 takes the most likely token.</param>
/// <param name="TopK">Only the k most likely tokens; 0 for all.</param>
/// <param name="TopP">Only the most likely tokens whose probabilities add up to p; 1 for all.</param>
/// <param name="Seed">Of the draws.</param>
/// <param name="MinP">Only tokens that are at least this times as likely as the most likely one; 0 for all.</param>
/// <param name="RepetitionPenalty">
/// Positive logits of tokens that the prompt or the text so far has are divided by it, negative ones multiplied (Keskar et
/// al., arXiv 1909.05858); 1 for none.
/// </param>
/// <param name="FrequencyPenalty">Taken from the logit of a token for each time that it was drawn before; 0 for none.</param>
/// <param name="PresencePenalty">Taken once from the logit of every token that was drawn before; 0 for none.</param>
/// <param name="LogitBias">Added to the logits of some tokens; negative infinity forbids one.</param>
public record SamplingOptions(
    float Temperature = 1f, int TopK = 0, float TopP = 1f, ulong Seed = 0, float MinP = 0f,
    float RepetitionPenalty = 1f, float FrequencyPenalty = 0f, float PresencePenalty = 0f,
    IReadOnlyDictionary<int, float>? LogitBias = null)
{
    internal bool Penalizes => RepetitionPenalty != 1 || FrequencyPenalty != 0 || PresencePenalty != 0;

    internal virtual void Validate(string name)
    {
        // Each condition is written so that NaN fails, too.
        Check(name, "temperature", Temperature, Temperature >= 0 && float.IsFinite(Temperature), "0 or more");
        Check(name, "top-k", TopK, TopK >= 0, "0 (all) or more");
        Check(name, "top-p", TopP, TopP > 0 && TopP <= 1, "more than 0 and at most 1");
        Check(name, "min-p", MinP, MinP >= 0 && MinP <= 1, "0 (all) to 1");
        Check(name, "the repetition penalty", RepetitionPenalty, RepetitionPenalty > 0 && float.IsFinite(RepetitionPenalty), "more than 0 (1 for none)");
        Check(name, "the frequency penalty", FrequencyPenalty, float.IsFinite(FrequencyPenalty), "a number (0 for none)");
        Check(name, "the presence penalty", PresencePenalty, float.IsFinite(PresencePenalty), "a number (0 for none)");
        foreach ((int token, float bias) in LogitBias ?? new Dictionary<int, float>())
            Check(name, $"the bias of token {token}", bias, token >= 0 && (float.IsFinite(bias) || float.IsNegativeInfinity(bias)), "a number, or negative infinity, for a token from 0 on");
    }

    private protected static void Check<T>(string name, string option, T value, bool holds, string expected)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(name, value, FormattableString.Invariant($"{option} is {value}, expected {expected}."));
    }
}
