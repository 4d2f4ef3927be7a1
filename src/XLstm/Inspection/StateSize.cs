namespace XLstm;

/// <summary>Bytes of the state of one sequence, without making one: what <see cref="BlockSequence.CreateState"/> would take.</summary>
internal static class StateSize
{
    internal static long Of(XLstmStackConfig config)
    {
        long floats = 0;
        for (int i = 0; i < config.NumBlocks; i++)
            floats += config.BlockIsSLstm(i) ? Of(config.SlstmBlock!.Slstm, config.EmbeddingDim) : Of(config.MlstmBlock!.Mlstm, config.EmbeddingDim);
        return sizeof(float) * floats;
    }

    // C and n of a head, m of each head, and the inputs that the convolution still needs.
    private static long Of(MLstmLayerConfig layer, int width)
    {
        long inner = layer.InnerSize(width), head = inner / layer.NumHeads;
        return layer.NumHeads * (head * head + head + 1) + Convolution(layer.Conv1dKernelSize) * inner;
    }

    private static long Of(SLstmLayerConfig layer, int width) => (layer.Function == "lstm" ? 2 : 4) * (long)width + Convolution(layer.Conv1dKernelSize) * width;

    private static long Convolution(int kernel) => Math.Max(kernel - 1, 0);
}
