using System.Text;

namespace XLstm;

/// <summary>A file of UTF-8 text, read block by block and never held whole.</summary>
internal sealed class TextFile : IDisposable
{
    private const int BlockBytes = 1 << 20;

    private readonly FileBytes bytes;

    private TextFile(string path)
    {
        Path = path;
        bytes = new(path);
    }

    /// <summary>A range of bytes, from inclusive to exclusive.</summary>
    internal readonly record struct Range(long From, long To);

    /// <summary>Returns how much of the text it takes: all of it when it is the last.</summary>
    internal delegate int BlockReader(ReadOnlySpan<char> text, bool last);

    internal string Path { get; }

    internal FileBytes Bytes => bytes;

    /// <summary>All of the text, without a byte order mark.</summary>
    internal Range Whole
    {
        get
        {
            Span<byte> start = stackalloc byte[(int)Math.Min(3, bytes.Length)];
            bytes.Read(0, start);
            return new(start.SequenceEqual("\uFEFF"u8) ? 3 : 0, bytes.Length);
        }
    }

    internal static TextFile Open(string path)
    {
        if (!File.Exists(path))
            throw new CheckpointException(path, "the text", "a file", Directory.Exists(path) ? "a directory" : "nothing");
        var file = new TextFile(path);
        if (file.bytes.Length > 0)
            return file;
        file.Dispose();
        throw new CheckpointException(path, "the text", "at least one character", "an empty file");
    }

    /// <summary>Splits a range after the first floor(count * fraction) characters.</summary>
    internal (Range First, Range Second) Split(Range range, double fraction)
    {
        var middle = Skip(range, (long)(Characters(range) * fraction));
        return (range with { To = middle }, range with { From = middle });
    }

    /// <summary>Gives the decoded text of a range block by block; what the reader does not take comes again at the head of the next block.</summary>
    /// <exception cref="CheckpointException">The bytes are no UTF-8.</exception>
    internal void ForEachBlock(Range range, BlockReader reader)
    {
        var decoder = new UTF8Encoding(false, throwOnInvalidBytes: true).GetDecoder();
        var block = new byte[(int)Math.Min(BlockBytes, range.To - range.From)];
        var chars = new char[block.Length + 1];
        var held = 0;
        for (var at = range.From; at < range.To;)
        {
            var part = block.AsSpan(0, (int)Math.Min(block.Length, range.To - at));
            bytes.Read(at, part);
            if (chars.Length < held + part.Length + 1)
                Array.Resize(ref chars, Math.Max(2 * chars.Length, held + part.Length + 1));
            held += Decode(decoder, part, chars.AsSpan(held), at, flush: at + part.Length == range.To);
            at += part.Length;
            var taken = reader(chars.AsSpan(0, held), at == range.To);
            chars.AsSpan(taken, held - taken).CopyTo(chars);
            held -= taken;
        }
    }

    public void Dispose() => bytes.Dispose();

    private int Decode(Decoder decoder, ReadOnlySpan<byte> part, Span<char> chars, long at, bool flush)
    {
        try
        {
            return decoder.GetChars(part, chars, flush);
        }
        catch (DecoderFallbackException e)
        {
            throw new CheckpointException(Path, "the text", "UTF-8", $"other bytes near byte {Math.Max(at + e.Index, 0)}", "Convert the file to UTF-8, or use the byte tokenizer, which takes any file.", e);
        }
    }

    private long Characters(Range range)
    {
        var count = 0L;
        Scan(range, (part, _) =>
        {
            foreach (var value in part)
                count += Starts(value) ? 1 : 0;
            return true;
        });
        return count;
    }

    private long Skip(Range range, long characters)
    {
        var place = range.To;
        Scan(range, (part, at) =>
        {
            for (var i = 0; i < part.Length; i++)
            {
                if (Starts(part[i]) && characters-- == 0)
                {
                    place = at + i;
                    return false;
                }
            }
            return true;
        });
        return place;
    }

    private delegate bool ByteReader(ReadOnlySpan<byte> part, long at);

    private void Scan(Range range, ByteReader reader)
    {
        var block = new byte[(int)Math.Min(BlockBytes, range.To - range.From)];
        for (var at = range.From; at < range.To;)
        {
            var part = block.AsSpan(0, (int)Math.Min(block.Length, range.To - at));
            bytes.Read(at, part);
            if (!reader(part, at))
                return;
            at += part.Length;
        }
    }

    // Every byte of UTF-8 but a continuation (10xxxxxx) begins a character.
    private static bool Starts(byte value) => (value & 0xC0) != 0x80;
}
