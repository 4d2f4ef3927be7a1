using System.Buffers;

namespace XLstm;

/// <summary>Finds the added tokens of a tokenizer in text: leftmost first, of those that begin at one place the longest.</summary>
internal sealed class AddedTokens
{
    private readonly (string Content, int Id)[] longestFirst;
    private readonly SearchValues<string>? any;

    internal AddedTokens(IEnumerable<(string Content, int Id)> tokens)
    {
        longestFirst = [.. tokens.OrderByDescending(t => t.Content.Length)];
        if (longestFirst.Length > 0)
            any = SearchValues.Create([.. longestFirst.Select(t => t.Content)], StringComparison.Ordinal);
    }

    internal delegate void Rest(ReadOnlySpan<char> text, List<int> tokens);

    /// <summary>Appends the ids of the added tokens, and what <paramref name="rest"/> makes of the text between them.</summary>
    internal void Encode(ReadOnlySpan<char> text, List<int> tokens, Rest rest)
    {
        while (any is not null && text.IndexOfAny(any) is var at and >= 0)
        {
            if (at > 0)
                rest(text[..at], tokens);
            var (content, id) = At(text[at..]);
            tokens.Add(id);
            text = text[(at + content.Length)..];
        }
        if (!text.IsEmpty)
            rest(text, tokens);
    }

    private (string Content, int Id) At(ReadOnlySpan<char> text)
    {
        foreach (var token in longestFirst)
        {
            if (text.StartsWith(token.Content, StringComparison.Ordinal))
                return token;
        }
        throw new InvalidOperationException("No added token is here.");
    }
}
