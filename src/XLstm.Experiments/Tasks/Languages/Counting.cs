namespace XLstm.Experiments;

/// <summary>
/// Whether a string is a^n b^n (1) or a^i b^j with as many tokens but i and j unequal (0), one as likely as the other; asked of every beginning
/// in training, at the last token in evaluation. Context-free: counting. Guessing gets 1/2. Source: arXiv 2606.12364 on a^n b^n, which is known to us by its figures only: that it
/// is asked as a question with two answers, and the strings that are none of the language, are our reading.
/// </summary>
internal sealed class Counting : FormalLanguage
{
    public override string Version => "anbn 2";

    public override int Vocabulary => 2;

    public override int Classes => 2;

    public override double RandomAccuracy => 1.0 / 2;

    public override int ShortestLength => 4;

    public override bool LastCounts => true;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        int n = tokens.Length / 2, used = 2 * n, a = n;
        bool member = random.NextInteger(2) == 0;
        while (!member && a == n)
            a = 1 + (int)random.NextInteger(used - 1);
        tokens[..a].Clear();
        tokens[a..used].Fill(1);
        labels[..used].Clear();
        if (2 * a <= used)
            labels[2 * a - 1] = 1;
        return used;
    }
}
