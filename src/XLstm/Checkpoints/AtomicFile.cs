namespace XLstm;

/// <summary>Writes a file so that a reader sees either the whole old content or the whole new content, even when the process is killed or the machine loses power in between.</summary>
public static class AtomicFile
{
    /// <summary>Writes to a temporary file in the folder of <paramref name="path"/>, flushes it to disk, and renames it. The folder is created when it is missing; the temporary file is removed on failure.</summary>
    /// <remarks>Links are followed; a device is written to as it is.</remarks>
    /// <exception cref="IOException">The file cannot be written, for example because the disk is full; the message names <paramref name="path"/>.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        var full = Path.GetFullPath(path);
        if (IsDevice(full))
        {
            WriteThrough(full, write);
            return;
        }
        // A link stays a link: what it leads to is replaced.
        if (File.Exists(full) && File.ResolveLinkTarget(full, returnFinalTarget: true) is { } target)
            full = target.FullName;
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

    // A terminal, a pipe or /dev/null has nothing to replace, and a rename would put a file in its place.
    private static bool IsDevice(string full) =>
        !OperatingSystem.IsWindows() && (full.StartsWith("/dev/", StringComparison.Ordinal) || full.StartsWith("/proc/", StringComparison.Ordinal));

    private static void WriteThrough(string full, Action<Stream> write)
    {
        try
        {
            using var stream = new FileStream(full, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 1 << 16);
            write(stream);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not CheckpointException)
        {
            throw new IOException($"{full}: cannot be written: {e.Message}", e);
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
