using System.Text;

namespace XLstm.Cli.Runs;

/// <summary>A short text by a model, for people to look at.</summary>
internal static class TextSample
{
    /// <summary>A new text of some tokens.</summary>
    public static string Draw(XLstmLanguageModel model, TextTokenizer tokenizer, ulong seed, int tokens, CancellationToken cancellation = default)
    {
        using Session session = model.CreateSession();
        var sampler = new Sampler(new SamplingOptions(0.8f, Seed: seed));
        IncrementalDecoder decoder = tokenizer.CreateDecoder();
        var text = new StringBuilder();
        session.Step(StartOf(tokenizer));
        for (int i = 0; i < tokens && !cancellation.IsCancellationRequested; i++)
        {
            int token = sampler.Next(session.Logits[..Math.Min(tokenizer.VocabularySize, model.VocabSize)]);
            if (token == tokenizer.EndOfText)
                break;
            text.Append(decoder.Append(token));
            session.Step(token);
        }
        return Printable(text.ToString());
    }

    /// <summary>The token after which a new text begins: the end of another text, otherwise a line break.</summary>
    public static int StartOf(TextTokenizer tokenizer)
    {
        if (tokenizer.EndOfText is { } end)
            return end;
        try
        {
            return tokenizer.Encode("\n")[0];
        }
        catch (ArgumentException)
        {
            return 0; // a vocabulary of characters without a line break
        }
    }

    /// <summary>The text without signs that would command a terminal.</summary>
    public static string Printable(string text) => string.Concat(text.Select(Printable));

    /// <inheritdoc cref="Printable(string)"/>
    public static char Printable(char c) => char.IsControl(c) && c is not ('\n' or '\t') ? '\uFFFD' : c;
}
