using System.Text;

namespace XLstm;

/// <summary>A region of a file from front to back. What is read is known to be there before memory is asked for.</summary>
internal sealed class ByteReader(FileRegion region, string path, string place, long start = 0)
{
    private const int LongestLine = 1 << 12;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private readonly byte[] window = new byte[1 << 12];
    private long windowAt;
    private int windowBytes;

    internal long Position { get; private set; } = start;

    internal long Length => region.Length;

    internal byte Byte() => Bytes(1)[0];

    /// <summary>The next bytes, valid until the next call.</summary>
    internal ReadOnlySpan<byte> Bytes(long count)
    {
        if ((ulong)count > (ulong)Math.Min(region.Length - Position, Array.MaxLength))
            throw Bad($"{(ulong)count} more bytes", $"{region.Length - Position}");
        var at = Position;
        Position += count;
        if (count > window.Length)
        {
            var bytes = new byte[count];
            region.Read(at, bytes);
            return bytes;
        }
        if (at < windowAt || at + count > windowAt + windowBytes)
        {
            (windowAt, windowBytes) = (at, (int)Math.Min(window.Length, region.Length - at));
            region.Read(at, window.AsSpan(0, windowBytes));
        }
        return window.AsSpan((int)(at - windowAt), (int)count);
    }

    internal string Text(long count)
    {
        try
        {
            return Utf8.GetString(Bytes(count));
        }
        catch (DecoderFallbackException e)
        {
            throw Bad("UTF-8 text", e.Message);
        }
    }

    /// <summary>Text up to the end of the line.</summary>
    internal string Line()
    {
        var line = new StringBuilder();
        for (var value = Byte(); value != '\n'; value = Byte())
        {
            if (value is < 32 or > 126 || line.Length == LongestLine)
                throw Bad($"a line of at most {LongestLine} ASCII characters", $"byte {value} after {line.Length}");
            line.Append((char)value);
        }
        return line.ToString();
    }

    internal CheckpointException Bad(string expected, string found) =>
        new(path, $"{place} at byte {Position}", expected, found, "The file is damaged, or was not written by torch.save.");
}
