using System.Text;

namespace XLstm;

/// <summary>Turns tokens into text as they come: a character appears when its last byte is there. Not thread-safe.</summary>
public sealed class IncrementalDecoder
{
    private readonly TextTokenizer tokenizer;
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();
    private char[] chars = [];

    internal IncrementalDecoder(TextTokenizer tokenizer) => this.tokenizer = tokenizer;

    /// <summary>The characters that this token completes: often several, perhaps none. They are valid until the next call; nothing is allocated for them.</summary>
    public ReadOnlySpan<char> Append(int token) => Chars(tokenizer.TokenBytes(token), flush: false);

    /// <summary>What is left at the end: U+FFFD where the tokens stopped within a character, otherwise nothing.</summary>
    public ReadOnlySpan<char> Flush() => Chars([], flush: true);

    private ReadOnlySpan<char> Chars(ReadOnlySpan<byte> bytes, bool flush)
    {
        int most = Encoding.UTF8.GetMaxCharCount(bytes.Length);
        if (chars.Length < most)
            chars = new char[most];
        return chars.AsSpan(0, decoder.GetChars(bytes, chars, flush));
    }
}
