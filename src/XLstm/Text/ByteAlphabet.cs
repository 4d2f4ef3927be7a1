namespace XLstm;

/// <summary>The 256 printable characters in which byte-level BPE files write bytes: a byte that is a printable Latin-1 character is itself, the others follow from U+0100.</summary>
internal static class ByteAlphabet
{
    private static readonly Dictionary<char, byte> ByteOf = Build();
    private static readonly char[] LetterOf = [.. ByteOf.OrderBy(pair => pair.Value).Select(pair => pair.Key)];

    /// <summary>The character that stands for a byte.</summary>
    internal static char Of(byte value) => LetterOf[value];

    /// <summary>The bytes that a token of the file stands for; null when it has other characters.</summary>
    internal static byte[]? Bytes(string token)
    {
        var bytes = new byte[token.Length];
        for (var i = 0; i < token.Length; i++)
        {
            if (!ByteOf.TryGetValue(token[i], out bytes[i]))
                return null;
        }
        return bytes;
    }

    private static Dictionary<char, byte> Build()
    {
        var (map, next) = (new Dictionary<char, byte>(), (char)256);
        for (var value = 0; value < 256; value++)
            map.Add(value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)value : next++, (byte)value);
        return map;
    }
}
