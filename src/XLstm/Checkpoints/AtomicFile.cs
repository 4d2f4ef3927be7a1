namespace XLstm;

/// <summary>Writes a file so that a reader sees either the whole old content or the whole new content, even when the process is killed or the machine loses power in between.</summary>
public static class AtomicFile
{
    /// <summary>Writes to a temporary file in the folder of <paramref name="path"/>, flushes it to disk, and renames it. The folder is created when it is missing; the temporary file is removed on failure.</summary>
    /// <exception cref="IOException">The file cannot be written, for example because the disk is full; the message names <paramref name="path"/>.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        var full = Path.GetFullPath(path);
        // The same folder is the same file system: only there is a rename atomic.
        var temporary = $"{full}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception e)
        {
            Remove(temporary);
            if (e is UnauthorizedAccessException or IOException and not CheckpointException)
                throw new IOException($"{full}: cannot be written: {e.Message}", e);
            throw;
        }
    }

    private static void Remove(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to report.
        }
    }
}
