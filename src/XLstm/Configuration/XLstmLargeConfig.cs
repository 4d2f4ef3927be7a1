namespace XLstm;

/// <summary>
/// xLSTM Large, the architecture of xLSTM 7B (arXiv 2503.13427), with the keys of its files. What of them only says how a kernel is
/// to be run (chunk sizes, dtypes of a GPU, whether states are returned) has no place here.
/// </summary>
/// <param name="VocabSize">Number of tokens.</param>
/// <param name="EmbeddingDim">D, width of the residual stream; also called hidden_size.</param>
/// <param name="NumHeads">N.</param>
/// <param name="NumBlocks">Number of blocks; also called num_hidden_layers.</param>
/// <param name="UseBias">Biases on the projections and norms; gates have theirs always.</param>
/// <param name="NormEps">Added to the variance in every norm.</param>
/// <param name="AddOutNorm">A norm after the last block.</param>
/// <param name="QkDimFactor">Width of all queries, N K, over D.</param>
/// <param name="VDimFactor">Width of all values, N V, over D.</param>
/// <param name="Eps">Added to the normaliser of the cell.</param>
/// <param name="FfnProjFactor">Inner width F of the feed-forward over D, before rounding.</param>
/// <param name="FfnRoundUpToMultipleOf">What F is a multiple of.</param>
/// <param name="GateSoftCap">c of c tanh(x / c) on the pre-activations of input and forget gate; infinite, or null in files, for none.</param>
/// <param name="OutputLogitSoftCap">The same on the logits.</param>
/// <param name="WeightMode">"single", or "fused": the projections of the same input in one matrix each.</param>
/// <param name="TieWordEmbeddings">The head uses the embedding's weight.</param>
/// <param name="BosTokenId">The token that a text starts with, as the model was trained; null for none.</param>
/// <param name="EosTokenId">The token that ends a text; null for none.</param>
/// <param name="PadTokenId">The token that other programs fill short rows with; null for none.</param>
public sealed record XLstmLargeConfig(
    int VocabSize,
    int EmbeddingDim,
    int NumHeads,
    int NumBlocks,
    bool UseBias = false,
    double NormEps = 1e-6,
    bool AddOutNorm = true,
    double QkDimFactor = 0.5,
    double VDimFactor = 1.0,
    double Eps = 1e-6,
    double FfnProjFactor = 2.6667,
    int FfnRoundUpToMultipleOf = 64,
    double GateSoftCap = 15,
    double OutputLogitSoftCap = 30,
    string WeightMode = "single",
    bool TieWordEmbeddings = false,
    int? BosTokenId = null,
    int? EosTokenId = null,
    int? PadTokenId = null) : ILanguageModelConfig
{
    private const int MostBlocks = 1 << 16;

    /// <summary>N K, width of all queries and of all keys.</summary>
    public int QkDim => (int)(EmbeddingDim * QkDimFactor);

    /// <summary>N V, width of all values.</summary>
    public int VDim => (int)(EmbeddingDim * VDimFactor);

    /// <summary>
    /// F: D times the factor, up to the next multiple. As the reference does it, on a fraction that is cut off last: of 64.0008 it makes 64.
    /// Where there is a checkpoint its tensors decide.
    /// </summary>
    public int FfnDim => (int)Math.Min(Math.Floor(((EmbeddingDim * FfnProjFactor) + (FfnRoundUpToMultipleOf - 1)) / FfnRoundUpToMultipleOf) * FfnRoundUpToMultipleOf, int.MaxValue);

    /// <summary>Whether the projections of one input are one matrix.</summary>
    public bool IsFused => WeightMode == "fused";

    IEnumerable<ConfigProblem> IModelConfig.Problems()
    {
        foreach (ConfigProblem problem in ConfigProblem.AtLeast("vocab_size", VocabSize, 1)
            .Concat(ConfigProblem.AtLeast("embedding_dim", EmbeddingDim, 1))
            .Concat(ConfigProblem.AtLeast("num_blocks", NumBlocks, 1))
            .Concat(ConfigProblem.AtLeast("num_heads", NumHeads, 1))
            .Concat(ConfigProblem.AtLeast("ffn_round_up_to_multiple_of", FfnRoundUpToMultipleOf, 1))
            .Concat(ConfigProblem.OneOf("weight_mode", WeightMode, "single", "fused")))
            yield return problem;
        if (NumBlocks > MostBlocks)
            yield return new("num_blocks", $"{NumBlocks}", $"at most {MostBlocks}");
        if (EmbeddingDim > MostBlocks * 16)
            yield return new("embedding_dim", $"{EmbeddingDim}", $"at most {MostBlocks * 16}");
        foreach ((string key, double value) in new[] { ("norm_eps", NormEps), ("eps", Eps) })
            if (!(value > 0) || !double.IsFinite(value))
                yield return new(key, $"{value}", "a finite number above 0");
        foreach ((string key, double value) in new[] { ("gate_soft_cap", GateSoftCap), ("output_logit_soft_cap", OutputLogitSoftCap) })
            if (!(value > 0))
                yield return new(key, $"{value}", "a number above 0, or null for no cap");
        foreach ((string key, double factor) in new[] { ("qk_dim_factor", QkDimFactor), ("v_dim_factor", VDimFactor) })
            if (!(factor > 0 && factor * EmbeddingDim <= MostBlocks * 16))
                yield return new(key, $"{factor}", $"a factor that makes a width from 1 to {MostBlocks * 16} of embedding_dim, {EmbeddingDim}");
            else if ((int)(factor * EmbeddingDim) is var width && (width == 0 || width % NumHeads != 0))
                yield return new(key, $"{factor}, a width of {width}", $"a factor that makes a multiple of num_heads, {NumHeads}, of embedding_dim, {EmbeddingDim}");
        if (!(FfnProjFactor > 0) || FfnDim is < 1 or > MostBlocks * 32)
            yield return new("ffn_proj_factor", $"{FfnProjFactor}", $"a factor that makes a width from 1 to {MostBlocks * 32} of embedding_dim, {EmbeddingDim}, in multiples of {FfnRoundUpToMultipleOf}");
        foreach ((string key, int? token) in new[] { ("bos_token_id", BosTokenId), ("eos_token_id", EosTokenId), ("pad_token_id", PadTokenId) })
            if (token is { } id && (id < 0 || id >= VocabSize))
                yield return new(key, $"{id}", $"a token of the vocabulary, below {VocabSize}");
        foreach (ConfigProblem problem in ConfigProblem.Matrix("vocab_size", "token embedding", VocabSize, EmbeddingDim)
            .Concat(ConfigProblem.Matrix("ffn_proj_factor", "feed-forward", 2L * FfnDim, EmbeddingDim)))
            yield return problem;
    }

    /// <inheritdoc cref="IModelConfig.Validate"/>
    public void Validate() => ((IModelConfig)this).Validate();
}
