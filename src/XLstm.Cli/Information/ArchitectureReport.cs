namespace XLstm.Cli;

/// <summary>The architecture in a config.</summary>
internal static class ArchitectureReport
{
    public static void Write(IModelConfig config, Report report)
    {
        if (config is XLstmLargeConfig large)
            Write(large, report);
        else
            Write((XLstmStackConfig)config, report);
    }

    private static void Write(XLstmLargeConfig config, Report report)
    {
        report.Line("kind", "language model, xLSTM Large");
        report.Line("blocks", $"{config.NumBlocks}: {Map(config)}   (m: mLSTM)");
        report.Line("width", $"{config.EmbeddingDim}");
        report.Line("mLSTM", $"{config.NumHeads} heads of {config.QkDim / config.NumHeads} x {config.VDim / config.NumHeads}, gates capped at {config.GateSoftCap}, {config.WeightMode} weights{(config.UseBias ? ", biases" : "")}");
        report.Line("feed-forward", $"swish of width {config.FfnDim}");
        report.Line("vocabulary", $"{Report.Count(config.VocabSize)} tokens, logits capped at {config.OutputLogitSoftCap}" + (config.TieWordEmbeddings ? ", head tied to the embedding" : ""));
    }

    private static void Write(XLstmStackConfig config, Report report)
    {
        int mixing = Enumerable.Range(0, config.NumBlocks).Count(config.BlockIsSLstm);
        report.Line("kind", config is XLstmLanguageModelConfig ? "language model" : "stack of blocks, without tokens");
        report.Line("blocks", $"{config.NumBlocks}: {Map(config)}   (m: mLSTM, s: sLSTM)");
        report.Line("width", $"{config.EmbeddingDim}");
        if (mixing < config.NumBlocks)
            report.Line("mLSTM", MLstm(config.MlstmBlock!.Mlstm, config));
        if (mixing > 0)
            report.Line("sLSTM", SLstm(config.SlstmBlock!, config));
        if (config is XLstmLanguageModelConfig model)
            report.Line("vocabulary", $"{Report.Count(model.VocabSize)} tokens" + (model.TieWeights ? ", head tied to the embedding" : ""));
        if (config.Dropout > 0)
            report.Line("dropout", $"{config.Dropout} while training");
    }

    /// <summary>"m s m m", shortened where it is long.</summary>
    public static string Map(IModelConfig config)
    {
        const int longest = 64;
        string map = string.Join(' ', Enumerable.Range(0, Math.Min(config.NumBlocks, longest)).Select(i => config is XLstmStackConfig stack && stack.BlockIsSLstm(i) ? 's' : 'm'));
        return config.NumBlocks > longest ? map + " ..." : map;
    }

    private static string MLstm(MLstmLayerConfig layer, XLstmStackConfig config)
    {
        int inner = layer.InnerSize(config.EmbeddingDim);
        return $"{layer.NumHeads} heads of {inner / layer.NumHeads} x {inner / layer.NumHeads}, inner width {inner}, q, k, v in blocks of {layer.QkvProjBlocksize}, {Convolution(layer.Conv1dKernelSize)}"
            + (config.Bias ? ", biases" : "");
    }

    private static string SLstm(SLstmBlockConfig block, XLstmStackConfig config)
    {
        SLstmLayerConfig layer = block.Slstm;
        return $"{layer.NumHeads} heads of {config.EmbeddingDim / layer.NumHeads}, {Convolution(layer.Conv1dKernelSize)}, "
            + (block.Feedforward is { } forward ? $"feed-forward {forward.ActFn} of width {forward.InnerSize(config.EmbeddingDim)}" : "no feed-forward")
            + (string.Equals(layer.Function, "lstm", StringComparison.Ordinal) ? ", cells are plain LSTM" : "")
            + (string.Equals(block.Form, "paper", StringComparison.Ordinal) ? ", one residual as the paper draws it" : "");
    }

    private static string Convolution(int kernel) => kernel > 0 ? $"convolution over {kernel} steps" : "no convolution";
}
