namespace XLstm.Extensions.AI.Tests;

/// <summary>A model that has learned nothing, over bytes.</summary>
internal static class Tiny
{
    public static TextModel Model(ulong seed = 1) => new(new XLstmLanguageModel(
        new XLstmLanguageModelConfig(256, 2, 32, new MLstmBlockConfig(new MLstmLayerConfig(NumHeads: 2)), new SLstmBlockConfig(new SLstmLayerConfig(NumHeads: 2), new FeedForwardConfig()), [1]), seed), new ByteTokenizer());
}
