namespace XLstm;

/// <summary>A gated feed-forward layer: down(act(gate(x)) * up(x)), gate and up in one projection.</summary>
/// <param name="ProjFactor">Inner width over embedding width, before rounding.</param>
/// <param name="ActFn"><c>gelu</c> (exact, erf), <c>relu</c>, <c>relu^2</c>, <c>sigmoid</c>, <c>swish</c> or <c>selu</c>.</param>
/// <param name="Bias">Biases on both projections; the stack's own flag does not reach here.</param>
/// <param name="Dropout">Dropout on the output, while training.</param>
/// <param name="RoundProjUpDimUp">Round the inner width up, otherwise down.</param>
/// <param name="RoundProjUpToMultipleOf">The inner width is a multiple of this.</param>
public sealed record FeedForwardConfig(
    double ProjFactor = 1.3,
    string ActFn = "gelu",
    bool Bias = false,
    float Dropout = 0f,
    bool RoundProjUpDimUp = true,
    int RoundProjUpToMultipleOf = 64)
{
    /// <summary>Width between the two projections.</summary>
    public int InnerSize(int embeddingDim) => XLstm.InnerSize.Round(ProjFactor, embeddingDim, RoundProjUpDimUp, RoundProjUpToMultipleOf);

    internal IEnumerable<ConfigProblem> Problems(string key, int embeddingDim) =>
        XLstm.InnerSize.Problems(key, ProjFactor, embeddingDim, RoundProjUpDimUp, RoundProjUpToMultipleOf)
            .Concat(ConfigProblem.OneOf($"{key}.act_fn", ActFn, "gelu", "relu", "relu^2", "sigmoid", "swish", "selu"))
            .Concat(ConfigProblem.Rate($"{key}.dropout", Dropout))
            .Concat(ConfigProblem.Matrix($"{key}.proj_factor", "projection", 2L * InnerSize(embeddingDim), embeddingDim));
}
