namespace XLstm.Forecasting;

/// <summary>The M4 competition's pairs of CSV files: a line of column names, then one line a series, its name and its values, quoted or not, empty cells at the end.</summary>
internal static class M4Files
{
    /// <summary>The set of both files: what they call the same is one series.</summary>
    public static EvaluationSet Read(string name, string trainPath, string testPath, int season)
    {
        using var train = new StreamReader(trainPath);
        using var test = new StreamReader(testPath);
        return Read(name, train, trainPath, test, testPath, season);
    }

    internal static EvaluationSet Read(string name, TextReader train, string trainPath, TextReader test, string testPath, int season)
    {
        Dictionary<string, (double[] Values, int Line)> futures = [];
        foreach ((string id, double[] values, int line) in Rows(test, testPath))
            if (!futures.TryAdd(id, (values, line)))
                throw EvaluationFiles.Error(testPath, line, $"'{EvaluationFiles.Short(id)}' is here a second time");
        var series = new List<EvaluationSeries>();
        foreach ((string id, double[] values, int line) in Rows(train, trainPath))
        {
            if (!futures.Remove(id, out (double[] Values, int Line) future))
                throw EvaluationFiles.Error(trainPath, line, $"'{EvaluationFiles.Short(id)}' is not in {testPath}, or here a second time");
            if (series.Count > 0 && series[0].Future.Length != future.Values.Length)
                throw EvaluationFiles.Error(testPath, future.Line, $"there are {future.Values.Length} values, expected {series[0].Future.Length} as in the others");
            series.Add(new EvaluationSeries(id, values, future.Values));
        }
        if (series.Count == 0)
            throw EvaluationFiles.Error(trainPath, 1, "there are no series");
        if (futures.Count > 0)
            throw EvaluationFiles.Error(testPath, futures.Values.First().Line, $"'{EvaluationFiles.Short(futures.Keys.First())}' is not in {trainPath}");
        return new EvaluationSet(name, series, season);
    }

    private static IEnumerable<(string Id, double[] Values, int Line)> Rows(TextReader reader, string path)
    {
        int number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (number == 1 || line.Length == 0)
                continue;
            string[] cells = line.Split(',');
            int end = cells.Length;
            while (end > 1 && Bare(cells[end - 1]).Length == 0)
                end--;
            if (end == 1)
                throw EvaluationFiles.Error(path, number, "there are no values");
            var values = new double[end - 1];
            for (int i = 1; i < end; i++)
                values[i - 1] = EvaluationFiles.Number(Bare(cells[i]), path, number);
            yield return (Bare(cells[0]).ToString(), values, number);
        }

        static ReadOnlySpan<char> Bare(string cell) => cell.AsSpan().Trim().Trim('"');
    }
}
