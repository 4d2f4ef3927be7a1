using XLstm.Cli.Runs;
using XLstm.Training;

namespace XLstm.Cli;

/// <summary>A mistake that the user can repair; the message says how.</summary>
internal class CommandError(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A mistake in the command line alone, whatever the files: the command cannot have been meant so.</summary>
internal sealed class UsageMistake(string message) : CommandError(message);

/// <summary>Failures as one or two lines, without a stack trace.</summary>
internal static class Failure
{
    /// <summary>Writes the message and returns the exit code.</summary>
    public static int Report(Exception failure, bool verbose, TextWriter error)
    {
        // Messages quote files.
        error.WriteLine("xlstm: " + TextSample.Printable(Describe(failure).ReplaceLineEndings("\n")));
        if (verbose)
            error.WriteLine(failure);
        return failure is OperationCanceledException ? ExitCode.Interrupted : ExitCode.Mistake;
    }

    public static string Describe(Exception failure) => failure switch
    {
        OperationCanceledException => "stopped.",
        IOException full when IsFullDisk(full) => full.Message + Environment.NewLine + "The disk is full. Make room and repeat the command; \"train\" goes on with --resume.",
        CommandError or DivergedException or IOException or InvalidDataException or UnauthorizedAccessException or InvalidOperationException or NotSupportedException => failure.Message,
        ArgumentException argument => Message(argument),
        OutOfMemoryException => "not enough memory. A smaller model, --batch or --context needs less.",
        AggregateException { InnerException: { } inner } => Describe(inner),
        _ => $"{failure.GetType().Name}: {failure.Message}{Environment.NewLine}This is not your mistake. Run again with --verbose to see where it happened, and report it.",
    };

    // ENOSPC where errors are those of Unix, ERROR_DISK_FULL on Windows.
    private static bool IsFullDisk(IOException failure) =>
        (failure.HResult & 0xFFFF) is 28 or 0x70 || (failure.InnerException is IOException inner && IsFullDisk(inner));

    // The name of a parameter of some method means nothing on a command line.
    private static string Message(ArgumentException failure)
    {
        string message = failure.Message;
        int end = failure.ParamName is null ? -1 : message.IndexOf($" (Parameter '{failure.ParamName}')", StringComparison.Ordinal);
        return end < 0 ? message : message[..end];
    }
}
