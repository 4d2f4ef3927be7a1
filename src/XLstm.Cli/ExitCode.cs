namespace XLstm.Cli;

/// <summary>What a command returns to the shell.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>A file or a value is not what it should be; the message says which.</summary>
    public const int Mistake = 1;

    /// <summary>The command line itself cannot be understood.</summary>
    public const int Usage = 2;

    /// <summary>Ctrl-C: 128 + SIGINT, as shells expect.</summary>
    public const int Interrupted = 130;
}
