namespace XLstm.Cli;

/// <summary>A model and its tokenizer on disk.</summary>
internal static class ModelDirectory
{
    /// <summary>Where <c>train</c> writes and the other commands read when nothing else is said.</summary>
    public const string Default = "xlstm-out";

    /// <summary>The model that comes with the command.</summary>
    public static string Sample { get; } = Path.Combine(AppContext.BaseDirectory, "sample-model");

    /// <summary>The default where <c>train</c> has been, elsewhere the sample.</summary>
    public static string DefaultOrSample(Action<string> note)
    {
        if (Directory.Exists(Default) || !Directory.Exists(Sample))
            return Default;
        note($"there is no ./{Default} here: this is the sample model, which has read Samuel Pepys and Sherlock Holmes. \"xlstm train\" makes one of your own.");
        return Sample;
    }

    /// <exception cref="CommandError">There is nothing at <paramref name="path"/>.</exception>
    /// <exception cref="CheckpointException">What is there is no model.</exception>
    public static XLstmLanguageModel Load(string path, bool trainable = false)
    {
        if (!Directory.Exists(path) && !File.Exists(path))
            throw new CommandError($"{path}: there is no such model directory. \"xlstm train\" makes one; --model names another.");
        return trainable ? XLstmLanguageModel.Load(path) : XLstmLanguageModel.LoadForInference(path);
    }

    /// <summary>The tokenizer of the model, or the one that <paramref name="chosen"/> names ("bytes" or a path).</summary>
    /// <exception cref="CommandError">There is none, or it has tokens that the model does not know.</exception>
    public static TextTokenizer LoadTokenizer(string path, string? chosen, int vocabulary, Action<string> note)
    {
        TextTokenizer tokenizer = chosen is "bytes" ? new ByteTokenizer() : TextTokenizer.Load(chosen ?? ExpectedFile(path));
        string name = chosen ?? Path.Combine(path, TextTokenizer.FileName);
        if (tokenizer.VocabularySize > vocabulary)
            throw new CommandError($"{name}: the tokenizer does not fit the model: it has {tokenizer.VocabularySize} tokens, the model {vocabulary}.");
        if (tokenizer.VocabularySize < vocabulary)
            note($"{name}: the tokenizer has {tokenizer.VocabularySize} tokens, the model {vocabulary}; the others are never drawn.");
        return tokenizer;
    }

    /// <summary>A model with its tokenizer, or the one that <paramref name="chosen"/> names, and its special tokens.</summary>
    /// <inheritdoc cref="Load" path="/exception"/>
    public static TextModel LoadText(string path, string? chosen, Action<string> note)
    {
        XLstmLanguageModel model = Load(path);
        TextTokenizer tokenizer = LoadTokenizer(path, chosen, model.VocabSize, note);
        return new TextModel(model, tokenizer, SpecialTokens.Read(DirectoryOf(path), tokenizer));
    }

    private static string ExpectedFile(string path)
    {
        string file = Path.Combine(DirectoryOf(path), TextTokenizer.FileName);
        return File.Exists(file)
            ? file
            : throw new CommandError($"{path}: there is no {TextTokenizer.FileName}, which turns text into tokens. Put it there, or name one: --tokenizer FILE, or --tokenizer bytes.");
    }

    // A model may be a single file, with the others beside it.
    private static string DirectoryOf(string path) => File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;
}
