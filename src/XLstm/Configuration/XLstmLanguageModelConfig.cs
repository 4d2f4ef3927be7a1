namespace XLstm;

/// <summary>A language model: token embedding, stack of blocks, head.</summary>
/// <param name="VocabSize">Number of tokens.</param>
/// <param name="NumBlocks">Number of blocks.</param>
/// <param name="EmbeddingDim">Width of the residual stream.</param>
/// <param name="MlstmBlock">The mLSTM blocks; without them every block is an sLSTM block.</param>
/// <param name="SlstmBlock">The sLSTM blocks.</param>
/// <param name="SlstmAt">Indices, from 0, of the sLSTM blocks.</param>
/// <param name="ContextLength">Kept for other readers of the file; no limit here.</param>
/// <param name="AddPostBlocksNorm">A norm after the last block.</param>
/// <param name="Bias">Biases on the projections of the mLSTM layers.</param>
/// <param name="Dropout">Dropout on the output of each layer, while training.</param>
/// <param name="TieWeights">The head uses the embedding's weight.</param>
/// <param name="WeightDecayOnEmbedding">Weight decay reaches the embedding (and a tied head).</param>
/// <param name="AddEmbeddingDropout">Dropout also on the embedding.</param>
public sealed record XLstmLanguageModelConfig(
    int VocabSize,
    int NumBlocks,
    int EmbeddingDim,
    MLstmBlockConfig? MlstmBlock = null,
    SLstmBlockConfig? SlstmBlock = null,
    IReadOnlyList<int>? SlstmAt = null,
    int ContextLength = -1,
    bool AddPostBlocksNorm = true,
    bool Bias = false,
    float Dropout = 0f,
    bool TieWeights = false,
    bool WeightDecayOnEmbedding = false,
    bool AddEmbeddingDropout = false)
    : XLstmStackConfig(NumBlocks, EmbeddingDim, MlstmBlock, SlstmBlock, SlstmAt, ContextLength, AddPostBlocksNorm, Bias, Dropout), ILanguageModelConfig
{
    internal override IEnumerable<ConfigProblem> Problems() =>
        ConfigProblem.AtLeast("vocab_size", VocabSize, 1)
            .Concat(base.Problems())
            .Concat(ConfigProblem.Matrix("vocab_size", "token embedding", VocabSize, EmbeddingDim));
}
