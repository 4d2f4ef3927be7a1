using System.Buffers;
using System.IO.Compression;

namespace XLstm;

/// <summary>Bytes within a file: as they stand there, or unpacked when they are first asked for, and then checked against the sum that an archive has of them.</summary>
internal sealed class FileRegion
{
    private readonly FileBytes file;
    private readonly string path;
    private readonly string name;
    private readonly long offset;
    private readonly uint sum;
    private readonly Lazy<byte[]>? unpacked;
    private volatile bool isChecked;

    /// <param name="file">The file.</param>
    /// <param name="path">What errors call it.</param>
    /// <param name="name">What errors call the region.</param>
    /// <param name="offset">Its first byte.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="sum">CRC-32 of them; 0 where there is none, as PyTorch can be told to write.</param>
    internal FileRegion(FileBytes file, string path, string name, long offset, long length, uint sum = 0)
    {
        (this.file, this.path, this.name, this.offset, Length, this.sum, isChecked) = (file, path, name, offset, length, sum, sum == 0);
    }

    /// <summary>A deflated region; the caller has checked that <paramref name="length"/> is a size that may be allocated.</summary>
    internal FileRegion(FileBytes file, string path, string name, long offset, int packed, int length, uint sum) : this(file, path, name, offset, length, sum) =>
        unpacked = new(() => Unpack(packed, length));

    internal long Length { get; }

    internal void Read(long from, Span<byte> destination)
    {
        if (from < 0 || destination.Length > Length - from)
            throw new CheckpointException(path, name, $"at least {from + destination.Length} bytes", $"{Length}", "The file is damaged or was not written completely.");
        if (!isChecked)
            Check();
        if (unpacked is null)
            file.Read(offset + from, destination);
        else
            unpacked.Value.AsSpan((int)from, destination.Length).CopyTo(destination);
    }

    private void Check()
    {
        byte[] part = ArrayPool<byte>.Shared.Rent(1 << 20);
        var state = Crc32.Start;
        for (long at = 0; at < Length; at += part.Length)
        {
            var bytes = part.AsSpan(0, (int)Math.Min(part.Length, Length - at));
            if (unpacked is null)
                file.Read(offset + at, bytes);
            else
                unpacked.Value.AsSpan((int)at, bytes.Length).CopyTo(bytes);
            state = Crc32.Add(state, bytes);
        }
        ArrayPool<byte>.Shared.Return(part);
        if (Crc32.End(state) != sum)
            throw new CheckpointException(path, name, $"bytes with the sum {sum:x8}, as the archive says", $"{Crc32.End(state):x8}", "The file is damaged: fetch it again.");
        isChecked = true;
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
