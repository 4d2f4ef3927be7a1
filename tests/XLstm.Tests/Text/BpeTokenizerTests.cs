using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;

namespace XLstm.Tests.Text;

public sealed class BpeTokenizerTests
{
    private const string Corpus = "the theory of the other thing is that there is nothing there; it's what they'll say, isn't it? 1999 and 2024: naïve, 日本語 日本 \U0001D49C\U0001D49C.";

    private static readonly ReferenceBpe Reference = ReferenceBpe.Train(Corpus, merges: 60);

    private static BpeTokenizer Load(JsonObject file)
    {
        using var folder = new TemporaryFolder();
        return (BpeTokenizer)TextTokenizer.Load(folder.File("tokenizer.json", file.ToJsonString()));
    }

    private static JsonObject File(params (string Content, bool Normalized)[] added)
    {
        var (vocabulary, tokens) = (new JsonObject(), new JsonArray());
        foreach (var (token, id) in Reference.Vocabulary)
            vocabulary.Add(token, id);
        foreach (var (content, normalized) in added)
            tokens.Add(new JsonObject { ["content"] = content, ["id"] = Reference.Vocabulary.Count + tokens.Count, ["normalized"] = normalized, ["special"] = true });
        return new()
        {
            ["added_tokens"] = tokens,
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray([.. Reference.Merges.Select(m => JsonValue.Create($"{m.Left} {m.Right}"))]) },
        };
    }

    [Fact]
    public void Tokens_are_those_of_the_plain_algorithm()
    {
        var tokenizer = Load(File());
        Assert.Equal(Reference.Encode(Corpus), tokenizer.Encode(Corpus));
        Assert.True(tokenizer.Encode(Corpus).Length < Encoding.UTF8.GetByteCount(Corpus) / 2);
        Assert.Equal(Reference.Encode(TextTokenizerTests.Difficult), tokenizer.Encode(TextTokenizerTests.Difficult));
        Assert.Equal(TextTokenizerTests.Difficult, tokenizer.Decode(tokenizer.Encode(TextTokenizerTests.Difficult)));

        Gen.OneOf("the", "re", "'ll", "'s", "'S", "'", " ", "  ", "\n", "\t", "19", "½", "日", "本語", "\U0001D49C", "\U0001F600", "é", "e\u0301", "!", "?!", "\u00A0", "\0")
            .Array[0, 30].Select(string.Concat)
            .Sample(text => tokenizer.Encode(text).SequenceEqual(Reference.Encode(text)) && tokenizer.Decode(tokenizer.Encode(text)) == text);
    }

    [Fact]
    public void Added_tokens_are_found_leftmost_and_longest()
    {
        var tokenizer = Load(File(("<|end|>", false), ("  ", true), ("    ", true), ("<|endoftext|>", false)));
        var first = Reference.Vocabulary.Count;
        Assert.Equal(first + 4, tokenizer.VocabularySize);
        Assert.Equal(first + 3, tokenizer.EndOfText);
        Assert.Equal([first, .. Reference.Encode("the"), first], tokenizer.Encode("<|end|>the<|end|>"));
        Assert.Equal([first + 2, first + 1, .. Reference.Encode(" x")], tokenizer.Encode("       x"));
        const string text = "a<|end|>  b <|end|    c";
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Fact]
    public void Numbers_beyond_the_vocabulary_decode_to_nothing()
    {
        var tokenizer = Load(File());
        Assert.Equal("ab", tokenizer.Decode([.. tokenizer.Encode("a"), tokenizer.VocabularySize + 7, .. tokenizer.Encode("b")]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([-1]));
    }

    [Fact]
    public void What_is_saved_loads_again()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = Load(File(("<|endoftext|>", false)));
        tokenizer.Save(folder.Path);
        var loaded = TextTokenizer.Load(folder.Path);
        Assert.Equal(tokenizer.Encode(Corpus + "<|endoftext|>"), loaded.Encode(Corpus + "<|endoftext|>"));
        Assert.Equal(tokenizer.VocabularySize, loaded.VocabularySize);
    }

    [Fact]
    public void Merges_may_be_written_as_pairs()
    {
        var file = File();
        file["model"]!["merges"] = new JsonArray([.. Reference.Merges.Select(m => new JsonArray(m.Left, m.Right))]);
        Assert.Equal(Reference.Encode(Corpus), Load(file).Encode(Corpus));
    }

    [Fact]
    public void Encoding_block_by_block_gives_the_same_tokens()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = Load(File(("the other", true), ("   ", true)));
        // Several blocks of a megabyte, whose ends fall on every kind of place.
        var text = string.Concat(Enumerable.Range(0, 18_000).Select(i => Corpus + new string(' ', i % 5) + new string('\n', i % 3) + (i % 7 == 0 ? "the   other" : "")));
        using var source = TokenSource.Open(folder.File("a.txt", text), tokenizer);
        var read = new int[source.Length];
        source.Read(0, read);
        Assert.Equal(tokenizer.Encode(text), read);
    }

    public static TheoryData<string, string> Unsupported => new()
    {
        { "model.type", """{"model": {"type": "Unigram"}}""" },
        { "model.dropout", """{"model": {"dropout": 0.1}}""" },
        { "model.continuing_subword_prefix", """{"model": {"continuing_subword_prefix": "##"}}""" },
        { "model.byte_fallback", """{"model": {"byte_fallback": true}}""" },
        { "model.ignore_merges", """{"model": {"ignore_merges": true}}""" },
        { "model.vocab", """{"model": {"vocab": {}}}""" },
        { "model.vocab", """{"model": {"vocab": {"a": -1}}}""" },
        { "model.vocab", """{"model": {"vocab": {"a": 16000000}}}""" },
        { "added_tokens", """{"added_tokens": [{"content": "<far>", "id": 16000000}]}""" },
        { "pre_tokenizer.type", """{"pre_tokenizer": {"type": "Sequence"}}""" },
        { "pre_tokenizer.type", """{"pre_tokenizer": null}""" },
        { "pre_tokenizer.add_prefix_space", """{"pre_tokenizer": {"add_prefix_space": true}}""" },
        { "pre_tokenizer.use_regex", """{"pre_tokenizer": {"use_regex": false}}""" },
        { "normalizer.type", """{"normalizer": {"type": "Lowercase"}}""" },
        { "lstrip", """{"added_tokens": [{"content": "<mask>", "id": 7, "lstrip": true}]}""" },
        { "added_tokens", """{"added_tokens": [{"content": "", "id": 7}]}""" },
        { "the tokenizer", """{"added_tokens": [{"id": 7}]}""" },
        { "the tokenizer", """{"model": {"vocab": [1]}}""" },
        { "the tokenizer", """{"model": {"vocab": {"a": "b"}}}""" },
        { "model.merges[0]", """{"model": {"merges": ["a b c", "xyz"]}}""" },
        { "model.merges[0]", """{"model": {"merges": ["a unknown"]}}""" },
        { "model.vocab", """{"model": {"vocab": {"a": 1}}}""" },
    };

    [Theory, MemberData(nameof(Unsupported))]
    public void What_would_give_other_tokens_is_refused_by_name(string what, string change)
    {
        var file = File();
        foreach (var (part, value) in JsonNode.Parse(change)!.AsObject())
        {
            if (value is JsonObject keys && file[part] is JsonObject old)
            {
                foreach (var (key, item) in keys)
                    old[key] = item?.DeepClone();
            }
            else
                file[part] = value?.DeepClone();
        }
        Assert.Contains(what, Assert.Throws<CheckpointException>(() => Load(file)).What, StringComparison.Ordinal);
    }

    /// <summary>Byte-pair encoding as its definition says, without any thought of speed.</summary>
    private sealed class ReferenceBpe
    {
        internal Dictionary<string, int> Vocabulary { get; } = new(StringComparer.Ordinal);

        internal List<(string Left, string Right)> Merges { get; } = [];

        internal static ReferenceBpe Train(string corpus, int merges)
        {
            var bpe = new ReferenceBpe();
            for (var value = 0; value < 256; value++)
                bpe.Vocabulary.Add(Letter((byte)value), value);
            var words = Words(corpus).ToList();
            for (var i = 0; i < merges; i++)
            {
                var pair = words.SelectMany(w => w.Zip(w.Skip(1))).GroupBy(p => p).OrderByDescending(g => g.Count()).ThenBy(g => g.Key.First + " " + g.Key.Second, StringComparer.Ordinal).First().Key;
                bpe.Merges.Add(pair);
                bpe.Vocabulary.TryAdd(pair.First + pair.Second, bpe.Vocabulary.Count);
                words = [.. words.Select(w => Apply(w, pair))];
            }
            return bpe;
        }

        internal IEnumerable<int> Encode(string text) => Words(text).SelectMany(word =>
        {
            while (Merges.Cast<(string, string)?>().FirstOrDefault(m => word.Zip(word.Skip(1)).Contains(m!.Value)) is { } merge)
                word = Apply(word, merge);
            return word.Select(piece => Vocabulary[piece]);
        });

        private static List<string> Apply(List<string> word, (string Left, string Right) merge)
        {
            var merged = new List<string>();
            foreach (var piece in word)
            {
                if (merged.Count > 0 && merged[^1] == merge.Left && piece == merge.Right && !merged[^1].EndsWith('\0'))
                    merged[^1] = merge.Left + merge.Right + "\0";
                else
                    merged.Add(piece);
            }
            return [.. merged.Select(p => p.TrimEnd('\0'))];
        }

        // The pattern of GPT-2 over letters that stand for classes: L, N, S(pace), O(ther), and the characters that it names.
        private static IEnumerable<List<string>> Words(string text)
        {
            var runes = text.EnumerateRunes().ToList();
            var classes = string.Concat(runes.Select(r => r.Value switch
            {
                ' ' => ' ',
                '\'' => '\'',
                's' or 't' or 'r' or 'e' or 'v' or 'm' or 'l' or 'd' => (char)r.Value,
                _ when Rune.IsWhiteSpace(r) => '\n',
                _ when Rune.IsLetter(r) => 'A',
                _ when Rune.GetUnicodeCategory(r) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => '1',
                _ => '.',
            }));
            foreach (System.Text.RegularExpressions.Match match in System.Text.RegularExpressions.Regex.Matches(classes, @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"))
            {
                var word = string.Concat(runes.Skip(match.Index).Take(match.Length));
                yield return [.. Encoding.UTF8.GetBytes(word).Select(Letter)];
            }
        }

        private static string Letter(byte value)
        {
            static bool Printable(int v) => v is >= 33 and <= 126 or >= 161 and <= 172 or >= 174 and <= 255;
            return ((char)(Printable(value) ? value : 256 + Enumerable.Range(0, value).Count(v => !Printable(v)))).ToString();
        }
    }
}
