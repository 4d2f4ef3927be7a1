using System.Text;

namespace XLstm.Cli;

/// <summary>What a command reads and writes.</summary>
/// <param name="In">Standard input.</param>
/// <param name="InIsTerminal">Nobody has given an input: reading would wait for the keyboard.</param>
/// <param name="Out">Results.</param>
/// <param name="OutIsTerminal">A person watches: lines may be rewritten, and signs beyond ASCII used.</param>
/// <param name="Error">Notes and failures.</param>
/// <param name="Width">Columns for text that is laid out.</param>
internal sealed record Streams(TextReader In, bool InIsTerminal, TextWriter Out, bool OutIsTerminal, TextWriter Error, int Width = Streams.WidthOfFiles)
{
    public const int WidthOfFiles = 100;
    private const int NarrowestTerminal = 20;

    /// <summary>Standard input as it is, for files that may not be UTF-8.</summary>
    public Func<Stream> OpenInput { get; init; } = () => Stream.Null;

    /// <summary>A person watches <see cref="Error"/>.</summary>
    public bool ErrorIsTerminal { get; init; }

    public static Streams OfConsole()
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        Console.OutputEncoding = utf8;
        return new Streams(
            new StreamReader(Console.OpenStandardInput(), utf8), !Console.IsInputRedirected,
            Console.Out, !Console.IsOutputRedirected, Console.Error,
            Console.IsOutputRedirected ? WidthOfFiles : Math.Max(Console.WindowWidth, NarrowestTerminal))
        {
            OpenInput = Console.OpenStandardInput,
            ErrorIsTerminal = !Console.IsErrorRedirected,
        };
    }
}
