namespace XLstm.Tests;

public class SpecialTokensTests
{
    private static readonly TextTokenizer Tokenizer = TextTokenizer.Load(TestData.File("tokenizers/byte-level.json"));

    private static SpecialTokens Read(params (string Name, string Text)[] files)
    {
        using var folder = new TemporaryFolder();
        foreach ((string name, string text) in files)
            folder.File(name, text);
        return SpecialTokens.Read(folder.Path, Tokenizer);
    }

    [Fact]
    public void FilesSayWhatBeginsAndEndsATextAndTheTokenizerWhatIsText()
    {
        static string Of(params (string, string)[] files) => Read(files) is var s ? $"{s.Start}: {string.Join(' ', s.Ends)}" : "";

        Assert.Equal(": 0", Of());
        Assert.Equal(": 0", Of(("config.json", """{"bos_token_id": 0, "eos_token_id": 0}""")));
        // xLSTM Large as its class writes it: 2 is "!".
        Assert.Equal("0: 0", Of(("config.json", """{"model_type": "xlstm", "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}""")));
        Assert.Equal("0: 0", Of(("config.json", """{"model_type": "xlstm"}""")));
        Assert.Equal(": 0", Of(("config.json", """{"model_type": "xlstm", "bos_token_id": null}""")));
        Assert.Equal("0: 0", Of(("config.yaml", "qk_dim_factor: 0.5\nnum_heads: 4\n")));
        Assert.Equal("1: 0 1", Of(("config.json", """{"force_bos_token_insert": true, "bos_token_id": 1, "eos_token_id": [2, 1]}""")));
        Assert.Equal("1: 0 1", Of(("tokenizer_config.json", """{"add_bos_token": true}"""), ("config.json", """{"bos_token_id": 1, "eos_token_id": 0}"""), ("generation_config.json", """{"eos_token_id": 1}""")));
        Assert.Equal(": 0", Of(("tokenizer_config.json", """{"add_bos_token": true}""")));
    }

    [Theory]
    [InlineData("""{"model_type": "xlstm", "bos_token_id": "0"}""", "bos_token_id")]
    [InlineData("""{"eos_token_id": [1, 100000]}""", "eos_token_id")]
    [InlineData("""{"eos_token_id": -1}""", "eos_token_id")]
    [InlineData("""{"eos_token_id": """, "the file")]
    public void OtherThingsInTheirPlaceAreNamed(string config, string what) =>
        Assert.Equal(what, Assert.Throws<CheckpointException>(() => Read(("config.json", config))).What);
}
