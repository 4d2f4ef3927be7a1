using System.Globalization;

namespace XLstm.Forecasting;

/// <summary>
/// A file of many series as the Monash archive keeps them: `@` lines that describe the set, after `@data` one line a series,
/// its attributes and its values divided by colons, `?` for a missing value. Godahewa and others, "Monash Time Series
/// Forecasting Archive" (2021).
/// </summary>
public sealed class TsfFile
{
    private TsfFile()
    {
    }

    /// <summary>`@frequency`, such as monthly; null if the file has none.</summary>
    public string? Frequency { get; private set; }

    /// <summary>`@horizon`; null if the file has none.</summary>
    public int? Horizon { get; private set; }

    /// <summary>Names (`series_name`, else T1, T2, ...) and values, NaN where one is missing.</summary>
    public IReadOnlyList<(string Name, double[] Values)> Series { get; private set; } = [];

    /// <summary>Reads a file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">The file is not in this format: says which line.</exception>
    public static TsfFile Read(string path)
    {
        using var reader = new StreamReader(path);
        return Read(reader, path);
    }

    internal static TsfFile Read(TextReader reader, string path)
    {
        var file = new TsfFile();
        var attributes = new List<string>();
        var series = new List<(string, double[])>();
        bool data = false;
        int number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            line = line.Trim();
            if (line.Length == 0 || line[0] == '#')
                continue;
            if (data)
            {
                series.Add(Row(line, attributes, series.Count + 1, path, number));
                continue;
            }
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            switch (words[0].ToLowerInvariant())
            {
                case "@data":
                    data = true;
                    break;
                case "@attribute":
                    attributes.Add(words.Length == 3 ? words[1] : throw Error(path, number, $"'{Short(line)}' is not '@attribute NAME TYPE'"));
                    break;
                case "@frequency":
                    file.Frequency = Value();
                    break;
                case "@horizon":
                    file.Horizon = int.TryParse(Value(), NumberStyles.None, CultureInfo.InvariantCulture, out int horizon) && horizon > 0
                        ? horizon
                        : throw Error(path, number, $"the horizon is '{Short(Value())}', expected a whole number of at least 1");
                    break;
                case "@relation" or "@missing" or "@equallength":
                    break;
                default:
                    throw Error(path, number, $"'{Short(line)}' is no line of a header ('@data' has not come yet)");
            }
            string Value() => words.Length == 2 ? words[1] : throw Error(path, number, $"'{Short(line)}' is not '{words[0]} VALUE'");
        }
        if (!data)
            throw Error(path, number, "the file ends without '@data'");
        file.Series = series;
        return file;
    }

    private static (string, double[]) Row(string line, List<string> attributes, int count, string path, int number)
    {
        string name = $"T{count}";
        int start = 0;
        foreach (string attribute in attributes)
        {
            int colon = line.IndexOf(':', start);
            if (colon < 0)
                throw Error(path, number, $"the line ends before its values: {attributes.Count} attributes and the values, divided by colons, are expected");
            if (attribute == "series_name")
                name = line[start..colon];
            start = colon + 1;
        }
        ReadOnlySpan<char> text = line.AsSpan(start);
        var values = new double[text.Count(',') + 1];
        int i = 0;
        foreach (Range range in text.Split(','))
            values[i++] = EvaluationFiles.Number(text[range], path, number);
        return (name, values);
    }

    private static InvalidDataException Error(string path, int line, string what) => EvaluationFiles.Error(path, line, what);

    private static string Short(string text) => EvaluationFiles.Short(text);
}
