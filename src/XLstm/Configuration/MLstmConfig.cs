namespace XLstm;

/// <summary>The mLSTM layer (pre up-projection): widths, heads and the causal convolution before queries and keys.</summary>
/// <param name="NumHeads">Heads of the cell; divides the inner width.</param>
/// <param name="Conv1dKernelSize">Width of the causal convolution in time steps; 0 leaves it out.</param>
/// <param name="QkvProjBlocksize">Width of one block of the block-diagonal q, k and v projections.</param>
/// <param name="ProjFactor">Inner width over embedding width, before rounding.</param>
/// <param name="RoundProjUpDimUp">Round the inner width up, otherwise down.</param>
/// <param name="RoundProjUpToMultipleOf">The inner width is a multiple of this.</param>
public sealed record MLstmLayerConfig(
    int NumHeads = 4,
    int Conv1dKernelSize = 4,
    int QkvProjBlocksize = 4,
    double ProjFactor = 2,
    bool RoundProjUpDimUp = true,
    int RoundProjUpToMultipleOf = 64)
{
    /// <summary>Width of q, k, v and of the cell's output, all heads together.</summary>
    public int InnerSize(int embeddingDim) => XLstm.InnerSize.Round(ProjFactor, embeddingDim, RoundProjUpDimUp, RoundProjUpToMultipleOf);

    /// <summary>Number of blocks of the q, k and v projections: inner width over block size, rounded half to even.</summary>
    public int QkvProjHeads(int embeddingDim) => (int)Math.Round((double)InnerSize(embeddingDim) / QkvProjBlocksize, MidpointRounding.ToEven);

    internal IEnumerable<ConfigProblem> Problems(string key, int embeddingDim)
    {
        var sizes = ConfigProblem.AtLeast($"{key}.num_heads", NumHeads, 1)
            .Concat(ConfigProblem.AtLeast($"{key}.conv1d_kernel_size", Conv1dKernelSize, 0))
            .Concat(ConfigProblem.AtLeast($"{key}.qkv_proj_blocksize", QkvProjBlocksize, 1))
            .Concat(XLstm.InnerSize.Problems(key, ProjFactor, embeddingDim, RoundProjUpDimUp, RoundProjUpToMultipleOf));
        return sizes.Concat(Divisions(key, embeddingDim));
    }

    private IEnumerable<ConfigProblem> Divisions(string key, int embeddingDim)
    {
        var inner = InnerSize(embeddingDim);
        if (inner % NumHeads != 0)
            yield return new($"{key}.num_heads", $"{NumHeads}", $"a divisor of the inner width {inner}");
        var blocks = QkvProjHeads(embeddingDim);
        if (blocks < 1 || inner % blocks != 0)
            yield return new($"{key}.qkv_proj_blocksize", $"{QkvProjBlocksize}", $"a divisor of the inner width {inner}");
        foreach (var problem in ConfigProblem.Matrix($"{key}.proj_factor", "projection", 2L * inner, embeddingDim)
            .Concat(ConfigProblem.Matrix($"{key}.conv1d_kernel_size", "convolution", inner, Conv1dKernelSize)))
            yield return problem;
    }
}

/// <summary>A block around an mLSTM layer: x + mlstm(norm(x)).</summary>
public sealed record MLstmBlockConfig(MLstmLayerConfig Mlstm)
{
    internal IEnumerable<ConfigProblem> Problems(string key, int embeddingDim) => Mlstm.Problems($"{key}.mlstm", embeddingDim);
}
