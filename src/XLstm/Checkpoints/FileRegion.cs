using System.IO.Compression;

namespace XLstm;

/// <summary>Bytes within a file: as they stand there, or unpacked when they are first asked for.</summary>
internal sealed class FileRegion
{
    private readonly FileBytes file;
    private readonly string path;
    private readonly string name;
    private readonly long offset;
    private readonly Lazy<byte[]>? unpacked;

    internal FileRegion(FileBytes file, string path, string name, long offset, long length)
    {
        (this.file, this.path, this.name, this.offset, Length) = (file, path, name, offset, length);
    }

    /// <summary>A deflated region; the caller has checked that <paramref name="length"/> is a size that may be allocated.</summary>
    internal FileRegion(FileBytes file, string path, string name, long offset, int packed, int length) : this(file, path, name, offset, length) =>
        unpacked = new(() => Unpack(packed, length));

    internal long Length { get; }

    internal void Read(long from, Span<byte> destination)
    {
        if (from < 0 || destination.Length > Length - from)
            throw new CheckpointException(path, name, $"at least {from + destination.Length} bytes", $"{Length}", "The file is damaged or was not written completely.");
        if (unpacked is null)
            file.Read(offset + from, destination);
        else
            unpacked.Value.AsSpan((int)from, destination.Length).CopyTo(destination);
    }

    private byte[] Unpack(int packed, int length)
    {
        var (source, bytes) = (new byte[packed], new byte[length]);
        file.Read(offset, source);
        try
        {
            using var stream = new DeflateStream(new MemoryStream(source), CompressionMode.Decompress);
            var count = stream.ReadAtLeast(bytes, length, throwOnEndOfStream: false);
            if (count == length && stream.ReadByte() < 0)
                return bytes;
            throw new CheckpointException(path, name, $"{length} bytes when unpacked, as the archive says", count < length ? $"{count}" : "more");
        }
        catch (InvalidDataException e)
        {
            throw new CheckpointException(path, name, "packed bytes", e.Message, "The file is damaged: fetch it again.", e);
        }
    }
}
