using XLstm.Benchmarks;
using XLstm.Benchmarks.Comparison;

const string Usage =
    """
    XLstm.Benchmarks compare [--quick] [--only PART] [--python COMMAND]... [--out FILE]
    """;

string[] rest = args.Length > 0 ? args[1..] : [];
switch (args.FirstOrDefault())
{
    case "compare":
        var options = new Arguments(rest);
        bool quick = options.Flag("--quick");
        string? only = options.Values("--only").LastOrDefault();
        string[] interpreters = options.Values("--python");
        string file = options.Values("--out").LastOrDefault() ?? CompareCommand.DefaultFile(ThisMachine.Describe());
        return options.Rest.Length > 0 ? Complain($"\"{options.Rest[0]}\" is not known here.") : CompareCommand.Run(quick, only, interpreters is [] ? ["python3"] : interpreters, file);
    default:
        return Complain("");
}

static int Complain(string problem)
{
    Console.Error.WriteLine((problem + "\n" + Usage).Trim());
    return 2;
}
