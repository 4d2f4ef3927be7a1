using System.Buffers;
using System.Text;
using System.Text.Json;

namespace XLstm;

/// <summary>Text to tokens and back. Every token stands for some bytes of UTF-8, so that decoding is exact whatever the tokens are. Thread-safe.</summary>
public abstract class TextTokenizer
{
    /// <summary>The file of a tokenizer in a model directory.</summary>
    public const string FileName = "tokenizer.json";

    // Vocabularies of a quarter of a million tokens take some 30 MB.
    private const long LargestFile = 256 << 20;

    /// <summary>The kind, for people: <c>bytes</c>, <c>characters</c> or <c>bpe</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Tokens are from 0 to below this.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>The token that ends a text, where there is one.</summary>
    public virtual int? EndOfText => null;

    /// <summary>Whether a token stands for something other than text, such as the end of one.</summary>
    public virtual bool IsSpecial(int token) => token == EndOfText;

    /// <summary>The tokens of a text; nothing is added at its start or end.</summary>
    /// <exception cref="ArgumentException">The text has a character that has no token.</exception>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var tokens = new List<int>();
        Encode(text, 0, tokens);
        return [.. tokens];
    }

    /// <summary>The UTF-8 bytes of one token: perhaps only a part of a character.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such token.</exception>
    public abstract ReadOnlySpan<byte> TokenBytes(int token);

    /// <summary>The text of tokens; bytes that are no UTF-8 become U+FFFD.</summary>
    public string Decode(ReadOnlySpan<int> tokens)
    {
        var bytes = new ArrayBufferWriter<byte>();
        foreach (var token in tokens)
            bytes.Write(TokenBytes(token));
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>A decoder for tokens that come one after the other.</summary>
    public IncrementalDecoder CreateDecoder() => new(this);

    /// <summary>Writes <c>tokenizer.json</c> into a model directory.</summary>
    public void Save(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        AtomicFile.Write(Path.Combine(directory, FileName), Write);
    }

    /// <summary>A file of a tokenizer, if it is as small as those are.</summary>
    internal static byte[] ReadFile(string file) => new FileInfo(file).Length is var length && length > LargestFile
        ? throw new CheckpointException(file, "the file", $"a tokenizer of at most {LargestFile >> 20} MB", $"{length} bytes")
        : File.ReadAllBytes(file);

    /// <summary>Reads a tokenizer: one of ours, a byte-level BPE <c>tokenizer.json</c> of Hugging Face, or the older pair of <c>vocab.bpe</c> (<c>merges.txt</c>) and <c>encoder.json</c> (<c>vocab.json</c>).</summary>
    /// <param name="path">A model directory or a file.</param>
    /// <exception cref="CheckpointException">No such file, or not one that can be used exactly as it is meant.</exception>
    public static TextTokenizer Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var file = Directory.Exists(path) ? Path.Combine(path, FileName) : path;
        if (!File.Exists(file))
            throw new CheckpointException(file, "the tokenizer", "a " + FileName, "nothing");
        var bytes = Gpt2Files.AreAt(file) ? Gpt2Files.ToTokenizerJson(file) : ReadFile(file);
        using var document = Parse(bytes, file);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw new CheckpointException(file, "the file", "an object", $"{root.ValueKind}");
        return root.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
            ? type.GetString() switch
            {
                ByteTokenizer.Kind => new ByteTokenizer(),
                CharacterTokenizer.Kind => CharacterTokenizer.Read(root, file),
                var other => throw new CheckpointException(file, "type", $"\"{ByteTokenizer.Kind}\" or \"{CharacterTokenizer.Kind}\"", $"\"{other}\""),
            }
            : BpeTokenizer.Read(root, bytes, file);
    }

    internal abstract void Write(Stream stream);

    /// <summary>Appends the tokens of a part of a text.</summary>
    /// <param name="text">The part.</param>
    /// <param name="position">Characters before it, for messages.</param>
    /// <param name="tokens">Receives the tokens.</param>
    internal abstract void Encode(ReadOnlySpan<char> text, long position, List<int> tokens);

    /// <summary>How much of a text that goes on can be encoded now: its tokens are the same whatever follows.</summary>
    internal virtual int SafeLength(ReadOnlySpan<char> text) => text.Length;

    private static JsonDocument Parse(byte[] bytes, string file)
    {
        try
        {
            return JsonDocument.Parse(bytes, new() { MaxDepth = 64 });
        }
        catch (JsonException e)
        {
            throw new CheckpointException(file, "the file", "JSON", e.Message, inner: e);
        }
    }
}
