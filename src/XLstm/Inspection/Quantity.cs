using System.Globalization;

namespace XLstm;

/// <summary>Numbers for people.</summary>
internal static class Quantity
{
    /// <summary>1536 as "1,536 bytes", 16 KiB and more in larger units, too.</summary>
    internal static string Bytes(long bytes)
    {
        string exact = bytes.ToString("N0", CultureInfo.InvariantCulture) + " bytes";
        return bytes switch
        {
            >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{exact} ({bytes / (double)(1L << 30):F2} GiB)"),
            >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{exact} ({bytes / (double)(1L << 20):F1} MiB)"),
            >= 1L << 14 => string.Create(CultureInfo.InvariantCulture, $"{exact} ({bytes / 1024.0:F0} KiB)"),
            _ => exact,
        };
    }

    internal static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>The first few, and that there are more.</summary>
    internal static string Some(IReadOnlyCollection<string> names, int most = 5) =>
        string.Join(", ", names.Take(most)) + (names.Count > most ? ", ..." : "");
}
