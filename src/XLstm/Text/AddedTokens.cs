using System.Text.RegularExpressions;

namespace XLstm;

/// <summary>Finds the added tokens of a tokenizer in text: leftmost first, of those that begin at one place the longest.</summary>
internal sealed class AddedTokens
{
    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly Regex? any;

    internal AddedTokens(IEnumerable<(string Content, int Id)> tokens)
    {
        foreach (var (content, id) in tokens)
            ids[content] = id;
        // A regular expression takes the first alternative that fits: hence by length.
        if (ids.Count > 0)
            any = new(string.Join('|', ids.Keys.OrderByDescending(k => k.Length).Select(Regex.Escape)), RegexOptions.CultureInvariant | RegexOptions.Compiled);
    }

    internal delegate void Rest(ReadOnlySpan<char> text, List<int> tokens);

    /// <summary>Appends the ids of the added tokens, and what <paramref name="rest"/> makes of the text between them.</summary>
    internal void Encode(ReadOnlySpan<char> text, List<int> tokens, Rest rest)
    {
        var done = 0;
        if (any is not null)
        {
            var lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
            foreach (var match in any.EnumerateMatches(text))
            {
                if (match.Index > done)
                    rest(text[done..match.Index], tokens);
                tokens.Add(lookup[text.Slice(match.Index, match.Length)]);
                done = match.Index + match.Length;
            }
        }
        if (done < text.Length)
            rest(text[done..], tokens);
    }
}
