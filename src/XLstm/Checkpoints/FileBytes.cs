using Microsoft.Win32.SafeHandles;

namespace XLstm;

/// <summary>The bytes of a file, read where and when they are needed, from any thread; or of a file that is in memory.</summary>
/// <remarks>Positioned reads rather than a mapping: both are served by the operating system's cache, but a file that is cut short behind our back gives an exception here and ends the process there.</remarks>
internal sealed class FileBytes : IDisposable
{
    private readonly SafeFileHandle? handle;
    private readonly ReadOnlyMemory<byte> bytes;
    private readonly string path;
    private MappedFile? mapped;

    internal FileBytes(string path)
    {
        this.path = path;
        handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
        Length = RandomAccess.GetLength(handle);
    }

    internal FileBytes(string path, ReadOnlyMemory<byte> bytes) => (this.path, this.bytes, Length) = (path, bytes, bytes.Length);

    internal long Length { get; }

    internal void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var count = handle is null ? Copy(offset, destination) : RandomAccess.Read(handle, destination, offset);
            if (count == 0)
                throw new CheckpointException(path, "the file", $"{Length} bytes, as when it was opened", $"its end at {offset}");
            offset += count;
            destination = destination[count..];
        }
    }

    /// <summary>
    /// Part of the file without a copy. A mapping outlives this object, until nobody holds a part of it. Whoever cuts the file short
    /// meanwhile ends the process: so weights are mapped where they are too large to be read, and nowhere else.
    /// </summary>
    internal ReadOnlyMemory<byte> Mapped(long offset, long length)
    {
        if (length > int.MaxValue)
            throw new CheckpointException(path, $"a tensor of {length} bytes", $"at most {int.MaxValue}", null);
        if (handle is null)
            return bytes.Slice((int)offset, (int)length);
        if (RandomAccess.GetLength(handle) < Length)
            throw new CheckpointException(path, "the file", $"{Length} bytes, as when it was opened", $"{RandomAccess.GetLength(handle)}");
        mapped ??= new MappedFile(handle);
        return mapped.Part(offset, (int)length);
    }

    public void Dispose() => handle?.Dispose();

    private int Copy(long offset, Span<byte> destination)
    {
        var count = (int)Math.Clamp(Length - offset, 0, destination.Length);
        bytes.Span.Slice((int)Math.Min(offset, Length), count).CopyTo(destination);
        return count;
    }
}
