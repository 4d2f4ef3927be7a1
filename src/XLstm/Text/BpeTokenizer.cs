using System.Text;
using System.Text.Json;

namespace XLstm;

/// <summary>Byte-level byte-pair encoding from a <c>tokenizer.json</c> of Hugging Face, such as GPT-2's and GPT-NeoX's (which xLSTM 7B uses).</summary>
/// <remarks>
/// Tokens are those of the original; decoding gives the text back byte for byte, but for characters that the file asks to compose (NFC):
/// letters that came decomposed (e and a separate accent) come back as one character. Halves of surrogate pairs become U+FFFD.
/// Nothing is added at the start or end, whatever the file's post-processor says. Added tokens such as <c>&lt;|endoftext|&gt;</c> are recognised within text.
/// </remarks>
public sealed class BpeTokenizer : TextTokenizer
{
    private readonly BytePairs pairs;
    private readonly AddedTokens raw;
    private readonly AddedTokens normalized;
    private readonly bool compose;
    private readonly byte[]?[] bytes;
    private readonly HashSet<int> special;
    private readonly string[] spacedTokens;
    private readonly byte[] file;

    private BpeTokenizer(Parts parts, byte[] file)
    {
        this.file = file;
        compose = parts.Compose;
        pairs = new(parts.TokenOfByte, parts.Merges);
        raw = new(parts.Added.Where(a => !a.Normalized).Select(a => (a.Content, a.Id)));
        normalized = new(parts.Added.Where(a => a.Normalized).Select(a => (a.Content, a.Id)));
        spacedTokens = [.. parts.Added.Select(a => a.Content).Where(c => Gpt2Splitter.SafeLength(c) > 0)];
        bytes = new byte[1 + Math.Max(parts.Vocabulary.Values.Max(), parts.Added.Select(a => a.Id).DefaultIfEmpty().Max())][];
        foreach (var (token, id) in parts.Vocabulary)
            bytes[id] = ByteAlphabet.Bytes(token) ?? Encoding.UTF8.GetBytes(token);
        foreach (var added in parts.Added)
            bytes[added.Id] = Encoding.UTF8.GetBytes(added.Content);
        special = [.. parts.Added.Where(a => a.Special).Select(a => a.Id)];
        EndOfText = parts.Added.Where(a => a.Content is "<|endoftext|>" or "</s>" or "<|end_of_text|>").Select(a => (int?)a.Id).FirstOrDefault();
    }

    public override string Name => "bpe";

    public override int VocabularySize => bytes.Length;

    public override int? EndOfText { get; }

    public override bool IsSpecial(int token) => special.Contains(token) || token == EndOfText;

    /// <inheritdoc/>
    /// <remarks>Nothing for a number that has no token: the vocabulary of a model is often padded.</remarks>
    public override ReadOnlySpan<byte> TokenBytes(int token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(token);
        return token < bytes.Length ? bytes[token] : [];
    }

    internal override void Encode(ReadOnlySpan<char> text, long position, List<int> tokens)
    {
        var work = new BytePairs.Work();
        raw.Encode(text, tokens, (part, _) => normalized.Encode(compose ? Composition.Compose(part) : part, tokens, (rest, _) =>
        {
            while (!rest.IsEmpty)
            {
                var length = Gpt2Splitter.Next(rest);
                pairs.Merge(rest[..length], tokens, work);
                rest = rest[length..];
            }
        }));
    }

    internal override int SafeLength(ReadOnlySpan<char> text)
    {
        var length = Gpt2Splitter.SafeLength(text);
        while (length > 0 && MayBeWithinAddedToken(text, length))
            length = Gpt2Splitter.SafeLength(text[..length]);
        return length;
    }

    private bool MayBeWithinAddedToken(ReadOnlySpan<char> text, int place)
    {
        foreach (var token in spacedTokens)
        {
            var from = Math.Max(place - token.Length + 1, 0);
            if (place + token.Length - 1 > text.Length || text[from..(place + token.Length - 1)].IndexOf(token, StringComparison.Ordinal) >= 0)
                return true;
        }
        return false;
    }

    internal override void Write(Stream stream) => stream.Write(file);

    internal static BpeTokenizer Read(JsonElement root, byte[] bytes, string file)
    {
        try
        {
            return new(Parts.Read(root, file, bytes.Length), bytes);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new CheckpointException(file, "the tokenizer", "a byte-level BPE tokenizer.json", e.Message, inner: e);
        }
    }

    private readonly record struct Added(string Content, int Id, bool Normalized, bool Special);

    /// <summary>What the file says, and a refusal of everything that it may say and that would be ignored here.</summary>
    private sealed record Parts(Dictionary<string, int> Vocabulary, int[] TokenOfByte, Dictionary<long, (int Rank, int Joined)> Merges, List<Added> Added, bool Compose)
    {
        internal static Parts Read(JsonElement root, string file, int length)
        {
            CheckType(root, file, "model", "BPE");
            CheckType(root, file, "pre_tokenizer", "ByteLevel");
            var model = root.GetProperty("model");
            foreach (var key in (string[])["dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges"])
                CheckOff(model, file, "model.", key);
            foreach (var key in (string[])["add_prefix_space"])
                CheckOff(root.GetProperty("pre_tokenizer"), file, "pre_tokenizer.", key);
            if (root.GetProperty("pre_tokenizer").TryGetProperty("use_regex", out var regex) && regex.ValueKind == JsonValueKind.False)
                throw Unsupported(file, "pre_tokenizer.use_regex", "true", "false");
            var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var token in model.GetProperty("vocab").EnumerateObject())
                vocabulary[token.Name] = token.Value.GetInt32();
            // Tables are as long as the largest number, and a token takes some bytes of the file.
            var most = Math.Min(1 << 24, length);
            if (vocabulary.Count == 0 || vocabulary.Values.Any(id => id < 0 || id > most))
                throw new CheckpointException(file, "model.vocab", $"tokens numbered from 0 to at most {most}", vocabulary.Count == 0 ? "none" : "a number outside");
            var bytes = Enumerable.Range(0, 256).Select(value => vocabulary.GetValueOrDefault(ByteAlphabet.Of((byte)value).ToString(), -1)).ToArray();
            // 0xC0, 0xC1 and those from 0xF5 on are in no UTF-8.
            if (Enumerable.Range(0, 0xF5).Except([0xC0, 0xC1]).Any(value => bytes[value] < 0))
                throw new CheckpointException(file, "model.vocab", "a token for each byte of UTF-8", $"none for byte 0x{Enumerable.Range(0, 0xF5).First(value => bytes[value] < 0 && value is not (0xC0 or 0xC1)):X2}", "Text with it would lose a part.");
            return new(vocabulary, bytes, ReadMerges(model.GetProperty("merges"), vocabulary, file), ReadAdded(root, file, most), ReadNormalizer(root, file));
        }

        private static Dictionary<long, (int Rank, int Joined)> ReadMerges(JsonElement merges, Dictionary<string, int> vocabulary, string file)
        {
            var (read, rank) = (new Dictionary<long, (int Rank, int Joined)>(merges.GetArrayLength()), 0);
            foreach (var merge in merges.EnumerateArray())
            {
                // Older files write "a b", newer ones ["a", "b"].
                var pair = merge.ValueKind == JsonValueKind.Array ? [.. merge.EnumerateArray().Select(m => m.GetString()!)] : merge.GetString()!.Split(' ');
                if (pair is not [var a, var b] || !vocabulary.TryGetValue(a, out var left) || !vocabulary.TryGetValue(b, out var right) || !vocabulary.TryGetValue(a + b, out var joined))
                    throw new CheckpointException(file, $"model.merges[{rank}]", "two tokens of the vocabulary that make a third", merge.GetRawText());
                read[BytePairs.Pair(left, right)] = (rank++, joined);
            }
            return read;
        }

        private static List<Added> ReadAdded(JsonElement root, string file, int most)
        {
            var added = new List<Added>();
            if (!root.TryGetProperty("added_tokens", out var list) || list.ValueKind == JsonValueKind.Null)
                return added;
            foreach (var token in list.EnumerateArray())
            {
                foreach (var key in (string[])["single_word", "lstrip", "rstrip"])
                    CheckOff(token, file, $"added_tokens, {token.GetProperty("content")}: ", key);
                var (content, id) = (token.GetProperty("content").GetString()!, token.GetProperty("id").GetInt32());
                if (content.Length == 0 || id < 0 || id > most)
                    throw new CheckpointException(file, "added_tokens", $"texts numbered from 0 to at most {most}", token.GetRawText());
                added.Add(new(content, id, IsTrue(token, "normalized"), IsTrue(token, "special")));
            }
            return added;
        }

        private static bool IsTrue(JsonElement token, string key) => token.TryGetProperty(key, out var value) && value.GetBoolean();

        private static bool ReadNormalizer(JsonElement root, string file)
        {
            if (!root.TryGetProperty("normalizer", out var normalizer) || normalizer.ValueKind == JsonValueKind.Null)
                return false;
            CheckType(root, file, "normalizer", "NFC");
            return true;
        }

        private static void CheckType(JsonElement root, string file, string key, string type)
        {
            var found = root.TryGetProperty(key, out var part) && part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var value) ? value.ToString() : "nothing";
            if (!string.Equals(found, type, StringComparison.Ordinal))
                throw Unsupported(file, $"{key}.type", type, found);
        }

        private static void CheckOff(JsonElement part, string file, string place, string key)
        {
            if (part.TryGetProperty(key, out var value) && value.GetRawText() is not ("null" or "false" or "\"\""))
                throw Unsupported(file, place + key, "none or false", value.GetRawText());
        }

        private static CheckpointException Unsupported(string file, string what, string expected, string found) =>
            new(file, what, expected, found, "Only byte-level BPE that splits as GPT-2 does is read.");
    }
}
