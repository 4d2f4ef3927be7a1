using System.Globalization;

namespace XLstm.Classification;

/// <summary>Reads series with their labels or targets from files: UEA/UCR <c>.ts</c>, UCR <c>.tsv</c> and <c>.csv</c>.</summary>
public static class SequenceReader
{
    private const long MostBytes = 1L << 30;

    /// <summary>Reads a file by the ending of its name.</summary>
    /// <param name="path">.ts, .tsv or .csv.</param>
    /// <param name="options">What of a .csv means what; null to look.</param>
    /// <exception cref="ArgumentException">The options do not fit each other.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is not in its format; says the line.</exception>
    public static SequenceData Read(string path, SequenceTableOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new SequenceTableOptions();
        string ending = Path.GetExtension(path).ToLowerInvariant();
        if (ending is not (".ts" or ".tsv" or ".csv"))
            throw new InvalidDataException($"{path}: expected a file that ends in .ts, .tsv or .csv.");
        options.Validate();
        if (options.Window is not null && ending != ".csv" && !options.Learned)
            throw new InvalidDataException($"{path}: windows are cut of the rows of a .csv file; series of {ending} files are whole.");
        using FileStream stream = File.OpenRead(path);
        // A device or pipe has no length, and may have no end.
        if (!stream.CanSeek || stream.Length == 0)
            throw new InvalidDataException($"{path}: the file is empty, or no regular file.");
        if (stream.Length > MostBytes)
            throw new InvalidDataException($"{path}: there are more than {MostBytes:N0} bytes, the most that is read.");
        if (ending == ".csv")
            return SequenceTable.Read(stream, path, options);
        using var text = new StreamReader(stream);
        return ending == ".ts" ? TsFile.Read(text, path) : TsvFile.Read(text, path, options.Regression);
    }

    /// <summary>Series of classes; without them where no series has one.</summary>
    /// <exception cref="InvalidDataException">Some have a class and others none, unless that is <paramref name="allowed"/>.</exception>
    internal static SequenceData Labelled(IReadOnlyList<TimeSeries> series, IReadOnlyList<string> labels, IReadOnlyList<int> lines, string path, bool allowed = false)
    {
        int[] none = [.. Enumerable.Range(0, labels.Count).Where(i => IsMissing(labels[i]))];
        if (none.Length == labels.Count)
            return SequenceData.Unlabelled(series);
        if (none.Length == 0)
            return SequenceData.Labelled(series, labels);
        return allowed ? SequenceData.PartlyLabelled(series, labels, none) : throw Error(path, lines[none[0]], "there is no class, which other series have");
    }

    internal static InvalidDataException Error(string path, int line, string what) => new($"{path}, line {line}: {what}.");

    internal static string Short(ReadOnlySpan<char> text) => text.Length <= 40 ? text.ToString() : string.Concat(text[..40], "...");

    internal static bool IsMissing(ReadOnlySpan<char> text) => text.Length == 0 || text is "?" || text.Equals("NaN", StringComparison.OrdinalIgnoreCase) || text.Equals("NA", StringComparison.OrdinalIgnoreCase);

    internal static bool TryNumber(ReadOnlySpan<char> text, out double value)
    {
        text = text.Trim();
        value = double.NaN;
        return IsMissing(text) || (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value));
    }

    internal static double Number(ReadOnlySpan<char> text, string path, int line) =>
        TryNumber(text, out double value) ? value : throw Error(path, line, $"\"{Short(text)}\" is no number, nor ? or NaN for a missing one");
}
