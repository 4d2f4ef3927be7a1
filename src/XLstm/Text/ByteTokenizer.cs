using System.Text;

namespace XLstm;

/// <summary>Every byte of UTF-8 is a token: 256 tokens, any text, any language, nothing unknown.</summary>
public sealed class ByteTokenizer : TextTokenizer
{
    internal const string Kind = "bytes";

    private static readonly byte[] All = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];

    public override string Name => Kind;

    public override int VocabularySize => All.Length;

    public override ReadOnlySpan<byte> TokenBytes(int token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(token);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, All.Length);
        return All.AsSpan(token, 1);
    }

    internal override void Encode(ReadOnlySpan<char> text, long position, List<int> tokens)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        foreach (var value in bytes)
            tokens.Add(value);
    }

    internal override void Write(Stream stream) => stream.Write("{\"type\": \"bytes\"}\n"u8);
}
