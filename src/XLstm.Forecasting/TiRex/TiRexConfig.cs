namespace XLstm.Forecasting;

/// <summary>Sizes of a TiRex model, as its checkpoints state them.</summary>
/// <param name="InputPatchSize">Values of a patch.</param>
/// <param name="OutputPatchSize">Steps that a patch forecasts.</param>
/// <param name="Quantiles">Levels, in rising order.</param>
/// <param name="EmbeddingDim">D.</param>
/// <param name="NumBlocks">Blocks.</param>
/// <param name="NumHeads">Heads of the sLSTM.</param>
/// <param name="InputFfDim">Width between the layers of the patch embeddings.</param>
/// <param name="TrainCtxLen">Values of history that the model was trained on and reads.</param>
public sealed record TiRexConfig(
    int InputPatchSize = 32, int OutputPatchSize = 32, IReadOnlyList<double>? Quantiles = null, int EmbeddingDim = 512, int NumBlocks = 12,
    int NumHeads = 4, int InputFfDim = 2048, int TrainCtxLen = 2048)
{
    internal int Patches => TrainCtxLen / InputPatchSize;

    internal void Validate()
    {
        AtLeast(nameof(InputPatchSize), InputPatchSize, 1);
        AtLeast(nameof(NumBlocks), NumBlocks, 1);
        AtLeast(nameof(NumHeads), NumHeads, 1);
        AtLeast(nameof(EmbeddingDim), EmbeddingDim, 1);
        AtLeast(nameof(InputFfDim), InputFfDim, 1);
        AtLeast(nameof(TrainCtxLen), TrainCtxLen, InputPatchSize);
        if (OutputPatchSize != InputPatchSize)
            throw new ArgumentException($"OutputPatchSize is {OutputPatchSize}, expected InputPatchSize, {InputPatchSize}: a forecast goes on patch by patch.");
        if (TrainCtxLen % InputPatchSize != 0)
            throw new ArgumentException($"TrainCtxLen is {TrainCtxLen}, expected a multiple of InputPatchSize, {InputPatchSize}.");
        if (EmbeddingDim % NumHeads != 0)
            throw new ArgumentException($"NumHeads is {NumHeads}, expected a divisor of EmbeddingDim, {EmbeddingDim}.");
        if (Quantiles is not null && !Quantiles.SequenceEqual(Forecast.StandardLevels))
            throw new ArgumentException($"Quantiles are {string.Join(", ", Quantiles)}, expected 0.1 to 0.9 in steps of 0.1.");
    }

    private static void AtLeast(string name, int value, int least)
    {
        if (value < least)
            throw new ArgumentException($"{name} is {value}, expected {least} or more.");
    }
}
