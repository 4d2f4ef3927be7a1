using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace XLstm.Training.Tests;

internal static class Program
{
    public static Task<int> Main(string[] args) => args switch
    {
        [Child.Argument, ..] => Task.FromResult(Child.Train(args)),
        _ when args.Contains("--server") || args.Contains("--internal-msbuild-node") => TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
        _ => ConsoleRunner.Run(args),
    };
}
