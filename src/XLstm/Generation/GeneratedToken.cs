namespace XLstm;

/// <summary>One token of a continuation.</summary>
/// <param name="Token">Its number.</param>
/// <param name="Text">
/// The characters that can be shown now: nothing while a character is incomplete or what came may be the start of a stop text,
/// otherwise everything up to here. The last token of a continuation brings all that is left.
/// </param>
/// <param name="Finish">Why the continuation ends with this token; null where it goes on.</param>
/// <param name="LogProbability">Natural logarithm of the probability that the model gave the token; NaN where nobody asked.</param>
/// <param name="MostLikely">The most likely tokens of this step, the first first; as many as were asked for.</param>
public readonly record struct GeneratedToken(int Token, string Text, FinishReason? Finish, float LogProbability, IReadOnlyList<TokenProbability> MostLikely);

/// <summary>A token with the natural logarithm of its probability.</summary>
public readonly record struct TokenProbability(int Token, float LogProbability);

/// <summary>Why a continuation ends.</summary>
public enum FinishReason
{
    /// <summary>The model ended the text: the last token is one that ends texts.</summary>
    EndOfText,

    /// <summary>One of the stop texts appeared.</summary>
    Stop,

    /// <summary>As many tokens were drawn as were asked for.</summary>
    MaxTokens,
}

/// <summary>A whole continuation.</summary>
/// <param name="Text">Without a stop text that ended it.</param>
/// <param name="Tokens">Every token that was drawn.</param>
/// <param name="Finish">Why it ends.</param>
public sealed record GeneratedText(string Text, IReadOnlyList<GeneratedToken> Tokens, FinishReason Finish);
