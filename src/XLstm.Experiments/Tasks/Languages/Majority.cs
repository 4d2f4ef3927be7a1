namespace XLstm.Experiments;

/// <summary>
/// The token that occurs most often; strings where two share that place are drawn again. Asked of every beginning without such a tie in training, at
/// the last token in evaluation. Not regular: counting. Guessing
/// gets 1/8. Source: arXiv 2405.04517, appendix on formal languages; eight tokens are our reading.
/// </summary>
internal sealed class Majority : FormalLanguage
{
    private const int Symbols = 8;

    public override string Version => "majority 2";

    public override int Vocabulary => Symbols;

    public override int Classes => Symbols;

    public override double RandomAccuracy => 1.0 / Symbols;

    public override bool LastCounts => true;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        Span<int> counts = stackalloc int[Symbols];
        do
        {
            counts.Clear();
            int best = 0;
            for (int t = 0; t < tokens.Length; t++)
            {
                int token = tokens[t] = (int)random.NextInteger(Symbols);
                counts[token]++;
                if (counts[token] >= counts[best])
                    best = token;
                labels[t] = counts.Count(counts[best]) == 1 ? best : -1;
            }
        }
        while (labels[^1] < 0);
        return tokens.Length;
    }
}
