namespace XLstm.Experiments;

/// <summary>
/// The token that occurs most often, asked at the last; strings where two share that place are drawn again. Not regular: counting. Guessing
/// gets 1/8. Source: arXiv 2405.04517, appendix on formal languages; eight tokens are our reading.
/// </summary>
internal sealed class Majority : FormalLanguage
{
    private const int Symbols = 8;

    public override string Version => "majority 1";

    public override int Vocabulary => Symbols;

    public override int Classes => Symbols;

    public override double RandomAccuracy => 1.0 / Symbols;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        Span<int> counts = stackalloc int[Symbols];
        int best;
        do
        {
            counts.Clear();
            foreach (ref int token in tokens)
                counts[token = (int)random.NextInteger(Symbols)]++;
            best = 0;
            for (int i = 1; i < Symbols; i++)
                best = counts[i] > counts[best] ? i : best;
        }
        while (counts[(best + 1)..].Contains(counts[best]));
        labels[^1] = best;
        return tokens.Length;
    }
}
