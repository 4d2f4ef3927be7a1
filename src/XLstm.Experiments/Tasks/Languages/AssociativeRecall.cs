namespace XLstm.Experiments;

/// <summary>
/// Multi-query associative recall: pairs of a key and a value, then each key once more at a place of its own, where its value is asked. The
/// lower half of the vocabulary are keys, the upper half values; no key nor value comes twice in the pairs. The places are every second one;
/// the gap g = 1, 2, ... in pairs of tokens to that of a key is drawn with probability proportional to g^(a - 1), a = 0.01, as phrases recur
/// in texts. All other places have any tokens at all. Guessing gets one over the number of values.
/// Source: arXiv 2312.04927, section 4 and appendix.
/// </summary>
internal sealed class AssociativeRecall(int pairs, int vocabulary = AssociativeRecall.PublishedVocabulary) : FormalLanguage
{
    public const int PublishedVocabulary = 8192;

    private const double Power = 0.01;

    public override string Version => $"recall {pairs} {vocabulary} 1";

    public override int Vocabulary => vocabulary;

    public override int Classes => vocabulary;

    public override double RandomAccuracy => 2.0 / vocabulary;

    public override int ShortestLength => 4 * pairs;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        int half = vocabulary / 2, start = 2 * pairs, places = (tokens.Length - start) / 2;
        foreach (ref int token in tokens[start..])
            token = (int)random.NextInteger(vocabulary);
        // The smallest of exponential times at rates p are draws without replacement with probabilities p.
        var times = new (double Time, int Gap)[places];
        for (int g = 0; g < places; g++)
            times[g] = (-Math.Log(1 - random.NextDouble()) / Math.Pow(g + 1, Power - 1), g);
        Array.Sort(times);
        // Key 0 is left out, as in the published code, where it stands for a place that is still empty.
        Span<int> key = stackalloc int[pairs], value = stackalloc int[pairs];
        for (int i = 0; i < pairs; i++)
        {
            key[i] = DrawOther(ref random, 1, half, key[..i]);
            value[i] = DrawOther(ref random, half, vocabulary, value[..i]);
            (tokens[2 * i], tokens[(2 * i) + 1]) = (key[i], value[i]);
            int query = start + (2 * times[i].Gap);
            (tokens[query], labels[query]) = (key[i], value[i]);
        }
        return tokens.Length;
    }

    private static int DrawOther(ref RandomSource random, int from, int to, ReadOnlySpan<int> taken)
    {
        int drawn;
        do
            drawn = from + (int)random.NextInteger(to - from);
        while (taken.Contains(drawn));
        return drawn;
    }
}
