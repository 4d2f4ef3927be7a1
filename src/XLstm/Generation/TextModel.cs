namespace XLstm;

/// <summary>A language model with its tokenizer and the tokens that begin and end its texts. Immutable and thread-safe, as the model is while nobody trains it.</summary>
public sealed class TextModel
{
    /// <summary>A model with what belongs to it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="special">The tokens that begin and end texts; null for none but the tokenizer's own end.</param>
    /// <exception cref="ArgumentException">The tokenizer has tokens that the model does not know.</exception>
    public TextModel(XLstmLanguageModel model, TextTokenizer tokenizer, SpecialTokens? special = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.VocabularySize > model.VocabSize)
            throw new ArgumentException($"The tokenizer has {tokenizer.VocabularySize} tokens, the model {model.VocabSize}.", nameof(tokenizer));
        (Model, Tokenizer) = (model, tokenizer);
        Special = special ?? new SpecialTokens(null, tokenizer.EndOfText is { } end ? [end] : []);
    }

    /// <summary>The model.</summary>
    public XLstmLanguageModel Model { get; }

    /// <summary>Text to tokens and back.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <summary>The tokens that begin and end texts.</summary>
    public SpecialTokens Special { get; }

    /// <summary>Reads a model directory: the model as <see cref="XLstmLanguageModel.LoadForInference"/> has it, its <c>tokenizer.json</c>, and what its configs say of special tokens.</summary>
    /// <exception cref="CheckpointException">A file is missing, damaged, or does not fit the others.</exception>
    public static TextModel Load(string directory)
    {
        TextTokenizer tokenizer = TextTokenizer.Load(directory);
        XLstmLanguageModel model = XLstmLanguageModel.LoadForInference(directory);
        if (tokenizer.VocabularySize > model.VocabSize)
            throw new CheckpointException(directory, "the tokenizer", $"at most the {model.VocabSize} tokens of the model", $"{tokenizer.VocabularySize}");
        return new TextModel(model, tokenizer, SpecialTokens.Read(directory, tokenizer));
    }

    /// <summary>A new text.</summary>
    /// <param name="threads">Threads to use, 0 for one per processor; results do not depend on it.</param>
    public TextSession CreateSession(int threads = 0) => new(this, Model.CreateSession(threads));

    /// <summary>
    /// Continues several prompts in one batch, which reads the weights once for all of them. Each gets what it would get alone,
    /// whatever the lengths of the others, to rounding; one that has ended costs nothing more. Of equal prompts one is read.
    /// </summary>
    /// <param name="prompts">The texts to continue.</param>
    /// <param name="options">As for a session; the prompt at index i draws with the seed <see cref="SamplingOptions.Seed"/> + i.</param>
    /// <param name="threads">Threads to use, 0 for one per processor; results do not depend on it.</param>
    /// <param name="cancellation">Ends within a token.</param>
    /// <exception cref="ArgumentException">There are no prompts, or an option is out of range.</exception>
    public IReadOnlyList<GeneratedText> Generate(IReadOnlyList<string> prompts, GenerationOptions? options = null, int threads = 0, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0)
            throw new ArgumentException("There are no prompts.", nameof(prompts));
        options ??= new GenerationOptions();
        options.Validate(nameof(options));
        return new BatchContinuation(this, [.. prompts.Select(p => Encode(p, atStart: true))], options).Run(threads, cancellation);
    }

    /// <summary>The tokens of a whole text, with what stands before it; never none.</summary>
    public int[] Encode(string text) => Encode(text, atStart: true);

    internal int[] Encode(string text, bool atStart)
    {
        ArgumentNullException.ThrowIfNull(text);
        int[] tokens = Tokenizer.Encode(text);
        if (!atStart)
            return tokens;
        return Special.Start is { } start ? [start, .. tokens] : tokens.Length > 0 ? tokens : [BeforeNewText()];
    }

    // A text that begins with nothing follows the end of another, or a line break.
    private int BeforeNewText()
    {
        if (Tokenizer.EndOfText is { } end)
            return end;
        try
        {
            return Tokenizer.Encode("\n")[0];
        }
        catch (ArgumentException)
        {
            return 0; // a vocabulary of characters without a line break
        }
    }
}
