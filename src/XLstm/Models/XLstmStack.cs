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

    /// <summary>
    /// The stack in a file of PyTorch (<c>.pt</c>, <c>.pth</c>, <c>.ckpt</c>), a safetensors file, or a directory of such weights, whatever is around it and whoever trained it. No config
    /// is needed, see <see cref="XLstmStackModel.Load"/>, which also reads the linear maps before and after it.
    /// </summary>
    /// <param name="path">The file or directory.</param>
    /// <param name="prefix">Where there are several stacks, what the names of the one that is meant start with, such as "model_state.encoder"; "" for the top.</param>
    /// <exception cref="CheckpointException">The file is damaged, has no stack or several, or has blocks that were changed.</exception>
    public static XLstmStack Load(string path, string? prefix = null)
    {
        using ModelWeights weights = ModelWeights.Open(path, under: "");
        return StackTensors.Find(weights, prefix).Build(new ParameterSet(weights), TrainerConfig.Find(path));
    }

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
