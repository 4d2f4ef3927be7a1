using System.Buffers.Binary;
using System.Text;

namespace XLstm;

/// <summary>Where the entries of a zip archive stand in its file; read from the directory at its end (APPNOTE.TXT 4.3), with the 64-bit sizes that PyTorch always writes.</summary>
/// <remarks>Not <see cref="System.IO.Compression.ZipArchive"/>: that hides where an entry is, and tensors are read by position.</remarks>
internal static class ZipArchiveLayout
{
    private const int EndBytes = 22;
    private const int LocatorBytes = 20;
    private const int End64Bytes = 56;
    private const int EntryBytes = 46;
    private const int LocalBytes = 30;
    private const int MostUnpacking = 16;
    private const int MostDirectory = 256 << 20;
    private const string Advice = "The file is damaged or was not written completely: fetch or write it again.";

    private readonly record struct Entry(string Name, int Flags, int Method, long Packed, long Length, long Header, uint Sum);

    /// <summary>The entries by name.</summary>
    internal static Dictionary<string, FileRegion> Read(FileBytes file, string path)
    {
        var (count, from, bytes) = Directory(file, path);
        if (from < 0 || bytes < 0 || from > file.Length - bytes || bytes > MostDirectory || count > (ulong)bytes / EntryBytes)
            throw new CheckpointException(path, "the archive", $"a directory within its {file.Length} bytes", $"{count} entries in {bytes} bytes at {from}", Advice);
        var directory = new byte[bytes];
        file.Read(from, directory);
        var entries = Entries(directory, (int)count, path);
        var regions = new Dictionary<string, FileRegion>(StringComparer.Ordinal);
        // A bomb is small for its content, or has the same bytes in many entries: what is unpacked in the end is bounded by the file.
        long end = 0, unpacked = 0;
        foreach (var entry in entries.OrderBy(e => e.Header))
        {
            if (entry.Header < end)
                throw new CheckpointException(path, $"entry {entry.Name}", "bytes of its own", "bytes of the entry before it", Advice);
            var start = Start(file, path, entry, from);
            end = start + entry.Packed;
            if (entry.Method != 0)
                unpacked += Math.Max(entry.Length, entry.Packed);
            if (unpacked > Math.Min(Array.MaxLength, MostContent(file.Length)))
                throw new CheckpointException(path, $"entry {entry.Name}", $"at most {MostUnpacking} times the file when unpacked", $"{unpacked} bytes");
            if (!regions.TryAdd(entry.Name, Region(file, path, entry, start)))
                throw new CheckpointException(path, $"entry {entry.Name}", "one of that name", "two", Advice);
        }
        return regions;
    }

    /// <summary>Bytes that the entries of a file of this length may have together when they are unpacked.</summary>
    internal static long MostContent(long fileLength) => (long)Int128.Min(long.MaxValue / 16, ((Int128)MostUnpacking * fileLength) + (1 << 20));

    private static FileRegion Region(FileBytes file, string path, Entry entry, long start) => entry.Method == 0
        ? new(file, path, $"entry {entry.Name}", start, entry.Length, entry.Sum)
        : new(file, path, $"entry {entry.Name}", start, (int)entry.Packed, (int)entry.Length, entry.Sum);

    private static (ulong Count, long From, long Bytes) Directory(FileBytes file, string path)
    {
        var tail = new byte[(int)Math.Min(file.Length, EndBytes + ushort.MaxValue)];
        file.Read(file.Length - tail.Length, tail);
        var at = tail.Length - EndBytes;
        while (at >= 0 && !IsEnd(tail.AsSpan(at)))
            at--;
        if (at < 0)
            throw new CheckpointException(path, "the archive", "a directory at its end", "none", Advice);
        var end = tail.AsSpan(at);
        var count = (ulong)U16(end, 10);
        long bytes = U32(end, 12), from = U32(end, 16);
        if (count == ushort.MaxValue || bytes == uint.MaxValue || from == uint.MaxValue)
            return Directory64(file, path, file.Length - tail.Length + at - LocatorBytes);
        return (count, from, bytes);
    }

    private static bool IsEnd(ReadOnlySpan<byte> end) => end.StartsWith("PK\u0005\u0006"u8) && EndBytes + U16(end, 20) == end.Length;

    private static (ulong Count, long From, long Bytes) Directory64(FileBytes file, string path, long at)
    {
        Span<byte> locator = stackalloc byte[LocatorBytes];
        Span<byte> end = stackalloc byte[End64Bytes];
        if (at >= 0)
            file.Read(at, locator);
        var place = I64(locator, 8);
        if (locator.StartsWith("PK\u0006\u0007"u8) && place >= 0 && place <= file.Length - End64Bytes)
            file.Read(place, end);
        return end.StartsWith("PK\u0006\u0006"u8)
            ? ((ulong)I64(end, 32), I64(end, 48), I64(end, 40))
            : throw new CheckpointException(path, "the archive", "a directory with 64-bit sizes", "none", Advice);
    }

    private static List<Entry> Entries(ReadOnlySpan<byte> directory, int count, string path)
    {
        var entries = new List<Entry>(count);
        for (var i = 0; i < count; i++)
        {
            if (directory.Length < EntryBytes || !directory.StartsWith("PK\u0001\u0002"u8))
                throw new CheckpointException(path, $"entry {i} of the archive's directory", "its signature", "other bytes", Advice);
            int name = U16(directory, 28), extra = U16(directory, 30), whole = EntryBytes + name + extra + U16(directory, 32);
            if (whole > directory.Length)
                throw new CheckpointException(path, $"entry {i} of the archive's directory", $"at most {directory.Length} bytes", $"{whole}", Advice);
            var entry = new Entry(Encoding.UTF8.GetString(directory.Slice(EntryBytes, name)), U16(directory, 8), U16(directory, 10), U32(directory, 20), U32(directory, 24), U32(directory, 42), U32(directory, 16));
            entries.Add(Widen(entry, directory.Slice(EntryBytes + name, extra), path));
            directory = directory[whole..];
        }
        return entries;
    }

    // Field 1 of the extra data has those of the three numbers that do not fit into 32 bits, in this order.
    private static Entry Widen(Entry entry, ReadOnlySpan<byte> extra, string path)
    {
        while (extra.Length >= 4 && U16(extra, 0) != 1)
            extra = extra[Math.Min(extra.Length, 4 + U16(extra, 2))..];
        var numbers = extra.Length >= 4 ? extra.Slice(4, Math.Min(U16(extra, 2), extra.Length - 4)) : [];
        var length = Wide(entry.Length, ref numbers);
        var packed = Wide(entry.Packed, ref numbers);
        var header = Wide(entry.Header, ref numbers);
        if (length < 0 || packed < 0 || header < 0)
            throw new CheckpointException(path, $"entry {entry.Name}", "a size and a place", $"{length} bytes in {packed} at {header}", Advice);
        return entry with { Length = length, Packed = packed, Header = header };
    }

    private static long Wide(long value, ref ReadOnlySpan<byte> numbers)
    {
        if (value != uint.MaxValue)
            return value;
        if (numbers.Length < 8)
            return -1;
        value = I64(numbers, 0);
        numbers = numbers[8..];
        return value;
    }

    private static long Start(FileBytes file, string path, Entry entry, long directory)
    {
        Span<byte> local = stackalloc byte[LocalBytes];
        if (entry.Header <= directory - LocalBytes)
            file.Read(entry.Header, local);
        if (!local.StartsWith("PK\u0003\u0004"u8))
            throw new CheckpointException(path, $"entry {entry.Name}", $"its header at {entry.Header}", "other bytes", Advice);
        var start = entry.Header + LocalBytes + U16(local, 26) + U16(local, 28);
        if (start > directory - entry.Packed)
            throw new CheckpointException(path, $"entry {entry.Name}", $"{entry.Packed} bytes from {start} on", $"the directory at {directory}", Advice);
        if ((entry.Flags & 1) != 0 || entry.Method is not (0 or 8))
            throw new CheckpointException(path, $"entry {entry.Name}", "stored or deflated bytes", (entry.Flags & 1) != 0 ? "encrypted ones" : $"method {entry.Method}");
        if (entry.Method == 0 && entry.Length != entry.Packed)
            throw new CheckpointException(path, $"entry {entry.Name}", $"{entry.Length} bytes", $"{entry.Packed}", Advice);
        return start;
    }

    private static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static long I64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
}
