using System.Buffers;
using System.Globalization;
using System.Text;

namespace XLstm;

/// <summary>Splits text into the pieces that byte-level BPE merges within, as the pattern of GPT-2 does.</summary>
/// <remarks>
/// The pattern: <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>. Written out because .NET's regular expressions
/// see the two halves of a character beyond U+FFFF as no letters, where the pattern means characters.
/// </remarks>
internal static class Gpt2Splitter
{
    private enum Class
    {
        End,
        Space,
        Letter,
        Number,
        Other,
    }

    private static readonly string[] Contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    /// <summary>The end of a prefix whose pieces are the same whatever follows: just before white space that follows something else, which no piece spans.</summary>
    internal static int SafeLength(ReadOnlySpan<char> text)
    {
        for (var i = text.Length - 1; i > 0; i--)
        {
            if (char.IsWhiteSpace(text[i]) && !char.IsWhiteSpace(text[i - 1]))
                return i;
        }
        return 0;
    }

    /// <summary>The length of the first piece of a text that is not empty.</summary>
    internal static int Next(ReadOnlySpan<char> text)
    {
        foreach (var contraction in Contractions)
        {
            if (text.StartsWith(contraction, StringComparison.Ordinal))
                return contraction.Length;
        }
        var lead = text[0] == ' ' ? 1 : 0;
        var kind = ClassOf(text[lead..], out _);
        if (kind is not (Class.End or Class.Space))
            return lead + Run(text[lead..], kind);
        var space = Run(text, Class.Space);
        // The last white space before a word is left to the word, or stands alone.
        return space == text.Length || space == 1 ? space : space - 1;
    }

    private static int Run(ReadOnlySpan<char> text, Class kind)
    {
        var length = 0;
        while (ClassOf(text[length..], out var width) == kind)
            length += width;
        return length;
    }

    private static Class ClassOf(ReadOnlySpan<char> text, out int width)
    {
        if (Rune.DecodeFromUtf16(text, out var character, out width) == OperationStatus.NeedMoreData && text.IsEmpty)
            return Class.End;
        if (Rune.IsWhiteSpace(character))
            return Class.Space;
        return Rune.GetUnicodeCategory(character) switch
        {
            <= UnicodeCategory.OtherLetter => Class.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Class.Number,
            _ => Class.Other,
        };
    }
}
