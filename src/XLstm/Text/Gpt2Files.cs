using System.Text.Json;

namespace XLstm;

/// <summary>The older pair of files of a byte-level BPE tokenizer: merges ("vocab.bpe" of OpenAI, "merges.txt" of Hugging Face) beside a vocabulary ("encoder.json", "vocab.json").</summary>
internal static class Gpt2Files
{
    private const string EndOfText = "<|endoftext|>";

    public static bool AreAt(string path) =>
        path.EndsWith(".bpe", StringComparison.OrdinalIgnoreCase) || string.Equals(Path.GetFileName(path), "merges.txt", StringComparison.OrdinalIgnoreCase);

    /// <summary>The same tokenizer as one <c>tokenizer.json</c>, which is what is read and saved.</summary>
    /// <param name="merges">The file of merges; the vocabulary is looked for beside it.</param>
    /// <exception cref="CheckpointException">There is no vocabulary, or it is none.</exception>
    public static byte[] ToTokenizerJson(string merges)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(merges))!;
        string vocabulary = ((string[])["encoder.json", "vocab.json"]).Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new CheckpointException(merges, "the vocabulary", "an encoder.json or vocab.json beside it", "nothing");
        try
        {
            using JsonDocument tokens = JsonDocument.Parse(TextTokenizer.ReadFile(vocabulary));
            using var buffer = new MemoryStream();
            using (var json = new Utf8JsonWriter(buffer))
                Write(json, tokens.RootElement, File.ReadLines(merges));
            return buffer.ToArray();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(vocabulary, "the file", "an object of tokens and their numbers", e.Message, inner: e);
        }
    }

    private static void Write(Utf8JsonWriter json, JsonElement tokens, IEnumerable<string> merges)
    {
        json.WriteStartObject();
        json.WriteStartArray("added_tokens");
        if (tokens.TryGetProperty(EndOfText, out JsonElement end))
        {
            json.WriteStartObject();
            json.WriteNumber("id", end.GetInt32());
            json.WriteString("content", EndOfText);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "ByteLevel");
        json.WriteEndObject();
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WritePropertyName("vocab");
        tokens.WriteTo(json);
        json.WriteStartArray("merges");
        foreach (string line in merges)
            if (line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal))
                json.WriteStringValue(line);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
