using System.Runtime.CompilerServices;

namespace XLstm;

/// <summary>
/// A text in progress, that is read and continued: a state of constant size, whatever its length. Not thread-safe; make one for
/// each text, as many as you like over one model.
/// </summary>
/// <remarks>What was appended and what was generated is in the session; it goes on from there. The token that ended a text is not: a session never holds the end of its text.</remarks>
public sealed class TextSession : IDisposable
{
    internal TextSession(TextModel model, Session tokens) => (Model, Tokens) = (model, tokens);

    /// <summary>The model, shared and unchanged.</summary>
    public TextModel Model { get; }

    /// <summary>The same text as tokens.</summary>
    public Session Tokens { get; }

    /// <summary>Appends a text, without continuing it.</summary>
    /// <exception cref="OperationCanceledException">Whole segments have been read, as <see cref="Session.Position"/> tells.</exception>
    public void Append(string text, IProgress<PromptProgress>? progress = null, CancellationToken cancellation = default) =>
        Tokens.Append(Model.Encode(text, Tokens.Position == 0), progress, cancellation);

    /// <summary>Appends a prompt and continues it, token by token.</summary>
    /// <param name="prompt">May be empty: then the text goes on where it is, or begins.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellation">Ends within one token; the session has everything up to there.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="InvalidOperationException">The model has diverged.</exception>
    public IEnumerable<GeneratedToken> Generate(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        options ??= new GenerationOptions();
        options.Validate(nameof(options));
        return Run(prompt, options, cancellation);
    }

    /// <summary>As <see cref="Generate"/>, on another thread, so that the caller's is free while the model computes.</summary>
    /// <inheritdoc cref="Generate" path="/param"/>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IAsyncEnumerable<GeneratedToken> GenerateAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        OnAnotherThread(Generate(prompt, options, cancellation), cancellation);

    /// <summary>An independent text that goes on from here: nothing is read again.</summary>
    public TextSession Fork() => new(Model, Tokens.Fork());

    /// <summary>Writes the state to a file, in one step.</summary>
    public void Save(string path) => Tokens.Save(path);

    /// <summary>Writes the state to a stream, which may be stored anywhere.</summary>
    public void Save(Stream stream) => Tokens.Save(stream);

    /// <summary>Restores a session that <see cref="Save(string)"/> wrote; it continues bit for bit.</summary>
    /// <exception cref="CheckpointException">The file is damaged, or belongs to another model.</exception>
    public static TextSession Load(TextModel model, string path, int threads = 0) => new(model, Session.Load(model.Model, path, threads));

    /// <summary>Restores a session that <see cref="Save(Stream)"/> wrote; it continues bit for bit.</summary>
    /// <exception cref="CheckpointException">The content is damaged, or belongs to another model.</exception>
    public static TextSession Load(TextModel model, Stream stream, int threads = 0) => new(model, Session.Load(model.Model, stream, threads));

    /// <summary>Back to the start of a text.</summary>
    public void Reset() => Tokens.Reset();

    public void Dispose() => Tokens.Dispose();

    private IEnumerable<GeneratedToken> Run(string prompt, GenerationOptions options, CancellationToken cancellation)
    {
        int[] tokens = Model.Encode(prompt, Tokens.Position == 0);
        Tokens.Append(tokens, options.Progress, cancellation);
        if (options.MaxTokens == 0)
            yield break;
        var continuation = new Continuation(Model, options, tokens);
        GeneratedToken next;
        do
        {
            cancellation.ThrowIfCancellationRequested();
            next = continuation.Next(Tokens.Logits);
            if (next.Finish != FinishReason.EndOfText)
                Tokens.Step(next.Token);
            yield return next;
        }
        while (next.Finish is null);
    }

    private static async IAsyncEnumerable<GeneratedToken> OnAnotherThread(IEnumerable<GeneratedToken> source, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using IEnumerator<GeneratedToken> tokens = source.GetEnumerator();
        while (await Task.Run(tokens.MoveNext, cancellation).ConfigureAwait(false))
            yield return tokens.Current;
    }
}
