namespace XLstm.Cli;

/// <summary>A model in a few words.</summary>
internal static class ModelText
{
    /// <summary>"m s m m", shortened where it is long.</summary>
    public static string Map(IModelConfig config)
    {
        const int longest = 64;
        string map = string.Join(' ', Enumerable.Range(0, Math.Min(config.NumBlocks, longest)).Select(i => config is XLstmStackConfig stack && stack.BlockIsSLstm(i) ? 's' : 'm'));
        return config.NumBlocks > longest ? map + " ..." : map;
    }

    /// <summary>"bytes, 256 tokens".</summary>
    public static string Describe(TextTokenizer tokenizer) => $"{tokenizer.Name}, {Report.Count(tokenizer.VocabularySize)} tokens";
}
