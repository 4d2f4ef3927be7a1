namespace XLstm;

/// <summary>A stack of mLSTM and sLSTM blocks; architecture only, with the keys of the <c>xlstm</c> Python package in files.</summary>
/// <param name="NumBlocks">Number of blocks.</param>
/// <param name="EmbeddingDim">Width of the residual stream.</param>
/// <param name="MlstmBlock">The mLSTM blocks; without them every block is an sLSTM block.</param>
/// <param name="SlstmBlock">The sLSTM blocks.</param>
/// <param name="SlstmAt">Indices, from 0, of the sLSTM blocks.</param>
/// <param name="ContextLength">Kept for other readers of the file; no limit here.</param>
/// <param name="AddPostBlocksNorm">A norm after the last block.</param>
/// <param name="Bias">Biases on the projections of the mLSTM layers.</param>
/// <param name="Dropout">Dropout on the output of each layer, while training.</param>
public record XLstmStackConfig(
    int NumBlocks,
    int EmbeddingDim,
    MLstmBlockConfig? MlstmBlock = null,
    SLstmBlockConfig? SlstmBlock = null,
    IReadOnlyList<int>? SlstmAt = null,
    int ContextLength = -1,
    bool AddPostBlocksNorm = true,
    bool Bias = false,
    float Dropout = 0f) : IModelConfig
{
    private const int MostBlocks = 1 << 16;

    /// <summary>Whether block <paramref name="index"/> (from 0) is an sLSTM block.</summary>
    public bool BlockIsSLstm(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, NumBlocks);
        return MlstmBlock is null || (SlstmAt?.Contains(index) ?? false);
    }

    /// <summary>The sLSTM positions of a pattern: <c>a:b</c> as in the paper's xLSTM[7:1], or <c>all</c>.</summary>
    /// <remarks>
    /// xLSTM[a:b] has b sLSTM blocks in every a + b blocks. In each group of a + b blocks they stand at positions 1 to b, counted from 0: after
    /// one mLSTM block, as [7:1] with its sLSTM at 1 of 8. <c>a:0</c> has none, <c>0:b</c> and <c>all</c> have nothing else. A last, incomplete group keeps the positions it reaches.
    /// </remarks>
    /// <exception cref="ArgumentException">The pattern is neither.</exception>
    public static int[] SlstmPositions(string pattern, int numBlocks)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentOutOfRangeException.ThrowIfNegative(numBlocks);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(numBlocks, MostBlocks);
        if (string.Equals(pattern, "all", StringComparison.Ordinal))
            return [.. Enumerable.Range(0, numBlocks)];
        var colon = pattern.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0
            || !ushort.TryParse(pattern.AsSpan(0, colon), System.Globalization.NumberStyles.None, null, out var mlstm)
            || !ushort.TryParse(pattern.AsSpan(colon + 1), System.Globalization.NumberStyles.None, null, out var slstm)
            || mlstm + slstm == 0)
            throw new ArgumentException($"\"{pattern}\" is no pattern of blocks: expected \"a:b\" (mLSTM to sLSTM blocks, such as 7:1, 1:1, 1:0) or \"all\".", nameof(pattern));
        var first = mlstm == 0 ? 0 : 1;
        return [.. Enumerable.Range(0, numBlocks).Where(i => i % (mlstm + slstm) - first is var place && place >= 0 && place < slstm)];
    }

    /// <summary>Checks that the model can be built.</summary>
    /// <exception cref="ArgumentException">It cannot: the message names the key, its value and what is expected.</exception>
    public void Validate() => ((IModelConfig)this).Validate();

    IEnumerable<ConfigProblem> IModelConfig.Problems() => Problems();

    // Ordered: a check may rely on the ones before it, because only the first problem is ever taken.
    internal virtual IEnumerable<ConfigProblem> Problems()
    {
        foreach (var problem in ConfigProblem.AtLeast("num_blocks", NumBlocks, 1)
            .Concat(ConfigProblem.AtLeast("embedding_dim", EmbeddingDim, 1))
            .Concat(ConfigProblem.Rate("dropout", Dropout)))
            yield return problem;
        if (NumBlocks > MostBlocks)
            yield return new("num_blocks", $"{NumBlocks}", $"at most {MostBlocks}");
        if (EmbeddingDim > MostBlocks * 16)
            yield return new("embedding_dim", $"{EmbeddingDim}", $"at most {MostBlocks * 16}");
        foreach (var index in SlstmAt ?? [])
        {
            if (index < 0 || index >= NumBlocks)
                yield return new("slstm_at", $"{index}", $"indices from 0 to {NumBlocks - 1}, below num_blocks");
        }
        if (SlstmBlock is null && (MlstmBlock is null || SlstmAt is { Count: > 0 }))
            yield return new("slstm_block", "nothing", MlstmBlock is null ? "mlstm_block or slstm_block" : "the blocks that slstm_at asks for");
        foreach (var problem in (MlstmBlock?.Problems("mlstm_block", EmbeddingDim) ?? [])
            .Concat(SlstmBlock?.Problems("slstm_block", EmbeddingDim) ?? []))
            yield return problem;
    }

    // Lists compare by reference: two readings of one file would differ.
    public virtual bool Equals(XLstmStackConfig? other) =>
        other is not null && EqualityContract == other.EqualityContract
        && (NumBlocks, EmbeddingDim, MlstmBlock, SlstmBlock, ContextLength, AddPostBlocksNorm, Bias, Dropout)
            == (other.NumBlocks, other.EmbeddingDim, other.MlstmBlock, other.SlstmBlock, other.ContextLength, other.AddPostBlocksNorm, other.Bias, other.Dropout)
        && (SlstmAt ?? []).SequenceEqual(other.SlstmAt ?? []);

    public override int GetHashCode() => HashCode.Combine(NumBlocks, EmbeddingDim, MlstmBlock, SlstmBlock, SlstmAt?.Count ?? 0, Bias, Dropout);
}
