namespace XLstm;

/// <summary>The sLSTM layer: as wide as the embedding, memory mixing within each head.</summary>
/// <param name="NumHeads">Heads; divides the embedding width.</param>
/// <param name="Conv1dKernelSize">Width of the causal convolution before the input and forget gate; 0 leaves it out.</param>
/// <param name="GroupNormWeight">Whether the head-wise norm after the cell has a weight.</param>
/// <param name="Function"><c>slstm</c>, or <c>lstm</c> for the plain LSTM cell under the same interface.</param>
/// <param name="BiasInit"><c>powerlaw_blockdependent</c>, <c>small_init</c> or <c>standard</c>.</param>
/// <param name="RecurrentWeightInit"><c>zeros</c> or <c>standard</c>.</param>
public sealed record SLstmLayerConfig(
    int NumHeads = 4,
    int Conv1dKernelSize = 4,
    bool GroupNormWeight = true,
    string Function = "slstm",
    string BiasInit = "powerlaw_blockdependent",
    string RecurrentWeightInit = "zeros")
{
    internal IEnumerable<ConfigProblem> Problems(string key, int embeddingDim)
    {
        var values = ConfigProblem.AtLeast($"{key}.num_heads", NumHeads, 1)
            .Concat(ConfigProblem.AtLeast($"{key}.conv1d_kernel_size", Conv1dKernelSize, 0))
            .Concat(ConfigProblem.OneOf($"{key}.function", Function, "slstm", "lstm"))
            .Concat(ConfigProblem.OneOf($"{key}.bias_init", BiasInit, "powerlaw_blockdependent", "small_init", "standard"))
            .Concat(ConfigProblem.OneOf($"{key}.recurrent_weight_init", RecurrentWeightInit, "zeros", "standard"));
        return values.Concat(Divisions(key, embeddingDim));
    }

    private IEnumerable<ConfigProblem> Divisions(string key, int embeddingDim)
    {
        if (embeddingDim % NumHeads != 0)
            yield return new($"{key}.num_heads", $"{NumHeads}", $"a divisor of embedding_dim {embeddingDim}");
        foreach (var problem in ConfigProblem.Matrix($"{key}.num_heads", "recurrent kernel", embeddingDim, 4L * embeddingDim / NumHeads)
            .Concat(ConfigProblem.Matrix($"{key}.conv1d_kernel_size", "convolution", embeddingDim, Conv1dKernelSize)))
            yield return problem;
    }
}

/// <summary>A block around an sLSTM layer.</summary>
/// <param name="Slstm">The layer.</param>
/// <param name="Feedforward">The gated feed-forward after it; <c>null</c> for none. A file that does not mention it means the default one.</param>
/// <param name="Form"><c>package</c>: x + norm(cell(norm(x))), then x + ffn(norm(x)), as existing checkpoints. <c>paper</c>: one residual around cell, group norm and feed-forward (arXiv 2405.04517, appendix, figure of the sLSTM block). The key <c>form</c> is this library's own.</param>
public sealed record SLstmBlockConfig(SLstmLayerConfig Slstm, FeedForwardConfig? Feedforward, string Form = "package")
{
    internal IEnumerable<ConfigProblem> Problems(string key, int embeddingDim) =>
        Slstm.Problems($"{key}.slstm", embeddingDim)
            .Concat(Feedforward?.Problems($"{key}.feedforward", embeddingDim) ?? [])
            .Concat(ConfigProblem.OneOf($"{key}.form", Form, "package", "paper"));
}
