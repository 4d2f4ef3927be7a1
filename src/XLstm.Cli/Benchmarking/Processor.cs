using System.Runtime.InteropServices;

namespace XLstm.Cli.Benchmarking;

/// <summary>What the processor calls itself.</summary>
internal static class Processor
{
    private const string List = "/proc/cpuinfo";

    public static string Name { get; } = Read();

    private static string Read()
    {
        if (OperatingSystem.IsWindows())
            return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? $"{RuntimeInformation.ProcessArchitecture}";
        var first = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in File.Exists(List) ? File.ReadLines(List).TakeWhile(l => l.Length > 0) : [])
            if (line.Split(':', 2) is [var key, var value])
                first[key.Trim()] = value.Trim();
        string name = first.GetValueOrDefault("model name", $"{RuntimeInformation.ProcessArchitecture}");
        // Clouds hide the model; family and number still tell the generation.
        return first.TryGetValue("cpu family", out string? family) ? $"{name} (family {family}, model {first.GetValueOrDefault("model")})" : name;
    }
}
