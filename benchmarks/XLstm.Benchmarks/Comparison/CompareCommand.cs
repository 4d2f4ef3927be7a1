using XLstm.Benchmarks.Reports;

namespace XLstm.Benchmarks.Comparison;

/// <summary>compare: measures rows and writes them to a file of results.</summary>
internal static class CompareCommand
{
    public static int Run(bool quick, string? only, IReadOnlyList<string> interpreters, string? llamaFolder, string file)
    {
        Machine machine = ThisMachine.Describe();
        string commit = ThisMachine.Commit();
        Console.WriteLine($"{machine.Cpu}, {machine.Cores} cores, {machine.Simd}, {machine.Os}, {machine.Runtime}, commit {commit}");
        Console.WriteLine(OpenBlas.IsAvailable ? OpenBlas.Description : "no OpenBLAS (libopenblas.so.0) on this machine");
        using var peers = new PythonPeers(interpreters);
        using var llama = new LlamaPeer(llamaFolder);
        foreach (string line in peers.Describe())
            Console.WriteLine(line);

        var before = File.Exists(file) ? Results.Read(file) : new Results(machine, []);
        List<Row> rows = [];
        foreach (Contest contest in Contests(peers, llama).Where(c => Wanted(c.Id)))
            Add(contest.Run(quick, commit));
        foreach ((string group, Func<IEnumerable<Row>> profile) in LargeContests.Profiles(Threads[^1], quick, commit).Prepend(("step", () => TrainingContests.Profile(Threads[^1], quick, commit))))
        {
            if (!Wanted(group + "/"))
                continue;
            // What a step is made of changes with the code: none of the older rows stay.
            before = before with { Rows = [.. before.Rows.Where(r => r.Group != group)] };
            foreach (Row row in profile())
                Add(row);
        }
        Console.WriteLine($"{rows.Count} rows in {file}");
        return rows.Count > 0 ? 0 : 1;

        bool Wanted(string id) => only is null || id.Contains(only, StringComparison.OrdinalIgnoreCase);

        void Add(Row row)
        {
            rows.Add(row);
            Console.WriteLine(RowTable.Line(row));
            (before with { Machine = machine }).With(rows).Write(file);
        }
    }

    /// <summary>Where the results of this machine belong; hasty ones are not for keeping.</summary>
    public static string DefaultFile(Machine machine, bool quick)
    {
        if (quick)
            return Path.Combine(Path.GetTempPath(), "xlstm-comparison.json");
        string name = string.Concat($"{machine.Cpu} {machine.Simd} {machine.Cores} cores".ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' '));
        return Path.Combine("benchmarks", "results", string.Join('-', name.Split(' ', StringSplitOptions.RemoveEmptyEntries)) + ".json");
    }

    /// <summary>The targets are for two cores.</summary>
    private static int[] Threads => Environment.ProcessorCount > 1 ? [1, 2] : [1];

    private static IEnumerable<Contest> Contests(PythonPeers peers, LlamaPeer llama)
    {
        return ProductContests.All(Threads)
            .Concat(CellContests.All(Threads, peers))
            .Concat(TrainingContests.All(Threads, peers))
            .Concat(InferenceContests.All(Threads))
            .Concat(QuantizedContests.All(Threads))
            .Concat(LargeContests.All(Threads, llama))
            .Concat(ForecastContests.All(Threads, peers));
    }
}
