using System.CommandLine;
using System.CommandLine.Invocation;
using XLstm.Cli.Commands;

namespace XLstm.Cli;

/// <summary>The command <c>xlstm</c>.</summary>
public static class Program
{
    public static int Main(string[] args)
    {
        using var interrupt = new Interrupt();
        return Run(args, Streams.OfConsole(), interrupt.Token);
    }

    /// <summary>Runs one command with the given streams and returns its exit code.</summary>
    internal static int Run(IReadOnlyList<string> args, Streams streams, CancellationToken cancellation = default)
    {
        var root = new RootCommandOfXLstm(streams, cancellation);
        // A prompt may begin with @ or be like several short options in one.
        ParseResult result = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        var configuration = new InvocationConfiguration
        {
            Output = streams.Out,
            Error = streams.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        if (result.Action is ParseErrorAction)
            return UsageError.Report(result, streams.Error);
        try
        {
            return result.Invoke(configuration);
        }
        catch (UsageMistake e)
        {
            return UsageError.Report(e.Message, result.CommandResult.Command, streams.Error);
        }
        catch (Exception e)
        {
            return Failure.Report(e, result.GetValue(root.Verbose), streams.Error);
        }
    }
}
