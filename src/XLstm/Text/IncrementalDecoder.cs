using System.Text;

namespace XLstm;

/// <summary>Turns tokens into text as they come: a character appears when its last byte is there. Not thread-safe.</summary>
public sealed class IncrementalDecoder
{
    private readonly TextTokenizer tokenizer;
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();

    internal IncrementalDecoder(TextTokenizer tokenizer) => this.tokenizer = tokenizer;

    /// <summary>The characters that this token completes: often several, perhaps none.</summary>
    public string Append(int token) => Chars(tokenizer.TokenBytes(token), flush: false);

    /// <summary>What is left at the end: U+FFFD where the tokens stopped within a character, otherwise nothing.</summary>
    public string Flush() => Chars([], flush: true);

    private string Chars(ReadOnlySpan<byte> bytes, bool flush)
    {
        Span<char> chars = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
        return new(chars[..decoder.GetChars(bytes, chars, flush)]);
    }
}
