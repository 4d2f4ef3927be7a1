using System.Text;
using CsCheck;

namespace XLstm.Tests.Text;

public sealed class TextTokenizerTests
{
    // ASCII, two to four bytes, combining marks, right to left, emoji with joiners and skin tones, control characters, odd white space.
    internal const string Difficult = "Hello, world! It's 3.14\r\n\ttab  two   three \u00A0\u2003\u3000 naïve Straße e\u0301 日本語 العربية \U0001D49C\U00020000x \U0001F469\u200D\U0001F680\U0001F44D\U0001F3FD \0\u0001\u007F\uFEFF\uFFFD\uFFFF\n\n\nend   ";

    private static readonly Gen<string> AnyText = Gen.OneOf<Rune>(Gen.Char['a', 'f'].Select(c => new Rune(c)), Gen.Int[0, 0x2FFF].Select(v => new Rune(v)), Gen.Int[0x10000, 0x10FFFF].Select(v => new Rune(v)),
        Gen.OneOf(' ', '\n', '\'', 's', 't').Select(c => new Rune(c))).Array[0, 40].Select(string.Concat);

    [Fact]
    public void Bytes_give_every_text_back()
    {
        var tokenizer = new ByteTokenizer();
        Assert.Equal(256, tokenizer.VocabularySize);
        Assert.Equal([72, 195, 164], tokenizer.Encode("Hä"));
        Assert.Equal(Difficult, tokenizer.Decode(tokenizer.Encode(Difficult)));
        AnyText.Sample(text => tokenizer.Decode(tokenizer.Encode(text)) == text);
        Assert.Empty(tokenizer.Encode(""));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([256]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([-1]));
    }

    [Fact]
    public void A_file_that_is_too_large_for_a_tokenizer_is_not_read()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "tokenizer.json");
        using (FileStream file = File.Create(path))
            file.SetLength(257 << 20);
        Assert.Contains("256 MB", Assert.Throws<CheckpointException>(() => TextTokenizer.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Characters_are_numbered_by_code_point()
    {
        var tokenizer = CharacterTokenizer.FromText("baz\uFFFD\U0001F600 b");
        Assert.Equal(6, tokenizer.VocabularySize);
        Assert.Equal([2, 1, 3, 4, 5, 0], tokenizer.Encode("baz\uFFFD\U0001F600 "));
        Assert.Equal("za \U0001F600", tokenizer.Decode([3, 1, 0, 5]));
        var whole = CharacterTokenizer.FromText(Difficult);
        Assert.Equal(Difficult, whole.Decode(whole.Encode(Difficult)));
    }

    [Fact]
    public void An_unknown_character_is_named_with_its_position()
    {
        var tokenizer = CharacterTokenizer.FromText("ab\U0001F600");
        var error = Assert.Throws<ArgumentException>(() => tokenizer.Encode("a\U0001F600é"));
        Assert.Contains("'é' (U+00E9) at position 2", error.Message, StringComparison.Ordinal);
        Assert.Contains("U+000A at position 0", Assert.Throws<ArgumentException>(() => tokenizer.Encode("\n")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => CharacterTokenizer.FromText(""));
    }

    [Fact]
    public void Characters_of_a_file_are_those_of_its_text()
    {
        using var folder = new TemporaryFolder();
        // Longer than a block, so that characters are cut in two at its end.
        var text = "a" + string.Concat(Enumerable.Repeat("日本\U0001F600", 200_000));
        Assert.Equal(CharacterTokenizer.FromText(text).Encode("日\U0001F600a"), CharacterTokenizer.FromFile(folder.File("a.txt", text)).Encode("日\U0001F600a"));
    }

    public static TheoryData<TextTokenizer> Own => new() { new ByteTokenizer(), CharacterTokenizer.FromText(Difficult) };

    [Theory, MemberData(nameof(Own))]
    public void What_is_saved_loads_again(TextTokenizer tokenizer)
    {
        using var folder = new TemporaryFolder();
        tokenizer.Save(folder.Path);
        foreach (var path in new[] { folder.Path, Path.Combine(folder.Path, "tokenizer.json") })
        {
            var loaded = TextTokenizer.Load(path);
            Assert.Equal((tokenizer.Name, tokenizer.VocabularySize), (loaded.Name, loaded.VocabularySize));
            Assert.Equal(tokenizer.Encode(Difficult), loaded.Encode(Difficult));
        }
    }

    [Theory, MemberData(nameof(Own))]
    public void Tokens_one_by_one_give_whole_characters_and_the_same_text(TextTokenizer tokenizer)
    {
        var (decoder, text) = (tokenizer.CreateDecoder(), new StringBuilder());
        foreach (var token in tokenizer.Encode(Difficult))
        {
            var part = decoder.Append(token);
            Assert.False(part.Length > 0 && char.IsHighSurrogate(part[^1]));
            text.Append(part);
        }
        Assert.True(decoder.Flush().IsEmpty);
        Assert.Equal(Difficult, text.ToString());
    }

    [Fact]
    public void Bytes_that_are_no_text_decode_alike_at_once_and_one_by_one()
    {
        var tokenizer = new ByteTokenizer();
        Gen.OneOf<int>(Gen.Int[0, 255], Gen.OneOf(0x61, 0xC3, 0xE2, 0xF0, 0x9F, 0x80, 0xA4)).Array[0, 20].Sample(tokens =>
        {
            var decoder = tokenizer.CreateDecoder();
            return string.Concat(tokens.Select(t => decoder.Append(t).ToString())) + decoder.Flush().ToString() == tokenizer.Decode(tokens);
        });
        var cut = tokenizer.CreateDecoder();
        Assert.True(cut.Append(0xE2).IsEmpty);
        Assert.True(cut.Append(0x82).IsEmpty);
        Assert.Equal("\uFFFD", cut.Flush().ToString());
        Assert.Equal("a", cut.Append('a').ToString());
    }

    [Theory]
    [InlineData("{", "the file")]
    [InlineData("[]", "the file")]
    [InlineData("{}", "model")]
    [InlineData("""{"type": "words"}""", "type")]
    [InlineData("""{"type": "characters"}""", "characters")]
    [InlineData("""{"type": "characters", "characters": "ba"}""", "characters")]
    [InlineData("""{"type": "characters", "characters": "aa"}""", "characters")]
    [InlineData("""{"type": "characters", "characters": 3}""", "characters")]
    public void A_file_that_is_no_tokenizer_is_refused(string text, string what)
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<CheckpointException>(() => TextTokenizer.Load(folder.File("tokenizer.json", text)));
        Assert.Contains(what, error.What, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains("tokenizer.json", Assert.Throws<CheckpointException>(() => TextTokenizer.Load(AppContext.BaseDirectory)).Message, StringComparison.Ordinal);

    [Fact]
    public void Decoding_allocates_nothing_per_token()
    {
        var decoder = new ByteTokenizer().CreateDecoder();
        int characters = decoder.Append('a').Length;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            characters += decoder.Append('a' + i % 26).Length;
        Assert.Equal((0, 1001), (GC.GetAllocatedBytesForCurrentThread() - before, characters));
    }

    [Fact]
    public void The_older_pair_of_files_is_the_same_tokenizer()
    {
        using var folder = new TemporaryFolder();
        var alphabet = Enumerable.Range(0, 512).Select(c => ((char)c).ToString()).Where(c => ByteAlphabet.Bytes(c) is not null).ToList();
        Assert.Equal(256, alphabet.Count);
        List<string> tokens = [.. alphabet, "th", "the", "<|endoftext|>"];
        folder.File("encoder.json", System.Text.Json.JsonSerializer.Serialize(tokens.Select((t, i) => (t, i)).ToDictionary(p => p.t, p => p.i)));
        var merges = folder.File("vocab.bpe", "#version: 0.2\nt h\nth e\n");
        var tokenizer = TextTokenizer.Load(merges);
        Assert.Equal((259, 258), (tokenizer.VocabularySize, tokenizer.EndOfText));
        Assert.Equal([257, alphabet.IndexOf("n"), 256, 258], tokenizer.Encode("thenth<|endoftext|>"));
        Assert.Equal(Difficult, tokenizer.Decode(tokenizer.Encode(Difficult)));
        tokenizer.Save(folder.Path);
        Assert.Equal(tokenizer.Encode(Difficult), TextTokenizer.Load(folder.Path).Encode(Difficult));
        File.Delete(Path.Combine(folder.Path, "encoder.json"));
        Assert.Contains("encoder.json", Assert.Throws<CheckpointException>(() => TextTokenizer.Load(merges)).Message, StringComparison.Ordinal);
    }
}
