namespace XLstm.Experiments;

/// <summary>
/// Whether the pairs ab and ba in a string of a and b are even in number (0) or odd (1), asked at its last token: they are even where
/// the string ends as it began. Regular. Guessing gets 1/2. Source: arXiv 2405.04517, appendix on formal languages; after arXiv 2207.02098.
/// </summary>
internal sealed class EvenPairs : FormalLanguage
{
    public override string Version => "even pairs 1";

    public override int Vocabulary => 2;

    public override int Classes => 2;

    public override double RandomAccuracy => 1.0 / 2;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        foreach (ref int token in tokens)
            token = (int)random.NextInteger(2);
        labels[^1] = tokens[0] ^ tokens[^1];
        return tokens.Length;
    }
}
