namespace XLstm.Classification;

/// <summary>
/// The format of the UEA archive: <c>@</c> lines that describe the set, after <c>@data</c> one line a series, its channels and then its class or
/// target divided by colons, values by commas, <c>?</c> or NaN for a missing one. Series with time stamps are refused.
/// </summary>
internal static class TsFile
{
    public static SequenceData Read(TextReader reader, string path)
    {
        int number = 0, channels = 0;
        bool data = false, classes = false, targets = false;
        HashSet<string>? known = null;
        var (series, labels, numbers, lines) = (new List<TimeSeries>(), new List<string>(), new List<double[]>(), new List<int>());
        while (reader.ReadLine() is { } line)
        {
            number++;
            line = line.Trim().Trim('\uFEFF');
            if (line.Length == 0 || line[0] == '#')
                continue;
            if (data)
            {
                Row(line);
                continue;
            }
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            switch (words[0].ToLowerInvariant())
            {
                case "@data":
                    data = true;
                    break;
                case "@timestamps":
                    if (Flag(words))
                        throw Error("the series have time stamps, which are not read; expected values at even steps and '@timeStamps false'");
                    break;
                case "@classlabel":
                    classes = Flag(words);
                    known = classes && words.Length > 2 ? [.. words[2..]] : null;
                    break;
                case "@targetlabel":
                    targets = Flag(words);
                    break;
                case "@univariate" or "@equallength" or "@missing":
                    _ = Flag(words);
                    break;
                case "@problemname" or "@dimensions" or "@dimension" or "@serieslength":
                    break;
                default:
                    throw Error($"'{SequenceReader.Short(line)}' is no line of a header ('@data' has not come yet)");
            }
        }
        if (!data)
            throw Error("the file ends without '@data'");
        if (series.Count == 0)
            throw Error("there is no series after '@data'");
        return classes ? SequenceReader.Labelled(series, labels, lines, path) : targets ? SequenceData.WithTargets(series, numbers) : SequenceData.Unlabelled(series);

        bool Flag(string[] words) => words.Length > 1 && bool.TryParse(words[1], out bool value)
            ? value
            : throw Error($"'{SequenceReader.Short(string.Join(' ', words))}' is not '{words[0]} true' or '{words[0]} false'");

        InvalidDataException Error(string what) => SequenceReader.Error(path, number, what);

        void Row(string line)
        {
            string[] parts = line.Split(':');
            int own = parts.Length - (classes || targets ? 1 : 0);
            if (own < 1)
                throw Error("there is no class or target after the values, divided by a colon");
            channels = channels == 0 ? own : channels;
            if (own != channels)
                throw Error($"there are {own} channels, expected {channels} as in the first series");
            var values = new double[own][];
            for (int c = 0; c < own; c++)
            {
                if (parts[c].Contains('(', StringComparison.Ordinal))
                    throw Error("the series have time stamps, which are not read");
                values[c] = Values(parts[c]);
                if (values[c].Length != values[0].Length)
                    throw Error($"channel {c + 1} has {values[c].Length} values, expected {values[0].Length} as the first");
            }
            series.Add(new TimeSeries(values));
            lines.Add(number);
            string label = parts[^1].Trim();
            if (classes)
                labels.Add(known is null || SequenceReader.IsMissing(label) || known.Contains(label) ? label : throw Error($"\"{SequenceReader.Short(label)}\" is none of the classes of '@classLabel'"));
            else if (targets)
                numbers.Add([SequenceReader.Number(label, path, number)]);
        }

        double[] Values(string part)
        {
            ReadOnlySpan<char> text = part;
            var values = new double[text.Count(',') + 1];
            int i = 0;
            foreach (Range range in text.Split(','))
                values[i++] = SequenceReader.Number(text[range], path, number);
            return values;
        }
    }
}
