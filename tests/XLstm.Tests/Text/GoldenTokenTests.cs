using System.Text.Json.Nodes;

namespace XLstm.Tests.Text;

/// <summary>Tokens are those of Hugging Face's library, in this process without the system's language data.</summary>
public sealed class GoldenTokenTests
{
    private static readonly TextTokenizer Tokenizer = TextTokenizer.Load(TestData.File("tokenizers/byte-level.json"));

    private static readonly Dictionary<string, string> Composed = new(StringComparer.Ordinal)
    {
        ["e\u0301"] = "\u00E9",
        ["A\u030A"] = "\u00C5",
        ["\u212B"] = "\u00C5",
        ["\u2126"] = "\u03A9",
        ["a\u0323\u0307"] = "\u1EA1\u0307",
        ["a\u0307\u0323"] = "\u1EA1\u0307",
        ["q\u0307\u0323"] = "q\u0323\u0307",
        ["\u0344"] = "\u0308\u0301",
        ["\u0958"] = "\u0915\u093C",
        ["\u1112\u1161\u11AB"] = "\uD55C",
        ["\uFB01"] = "\uFB01",
        ["\u0300\u0300a"] = "\u0300\u0300a",
        ["a\u0300b\u0301"] = "\u00E0b\u0301",
        ["\u1100\u1161\u11A7"] = "\uAC00\u11A7",
        ["a\u0315\u0300\u05AE"] = "\u00E0\u05AE\u0315",
    };

    public static TheoryData<string, int[]> Texts => [.. JsonNode.Parse(File.ReadAllText(TestData.File("tokenizers/byte-level.ids.json")))!.AsArray()
        .Select(t => ((string)t!["text"]!, t["ids"]!.AsArray().Select(i => (int)i!).ToArray()))];

    [Theory, MemberData(nameof(Texts))]
    public void Tokens_are_those_of_the_tokenizers_library(string text, int[] ids) => Assert.Equal(ids, Tokenizer.Encode(text));

    [Fact]
    public void Text_comes_back_composed()
    {
        foreach (var (given, expected) in Composed)
        {
            Assert.Equal(expected, Tokenizer.Decode(Tokenizer.Encode(given)));
            Assert.Equal("1" + expected + " y", Tokenizer.Decode(Tokenizer.Encode("1" + given + " y")));
        }
        Assert.Equal("a\uFFFDb\uFFFD", Tokenizer.Decode(Tokenizer.Encode("a\uD800b\uDC00")));
    }

    [Fact]
    public void Special_tokens_are_told_from_added_text()
    {
        Assert.Equal(0, Tokenizer.EndOfText);
        Assert.True(Tokenizer.IsSpecial(0) && Tokenizer.IsSpecial(1));
        Assert.False(Tokenizer.IsSpecial(2) || Tokenizer.IsSpecial(Tokenizer.Encode("    ")[0]));
    }

    /// <summary>A search for the best pair after each join would take a thousand times as long.</summary>
    [Fact]
    public void A_text_without_a_space_is_no_trap()
    {
        var text = string.Concat(Enumerable.Range(0, 300_000).Select(i => (char)('a' + (i * i % 26))));
        Assert.Equal(text, Tokenizer.Decode(Tokenizer.Encode(text)));
    }
}
