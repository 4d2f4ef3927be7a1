namespace XLstm.Tests;

/// <summary>xLSTM Large is generated with like every other architecture.</summary>
public class LargeGenerationTests
{
    private static TextModel Load()
    {
        string directory = TestData.Golden("large/large_single/hf");
        var tokenizer = CharacterTokenizer.FromText("\n abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,");
        return new TextModel(XLstmLanguageModel.Load(directory), tokenizer, SpecialTokens.Read(directory, tokenizer));
    }

    [Fact]
    public void ATextBeginsWithItsTokenAndABatchIsEachPromptAlone()
    {
        TextModel model = Load();
        Assert.Equal(0, model.Special.Start);
        Assert.Empty(model.Special.Ends); // 2 is a letter here, as it is "!" to GPT-NeoX
        string text = string.Concat(Enumerable.Range(0, 700).Select(i => (char)('a' + i % 26)));
        string[] prompts = ["a", "Hello", text, "", text[..511]];
        GenerationOptions options = new() { MaxTokens = 20, Seed = 5, LogProbabilities = 0 };
        IReadOnlyList<GeneratedText> together = model.Generate(prompts, options);
        for (int i = 0; i < prompts.Length; i++)
        {
            using TextSession session = model.CreateSession();
            GeneratedToken[] alone = [.. session.Generate(prompts[i], options with { Seed = 5 + (ulong)i })];
            Assert.Equal(1 + prompts[i].Length + 20, session.Tokens.Position);
            Assert.Equal(alone.Select(t => t.Token), together[i].Tokens.Select(t => t.Token));
            foreach ((GeneratedToken a, GeneratedToken b) in alone.Zip(together[i].Tokens))
                Assert.Equal(a.LogProbability, b.LogProbability, 1e-4);
        }
    }

    [Fact]
    public void StoredTextsGoOnBitForBit()
    {
        TextModel model = Load();
        using TextSession session = model.CreateSession();
        session.Append("Hello there");
        using var stream = new MemoryStream();
        session.Save(stream);
        stream.Position = 0;
        using TextSession loaded = TextSession.Load(model, stream);
        string Text(TextSession from) => string.Concat(from.Generate("x", new() { MaxTokens = 30 }).Select(t => t.Text));
        Assert.Equal(Text(session), Text(loaded));
        Numbers.SameBits("logits", session.Tokens.Logits, loaded.Tokens.Logits);
    }
}
