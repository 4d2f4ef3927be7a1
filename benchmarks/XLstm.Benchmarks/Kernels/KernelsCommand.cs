using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace XLstm.Benchmarks.Kernels;

/// <summary>kernels: BenchmarkDotNet over each kernel, on one thread.</summary>
internal static class KernelsCommand
{
    public static int Run(string[] args)
    {
        // In this process: a project that is generated and restored for each benchmark would need packages from somewhere, and
        // the kernels have nothing to isolate: no allocation, no threads, no static state.
        IConfig config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(new InProcessEmitToolchain(TimeSpan.FromMinutes(5), logOutput: true)).AsDefault())
            .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(60));
        BenchmarkSwitcher.FromAssembly(typeof(KernelsCommand).Assembly).Run(args.Length > 0 ? args : ["--filter", "*"], config);
        return 0;
    }
}
