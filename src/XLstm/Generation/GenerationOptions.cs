namespace XLstm;

/// <summary>How a text is continued: how tokens are drawn, when it ends, and what is told about it.</summary>
public sealed record GenerationOptions() : SamplingOptions
{
    /// <summary>Tokens to draw at most; 0 only reads the prompt.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>Texts that end the continuation where they appear, in one token or across several; they are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Whether a token that ends texts ends the continuation; otherwise it is drawn like others.</summary>
    public bool StopAtEndOfText { get; init; } = true;

    /// <summary>
    /// Tell how likely each token was, and this many of the most likely ones: 0 for the token alone, null for nothing. These are
    /// log-probabilities of the model, before temperature, penalties and biases.
    /// </summary>
    public int? LogProbabilities { get; init; }

    /// <summary>Hears how much of the prompt has been read, after each segment.</summary>
    public IProgress<PromptProgress>? Progress { get; init; }

    internal override void Validate(string name)
    {
        base.Validate(name);
        Check(name, "the number of tokens", MaxTokens, MaxTokens >= 0, "0 or more");
        Check(name, "the number of log-probabilities", LogProbabilities, LogProbabilities is null or >= 0, "0 or more, or null");
        foreach (string stop in Stop)
            Check(name, "a stop text", $"\"{stop}\"", stop.Length > 0, "at least one character");
    }
}

/// <summary>How far the reading of a prompt is.</summary>
/// <param name="Read">Tokens that have been read.</param>
/// <param name="Total">Tokens of the prompt.</param>
public readonly record struct PromptProgress(int Read, int Total)
{
    /// <summary>Share of the work that is done, from 0 to 1: it grows with every block of the model, while a segment of tokens passes through them.</summary>
    public double Share { get; init; } = (double)Read / Total;
}
