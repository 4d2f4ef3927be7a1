using XLstm.Training;

namespace XLstm.Forecasting;

/// <summary>Everything that decides what the training of a forecaster computes.</summary>
/// <param name="Steps">Updates to make.</param>
/// <param name="Seed">Of the weights and of every series, or window of one.</param>
/// <param name="BatchTokens">Patches of a batch, or less where series are short.</param>
/// <param name="LearningRate">Largest rate; it rises over the first 300 steps, at most a tenth of all, and falls along half a cosine.</param>
/// <param name="EmbeddingDim">Width of the stack.</param>
/// <param name="NumBlocks">Blocks.</param>
/// <param name="Pattern">mLSTM to sLSTM blocks: "1:1".</param>
/// <param name="HiddenDim">Width between the layers of the embedding and of the head.</param>
/// <param name="ValidateEvery">Updates between validations.</param>
/// <param name="Patience">Validations without improvement after which the run ends; 0 for never.</param>
/// <param name="Horizon">Of given series: steps ahead that count; null for all that a patch forecasts.</param>
/// <param name="Season">Of given series: steps after which they repeat; null to look for it in each.</param>
public sealed record ForecasterRunOptions(
    long Steps = 50_000, ulong Seed = 1, int BatchTokens = 2048, double LearningRate = 2e-3, int EmbeddingDim = 128, int NumBlocks = 6,
    string Pattern = "1:1", int HiddenDim = 256, int ValidateEvery = 2500, int Patience = 0, int? Horizon = null, int? Season = null)
{
    /// <summary>For a forecaster that is trained already and is to learn given series: few steps at a low rate, with an early end.</summary>
    public static ForecasterRunOptions FineTuning { get; } = new(Steps: 400, BatchTokens: 1024, LearningRate: 3e-4, ValidateEvery: 20, Patience: 6);

    internal PatchNetworkConfig Network => new(EmbeddingDim: EmbeddingDim, NumBlocks: NumBlocks, Pattern: Pattern, HiddenDim: HiddenDim);

    internal LearningRateSchedule Schedule => new(ScheduleKind.Cosine, (int)Math.Min(300, Steps / 10), 0.01);

    internal RunPlan Plan => new(Steps, ValidateEvery: ValidateEvery, Patience: Patience, ValidateFirst: true);

    internal ForecasterRunOptions WithSizesOf(PatchNetworkConfig config)
    {
        ForecasterRunOptions options = this with { EmbeddingDim = config.EmbeddingDim, NumBlocks = config.NumBlocks, Pattern = config.Pattern, HiddenDim = config.HiddenDim };
        return options.Network == config ? options : throw new ArgumentException($"The forecaster has sizes that cannot be trained: {config}.");
    }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Steps, 1, nameof(Steps));
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchTokens, 1, nameof(BatchTokens));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BatchTokens, 1 << 20, nameof(BatchTokens));
        ArgumentOutOfRangeException.ThrowIfLessThan(ValidateEvery, 1, nameof(ValidateEvery));
        ArgumentOutOfRangeException.ThrowIfNegative(Patience, nameof(Patience));
        ArgumentOutOfRangeException.ThrowIfLessThan(Horizon ?? 1, 1, nameof(Horizon));
        ArgumentOutOfRangeException.ThrowIfLessThan(Season ?? 1, 1, nameof(Season));
        Network.Validate();
    }
}
