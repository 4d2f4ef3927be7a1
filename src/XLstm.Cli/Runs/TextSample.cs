using System.Text;

namespace XLstm.Cli.Runs;

/// <summary>A short text by a model, for people to look at.</summary>
internal static class TextSample
{
    /// <summary>A new text of some tokens.</summary>
    public static string Draw(XLstmLanguageModel model, TextTokenizer tokenizer, ulong seed, int tokens, CancellationToken cancellation = default)
    {
        using TextSession session = new TextModel(model, tokenizer).CreateSession();
        var text = new StringBuilder();
        try
        {
            foreach (GeneratedToken token in session.Generate("", new() { Temperature = 0.8f, Seed = seed, MaxTokens = tokens }, cancellation))
                text.Append(token.Text);
        }
        catch (OperationCanceledException)
        {
            // What there is is shown.
        }
        return Printable(text.ToString());
    }

    /// <summary>The text without signs that would command a terminal.</summary>
    public static string Printable(string text) => string.Concat(text.Select(Printable));

    /// <inheritdoc cref="Printable(string)"/>
    public static char Printable(char c) => char.IsControl(c) && c is not ('\n' or '\t') ? '\uFFFD' : c;
}
