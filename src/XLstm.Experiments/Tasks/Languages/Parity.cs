namespace XLstm.Experiments;

/// <summary>
/// Whether the number of b in a string of a and b is even (0) or odd (1), asked at its last token. Regular: an automaton of two
/// states recognises it. Guessing gets 1/2. Source: arXiv 2405.04517, appendix on formal languages.
/// </summary>
internal sealed class Parity : FormalLanguage
{
    public override string Version => "parity 1";

    public override int Vocabulary => 2;

    public override int Classes => 2;

    public override double RandomAccuracy => 1.0 / 2;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        int odd = 0;
        foreach (ref int token in tokens)
            odd ^= token = (int)random.NextInteger(2);
        labels[^1] = odd;
        return tokens.Length;
    }
}
