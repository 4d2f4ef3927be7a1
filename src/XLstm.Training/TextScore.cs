namespace XLstm.Training;

/// <summary>How well a model predicts a text.</summary>
/// <param name="Tokens">Tokens that were predicted.</param>
/// <param name="Bytes">Bytes of UTF-8 that these tokens stand for.</param>
/// <param name="Nats">The sum of -ln p over them.</param>
/// <param name="ByPosition">The same by how many tokens the model had read before, from few to many.</param>
public sealed record TextScore(long Tokens, long Bytes, double Nats, IReadOnlyList<PositionScore> ByPosition)
{
    /// <summary>Mean -ln p.</summary>
    public double NatsPerToken => Nats / Tokens;

    /// <summary>exp of <see cref="NatsPerToken"/>: comparable between models of one tokenizer only.</summary>
    public double Perplexity => Math.Exp(NatsPerToken);

    /// <summary>Bits in which the text could be stored, per byte: comparable between all models.</summary>
    public double BitsPerByte => Nats / Math.Log(2) / Bytes;
}

/// <summary>How well a model predicts after a number of tokens.</summary>
/// <param name="From">Tokens read before, at least.</param>
/// <param name="To">Tokens read before, fewer than.</param>
/// <param name="Tokens">Tokens that were predicted there.</param>
/// <param name="NatsPerToken">Mean -ln p over them.</param>
public sealed record PositionScore(long From, long To, long Tokens, double NatsPerToken);
