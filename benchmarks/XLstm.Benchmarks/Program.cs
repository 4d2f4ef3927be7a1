using XLstm.Benchmarks;
using XLstm.Benchmarks.Comparison;
using XLstm.Benchmarks.Kernels;
using XLstm.Benchmarks.Reports;

const string Usage =
    """
    XLstm.Benchmarks compare [--quick] [--only PART] [--python COMMAND]... [--llama FOLDER] [--out FILE]   ours beside its peers
    XLstm.Benchmarks report [FILES]                                                       docs/performance.md from results
    XLstm.Benchmarks kernels [BenchmarkDotNet's options]                                  each kernel by itself
    """;

try
{
    switch (args.FirstOrDefault())
    {
        case "compare":
            return Compare(new Arguments(args[1..]));
        case "report":
            return ReportCommand.Run(args.Length > 1 ? args[1..] : [.. Directory.EnumerateFiles(Path.Combine("benchmarks", "results"), "*.json")], Path.Combine("docs", "performance.md"));
        case "kernels":
            return KernelsCommand.Run(args[1..]);
        default:
            return Complain(args.Length == 0 ? "" : $"\"{args[0]}\" is not known here.");
    }
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
{
    Console.Error.WriteLine(e is DirectoryNotFoundException ? $"{e.Message} Run this from the root of the repository." : e.Message);
    return 1;
}

static int Compare(Arguments options)
{
    bool quick = options.Flag("--quick");
    string? only = options.Values("--only").LastOrDefault(), file = options.Values("--out").LastOrDefault(), llama = options.Values("--llama").LastOrDefault();
    string[] interpreters = options.Values("--python");
    return options.Rest is [var stranger, ..]
        ? Complain($"\"{stranger}\" is not known here.")
        : CompareCommand.Run(quick, only, interpreters is [] ? ["python3"] : interpreters, llama, file ?? CompareCommand.DefaultFile(ThisMachine.Describe(), quick));
}

static int Complain(string problem)
{
    Console.Error.WriteLine((problem + "\n" + Usage).Trim());
    return 2;
}
