using System.Text;

namespace XLstm.Cli.Runs;

/// <summary>Text that is written as it comes; signs that would command a terminal do not reach one.</summary>
internal sealed class TextOutput(Streams streams)
{
    private bool _lineIsOpen;

    public void Write(string text)
    {
        if (text.Length == 0)
            return;
        streams.Out.Write(streams.OutIsTerminal ? TextSample.Printable(text) : text.AsSpan());
        streams.Out.Flush();
        _lineIsOpen = text[^1] != '\n';
    }

    /// <summary>On a terminal, what comes next begins a line.</summary>
    public void EndLine()
    {
        if (_lineIsOpen && streams.OutIsTerminal)
            streams.Out.WriteLine();
        _lineIsOpen = false;
    }

    /// <summary>In quotation marks, with signs that are not to be seen written out.</summary>
    public static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in text)
            _ = c switch
            {
                '"' or '\\' => quoted.Append('\\').Append(c),
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                _ when char.IsControl(c) => quoted.Append($"\\u{(int)c:X4}"),
                _ => quoted.Append(c),
            };
        return quoted.Append('"').ToString();
    }
}

/// <summary>How much of a prompt has been read.</summary>
internal sealed class PromptDisplay(Streams streams) : IProgress<PromptProgress>, IDisposable
{
    private readonly WorkProgress _progress = new(streams, "reading the prompt");

    /// <summary>All of it.</summary>
    public bool IsRead { get; private set; }

    public void Report(PromptProgress value)
    {
        IsRead = value.Read == value.Total;
        if (!IsRead)
            _progress.Report(value.Share);
        else
            _progress.Dispose();
    }

    public void Dispose() => _progress.Dispose();
}
