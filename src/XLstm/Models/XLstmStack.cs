namespace XLstm;

/// <summary>Blocks of either kind, one after the other, and a norm after the last.</summary>
public sealed class XLstmStack : BlockSequence
{
    /// <summary>Parameters "blocks.{i}.*" and "post_blocks_norm".</summary>
    /// <exception cref="ArgumentException">The config cannot be built; the message names key, value and what is expected.</exception>
    public XLstmStack(ParameterScope scope, XLstmStackConfig config)
        : base(CreateBlocks(scope, config), config.AddPostBlocksNorm ? new Norm(scope.At("post_blocks_norm"), config.EmbeddingDim) : null) =>
        Config = config;

    /// <summary>The architecture.</summary>
    public XLstmStackConfig Config { get; }

    private static IXLstmBlock[] CreateBlocks(ParameterScope scope, XLstmStackConfig config)
    {
        config.Validate();
        var blocks = new IXLstmBlock[config.NumBlocks];
        for (int i = 0; i < blocks.Length; i++)
        {
            ParameterScope at = scope.At($"blocks.{i}");
            blocks[i] = config.BlockIsSLstm(i)
                ? new SLstmBlock(at, config.SlstmBlock!, config.EmbeddingDim, config.Dropout, i, config.NumBlocks)
                : new MLstmBlock(at, config.MlstmBlock!, config.EmbeddingDim, config.Bias, config.Dropout, config.NumBlocks);
        }
        return blocks;
    }
}
