namespace XLstm.Forecasting;

/// <summary>Everything that decides what the training of a forecaster computes.</summary>
/// <param name="Steps">Updates to make.</param>
/// <param name="Seed">Of the weights and of every series.</param>
/// <param name="BatchTokens">Patches of a batch, or less where series are short.</param>
/// <param name="LearningRate">Largest rate; it rises over the first 300 steps and falls along half a cosine.</param>
/// <param name="EmbeddingDim">Width of the stack.</param>
/// <param name="NumBlocks">Blocks.</param>
/// <param name="Pattern">mLSTM to sLSTM blocks: "1:1".</param>
/// <param name="HiddenDim">Width between the layers of the embedding and of the head.</param>
public sealed record ForecasterRunOptions(
    long Steps = 50_000, ulong Seed = 1, int BatchTokens = 2048, double LearningRate = 2e-3, int EmbeddingDim = 128, int NumBlocks = 6,
    string Pattern = "1:1", int HiddenDim = 256)
{
    internal PatchNetworkConfig Network => new(EmbeddingDim: EmbeddingDim, NumBlocks: NumBlocks, Pattern: Pattern, HiddenDim: HiddenDim);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Steps, 1, nameof(Steps));
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchTokens, 1, nameof(BatchTokens));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BatchTokens, 1 << 20, nameof(BatchTokens));
        Network.Validate();
    }
}
