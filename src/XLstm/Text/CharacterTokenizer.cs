using System.Text;
using System.Text.Json;

namespace XLstm;

/// <summary>Every character (Unicode scalar value) of a given text is a token; tokens are in the order of their code points.</summary>
public sealed class CharacterTokenizer : TextTokenizer
{
    internal const string Kind = "characters";

    private readonly Rune[] characters;
    private readonly byte[][] bytes;
    private readonly Dictionary<Rune, int> tokens = [];

    private CharacterTokenizer(IEnumerable<Rune> distinct)
    {
        characters = [.. distinct.Order()];
        bytes = [.. characters.Select(c => Encoding.UTF8.GetBytes(c.ToString()))];
        for (var i = 0; i < characters.Length; i++)
            tokens.Add(characters[i], i);
    }

    public override string Name => Kind;

    public override int VocabularySize => characters.Length;

    /// <summary>The tokenizer of the characters that occur in a text.</summary>
    /// <exception cref="ArgumentException">The text is empty.</exception>
    public static CharacterTokenizer FromText(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return new(text.EnumerateRunes().ToHashSet());
    }

    /// <summary>The tokenizer of the characters that occur in a file of UTF-8, which is read block by block.</summary>
    /// <exception cref="CheckpointException">No such file, nothing in it, or it is no UTF-8.</exception>
    public static CharacterTokenizer FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var file = TextFile.Open(path);
        var found = new HashSet<Rune>();
        file.ForEachBlock(file.Whole, (block, _) =>
        {
            foreach (var character in block.EnumerateRunes())
                found.Add(character);
            return block.Length;
        });
        return found.Count > 0 ? new(found) : throw new CheckpointException(path, "the text", "at least one character", "none");
    }

    public override ReadOnlySpan<byte> TokenBytes(int token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(token);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, bytes.Length);
        return bytes[token];
    }

    internal override void Encode(ReadOnlySpan<char> text, long position, List<int> tokens)
    {
        foreach (var character in text.EnumerateRunes())
        {
            if (!this.tokens.TryGetValue(character, out var token))
                throw new ArgumentException($"The character {Show(character)} at position {position} is none of the {characters.Length} characters of this tokenizer.", nameof(text));
            tokens.Add(token);
            position++;
        }
    }

    internal override void Write(Stream stream)
    {
        using var json = new Utf8JsonWriter(stream, new() { Indented = true, NewLine = "\n" });
        json.WriteStartObject();
        json.WriteString("type", Kind);
        json.WriteString("characters", string.Concat(characters));
        json.WriteEndObject();
    }

    internal static CharacterTokenizer Read(JsonElement root, string file)
    {
        var text = root.TryGetProperty("characters", out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
        var read = text.EnumerateRunes().ToList();
        if (read.Count == 0 || read.Zip(read.Skip(1)).Any(pair => pair.First >= pair.Second))
            throw new CheckpointException(file, "characters", "a text of different characters in the order of their code points", text.Length == 0 ? "nothing" : "another order, or one twice");
        return new(read);
    }

    private static string Show(Rune character) =>
        Rune.IsControl(character) || Rune.IsWhiteSpace(character) ? $"U+{character.Value:X4}" : $"'{character}' (U+{character.Value:X4})";
}
