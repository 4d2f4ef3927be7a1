using Microsoft.Win32.SafeHandles;

namespace XLstm;

/// <summary>The bytes of a file, read where and when they are needed, from any thread.</summary>
/// <remarks>Positioned reads rather than a mapping: both are served by the operating system's cache, but a file that is cut short behind our back gives an exception here and ends the process there.</remarks>
internal sealed class FileBytes : IDisposable
{
    private readonly SafeFileHandle handle;
    private readonly string path;

    internal FileBytes(string path)
    {
        this.path = path;
        handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
        Length = RandomAccess.GetLength(handle);
    }

    internal long Length { get; }

    internal void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var count = RandomAccess.Read(handle, destination, offset);
            if (count == 0)
                throw new CheckpointException(path, "the file", $"{Length} bytes, as when it was opened", $"its end at {offset}");
            offset += count;
            destination = destination[count..];
        }
    }

    public void Dispose() => handle.Dispose();
}
