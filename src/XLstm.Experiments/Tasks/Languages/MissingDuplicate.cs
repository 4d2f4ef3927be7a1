namespace XLstm.Experiments;

/// <summary>
/// A string, and again with one of its tokens replaced by a sign: which token that was, asked at the last. Context-sensitive. Guessing gets
/// 1/8. Source: arXiv 2405.04517, appendix on formal languages; eight tokens are our reading.
/// </summary>
internal sealed class MissingDuplicate : FormalLanguage
{
    private const int Symbols = 8, Missing = Symbols;

    public override string Version => "missing duplicate 1";

    public override int Vocabulary => Symbols + 1;

    public override int Classes => Symbols;

    public override double RandomAccuracy => 1.0 / Symbols;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        int n = tokens.Length / 2, place = (int)random.NextInteger(n);
        for (int i = 0; i < n; i++)
            tokens[i] = tokens[n + i] = (int)random.NextInteger(Symbols);
        tokens[n + place] = Missing;
        labels[(2 * n) - 1] = tokens[place];
        return 2 * n;
    }
}
