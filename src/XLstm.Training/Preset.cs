namespace XLstm.Training;

/// <summary>A size of language model with the rates that suit it.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Description">For whom it is.</param>
/// <param name="EmbeddingDim">Width.</param>
/// <param name="Blocks">Depth.</param>
/// <param name="Pattern">mLSTM to sLSTM blocks, as the paper writes it: "7:1".</param>
/// <param name="Batch">Rows of a batch.</param>
/// <param name="Context">Tokens of a row.</param>
/// <param name="LearningRate">Largest rate.</param>
/// <param name="WarmupSteps">Steps of the rise to it.</param>
public sealed record Preset(string Name, string Description, int EmbeddingDim, int Blocks, string Pattern, int Batch, int Context, double LearningRate, int WarmupSteps)
{
    /// <summary>All presets, the default first.</summary>
    public static IReadOnlyList<Preset> All { get; } =
    [
        new("tiny", "learns the look of a text in two minutes on two cores", 128, 3, "2:1", 16, 128, 6e-3, 50),
        new("paper", "the example of the paper's own package (7 blocks, sLSTM at 1): good text in an hour", 128, 7, "6:1", 8, 256, 2e-3, 100),
        new("small", "12 blocks of width 384, for a night", 384, 12, "7:1", 8, 256, 1e-3, 200),
    ];

    /// <summary>The preset called <paramref name="name"/>.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists them.</exception>
    public static Preset Find(string name) => All.FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"There is no preset \"{name}\"; there are {string.Join(", ", All.Select(p => p.Name))}.", nameof(name));

    /// <summary>The architecture for a vocabulary.</summary>
    public XLstmLanguageModelConfig Config(int vocabulary) => new(
        vocabulary, Blocks, EmbeddingDim, new MLstmBlockConfig(new MLstmLayerConfig()),
        new SLstmBlockConfig(new SLstmLayerConfig(), new FeedForwardConfig()), XLstmStackConfig.SlstmPositions(Pattern, Blocks), Context);
}
