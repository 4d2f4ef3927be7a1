using System.Diagnostics;
using System.Runtime.InteropServices;
using XLstm.Cli.Benchmarking;
using XLstm.Kernels;

namespace XLstm.Benchmarks.Comparison;

/// <summary>What a result says of the machine it comes from.</summary>
internal static class ThisMachine
{
    public static Machine Describe() => new(Processor.Name, Environment.ProcessorCount, Simd.Description, RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription);

    /// <summary>The short hash of what was measured; with a plus sign where files differ from it.</summary>
    public static string Commit()
    {
        string commit = Git("rev-parse --short HEAD");
        return commit.Length == 0 ? "unknown" : Git("status --porcelain --untracked-files=no -- src").Length == 0 ? commit : commit + "+";
    }

    private static string Git(string arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output.Trim() : "";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "";
        }
    }
}
