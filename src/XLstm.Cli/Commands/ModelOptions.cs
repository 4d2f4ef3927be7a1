using System.CommandLine;
using XLstm.Training;

namespace XLstm.Cli.Commands;

/// <summary>The options of train that decide what is trained.</summary>
internal sealed class ModelOptions
{
    private readonly Option<string?> _tokenizer = Options.Text(
        "--tokenizer", "bytes|chars|FILE", "How text becomes tokens: its bytes, its characters, or a tokenizer.json (or vocab.bpe, merges.txt). [default: bytes, or the tokenizer of --init]");

    public Option<string?> Preset { get; } = Options.Text("--preset", string.Join('|', Training.Preset.All.Select(p => p.Name)), $"Size of the model, see below. [default: {Training.Preset.All[0].Name}]");

    public Option<string?> Config { get; } = Options.Text("--config", "FILE", "Architecture from a config.json or .yaml instead, also of the xlstm Python package.");

    public Option<string?> Init { get; } = Options.Text("--init", "DIR", "Start from the weights (and the tokenizer) of this model.");

    public ModelOptions() => Preset.Validators.Add(given =>
    {
        if (given.GetValueOrDefault<string?>() is { } name && !Training.Preset.All.Any(p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase)))
            given.AddError($"{Preset.Name} is {name}; expected {Preset.HelpName}.");
    });

    public IEnumerable<Option> All => [Preset, Config, Init, _tokenizer];

    /// <summary>The preset; the first one supplies the rates where the architecture comes from elsewhere.</summary>
    public Preset PresetOf(ParseResult parse) => parse.GetValue(Preset) is { } name ? Training.Preset.Find(name) : Training.Preset.All[0];

    /// <summary>The model to train and the tokenizer of the text (null without a text and a tokenizer).</summary>
    public (XLstmLanguageModel Model, TextTokenizer? Tokenizer) Create(ParseResult parse, string? text, ulong seed)
    {
        if (parse.GetValue(Init) is { } init)
        {
            XLstmLanguageModel model = ModelDirectory.Load(init, trainable: true);
            bool has = File.Exists(Path.Combine(init, TextTokenizer.FileName));
            return (model, Tokenizer(parse, text) ?? (has ? TextTokenizer.Load(init) : text is null ? null : new ByteTokenizer()));
        }
        IModelConfig? config = parse.GetValue(Config) is { } file ? ModelConfigReader.Read(file) : null;
        TextTokenizer? tokenizer = Tokenizer(parse, text) ?? (text is null ? null : new ByteTokenizer());
        int vocabulary = tokenizer?.VocabularySize ?? (config as ILanguageModelConfig)?.VocabSize
            ?? throw new UsageMistake("--batch-file needs to know the vocabulary: give --init DIR, --tokenizer, or a --config with vocab_size.");
        return (new XLstmLanguageModel(Architecture(parse, config, vocabulary), seed), tokenizer);
    }

    /// <summary>Whether an architecture is asked for that is not <paramref name="existing"/>.</summary>
    public bool Contradicts(ParseResult parse, ILanguageModelConfig existing)
    {
        if (parse.GetValue(Init) is { } init)
            return !ModelConfigReader.ReadLanguageModel(init).Equals(existing);
        IModelConfig? config = parse.GetValue(Config) is { } file ? ModelConfigReader.Read(file) : null;
        return (config is not null || parse.GetValue(Preset) is not null) && !Architecture(parse, config, existing.VocabSize).Equals(existing);
    }

    private ILanguageModelConfig Architecture(ParseResult parse, IModelConfig? config, int vocabulary) => config switch
    {
        null => PresetOf(parse).Config(vocabulary),
        ILanguageModelConfig whole => whole,
        // A stack of blocks becomes a language model with the vocabulary of the tokenizer.
        XLstmStackConfig stack => new XLstmLanguageModelConfig(
            vocabulary, stack.NumBlocks, stack.EmbeddingDim, stack.MlstmBlock, stack.SlstmBlock, stack.SlstmAt,
            stack.ContextLength, stack.AddPostBlocksNorm, stack.Bias, stack.Dropout),
        _ => throw new ArgumentException($"{config.GetType().Name} is no language model.", nameof(config)),
    };

    private TextTokenizer? Tokenizer(ParseResult parse, string? text) => parse.GetValue(_tokenizer) switch
    {
        null => null,
        "bytes" => new ByteTokenizer(),
        "chars" => text is null ? throw new UsageMistake("--tokenizer chars needs a text to take the characters from.") : CharacterTokenizer.FromFile(text),
        var file => TextTokenizer.Load(file),
    };
}
