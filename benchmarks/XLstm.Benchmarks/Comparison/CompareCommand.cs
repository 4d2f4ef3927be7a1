using XLstm.Benchmarks.Reports;

namespace XLstm.Benchmarks.Comparison;

/// <summary>compare: measures rows and writes them to a file of results.</summary>
internal static class CompareCommand
{
    public static int Run(bool quick, string? only, IReadOnlyList<string> interpreters, string file)
    {
        Machine machine = ThisMachine.Describe();
        string commit = ThisMachine.Commit();
        Console.WriteLine($"{machine.Cpu}, {machine.Cores} cores, {machine.Simd}, {machine.Os}, {machine.Runtime}, commit {commit}");
        Console.WriteLine(OpenBlas.IsAvailable ? OpenBlas.Description : "no OpenBLAS (libopenblas.so.0) on this machine");
        using var peers = new PythonPeers(interpreters);
        foreach (string line in peers.Describe())
            Console.WriteLine(line);

        var before = File.Exists(file) ? Results.Read(file) : new Results(machine, []);
        List<Row> rows = [];
        foreach (Contest contest in Contests(peers).Where(c => only is null || c.Id.Contains(only, StringComparison.OrdinalIgnoreCase)))
        {
            Row row = contest.Run(quick, commit);
            rows.Add(row);
            Console.WriteLine(RowTable.Line(row));
            (before with { Machine = machine }).With(rows).Write(file);
        }
        Console.WriteLine($"{rows.Count} rows in {file}");
        return rows.Count > 0 ? 0 : 1;
    }

    /// <summary>Where the results of this machine belong; hasty ones are not for keeping.</summary>
    public static string DefaultFile(Machine machine, bool quick)
    {
        if (quick)
            return Path.Combine(Path.GetTempPath(), "xlstm-comparison.json");
        string name = string.Concat($"{machine.Cpu} {machine.Simd} {machine.Cores} cores".ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' '));
        return Path.Combine("benchmarks", "results", string.Join('-', name.Split(' ', StringSplitOptions.RemoveEmptyEntries)) + ".json");
    }

    private static IEnumerable<Contest> Contests(PythonPeers peers)
    {
        int[] threads = Environment.ProcessorCount > 1 ? [1, 2] : [1];
        return ProductContests.All(threads)
            .Concat(CellContests.All(threads, peers))
            .Concat(TrainingContests.All(threads, peers))
            .Concat(InferenceContests.All(threads));
    }
}
