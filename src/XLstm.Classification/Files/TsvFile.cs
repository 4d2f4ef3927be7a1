namespace XLstm.Classification;

/// <summary>The format of the UCR archive: one line a series, its class first, values after it, divided by tabs; NaN at the end fills shorter series up.</summary>
internal static class TsvFile
{
    public static SequenceData Read(TextReader reader, string path, bool regression)
    {
        var (series, labels, lines) = (new List<TimeSeries>(), new List<string>(), new List<int>());
        int number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            ReadOnlySpan<char> text = line;
            int tab = text.IndexOf('\t');
            if (tab < 0)
                throw SequenceReader.Error(path, number, $"there is no tab in '{SequenceReader.Short(text)}'; expected a class and values with tabs between them");
            labels.Add(text[..tab].Trim().ToString());
            lines.Add(number);
            text = text[(tab + 1)..];
            var values = new double[text.Count('\t') + 1];
            int i = 0;
            foreach (Range range in text.Split('\t'))
                values[i++] = SequenceReader.Number(text[range], path, number);
            series.Add(new TimeSeries([values[..(Array.FindLastIndex(values, x => !double.IsNaN(x)) + 1)]]));
        }
        if (series.Count == 0)
            throw SequenceReader.Error(path, number, "there is no series");
        return regression
            ? SequenceData.WithTargets(series, [.. labels.Select((l, i) => SequenceReader.TryNumber(l, out double y) ? new[] { y } : throw SequenceReader.Error(path, lines[i], $"\"{SequenceReader.Short(l)}\" is no number to be told"))])
            : SequenceReader.Labelled(series, labels, lines, path);
    }
}
