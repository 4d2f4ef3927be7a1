namespace XLstm.Experiments;

/// <summary>
/// A string of eight tokens, a sign, and another string that follows from the first, each of whose tokens is asked at the one before it:
/// "2 4 8 ACT 8 4 2". The length counts all of them but the last, which is never read. Guessing gets 1/8.
/// Source: arXiv 2405.04517, appendix on formal languages; eight tokens, and that the true answer is read as it goes on, are our reading.
/// </summary>
internal sealed class Rewriting : FormalLanguage
{
    public const int Symbols = 8, Act = Symbols;

    private const int MostTokens = 1 << 20;

    private readonly string _name;
    private readonly Rewrite _rewrite;
    private readonly int _longestAnswer;

    private Rewriting(string name, Rewrite rewrite, int longestAnswer = MostTokens) => (_name, _rewrite, _longestAnswer) = (name, rewrite, longestAnswer);

    /// <summary>Writes what follows from a string and returns how many tokens it has: not more than the string.</summary>
    private delegate int Rewrite(ReadOnlySpan<int> text, Span<int> answer);

    /// <summary>The string again. Context-sensitive.</summary>
    public static Rewriting Repetition { get; } = new("repetition 1", Repeat);

    /// <summary>The string backwards. Deterministic context-free.</summary>
    public static Rewriting Reversal { get; } = new("reversal 1", (text, answer) =>
    {
        Repeat(text, answer);
        answer[..text.Length].Reverse();
        return text.Length;
    });

    /// <summary>Its first, third, fifth, ... token, then the others, in their order. Context-sensitive.</summary>
    public static Rewriting OddsFirst { get; } = new("odds first 1", (text, answer) =>
    {
        int count = 0;
        for (int start = 0; start < 2; start++)
            for (int i = start; i < text.Length; i += 2)
                answer[count++] = text[i];
        return count;
    });

    /// <summary>Its tokens in ascending order. Context-sensitive.</summary>
    public static Rewriting Sorting { get; } = new("bucket sort 1", (text, answer) =>
    {
        Repeat(text, answer);
        answer[..text.Length].Sort();
        return text.Length;
    });

    /// <summary>Each token that occurs, once, in the order of first occurrence. Context-sensitive.</summary>
    public static Rewriting Distinct { get; } = new(
        "set 1",
        (text, answer) =>
        {
            int count = 0;
            foreach (int token in text)
                if (!answer[..count].Contains(token))
                    answer[count++] = token;
            return count;
        },
        Symbols);

    public override string Version => _name;

    public override int Vocabulary => Symbols + 1;

    public override int Classes => Symbols;

    public override double RandomAccuracy => 1.0 / Symbols;

    public override int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels)
    {
        // As long as it can be with room for the longest answer that may follow.
        int n = Math.Max(tokens.Length / 2, tokens.Length - _longestAnswer);
        foreach (ref int token in tokens[..n])
            token = (int)random.NextInteger(Symbols);
        Span<int> answer = labels[n..];
        int count = _rewrite(tokens[..n], answer);
        answer[count..].Fill(-1);
        tokens[n] = Act;
        answer[..(count - 1)].CopyTo(tokens[(n + 1)..]);
        return n + count;
    }

    private static int Repeat(ReadOnlySpan<int> text, Span<int> answer)
    {
        text.CopyTo(answer);
        return text.Length;
    }
}
