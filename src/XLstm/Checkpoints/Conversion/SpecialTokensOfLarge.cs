using System.Text.Json;

namespace XLstm;

/// <summary>
/// The special tokens of an xLSTM Large on their way from one layout to another. Configs of the authors' code have no place for
/// them: there they stand in <c>generation_config.json</c>.
/// </summary>
internal static class SpecialTokensOfLarge
{
    private const string Bos = "bos_token_id", Eos = "eos_token_id", Pad = "pad_token_id", Beside = "generation_config.json";

    /// <summary>The config with what its files say of these tokens; where they say nothing, with what transformers takes then, and the models expect.</summary>
    public static XLstmLargeConfig Of(string source, XLstmLargeConfig config)
    {
        JsonElement[] files = [.. ((string[])["config.json", "config.yaml", Beside]).Select(name => Path.Combine(source, name)).Where(File.Exists).Select(ConfigDocument.Read)];
        return config with { BosTokenId = Token(Bos, 0), EosTokenId = Token(Eos, 2), PadTokenId = Token(Pad, 1) };

        // A list, of several ends, is the affair of the file that it stands in, which comes along.
        int? Token(string key, int normal)
        {
            foreach (JsonElement file in files)
                if (file.ValueKind == JsonValueKind.Object && file.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Array)
                    return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) ? id : null;
            return Math.Min(normal, config.VocabSize - 1);
        }
    }

    /// <summary>Writes <c>generation_config.json</c>, unless the source has one that comes along.</summary>
    public static void WriteBeside(string source, string directory, XLstmLargeConfig config)
    {
        if (File.Exists(Path.Combine(source, Beside)))
            return;
        AtomicFile.Write(Path.Combine(directory, Beside), stream =>
        {
            using var json = new Utf8JsonWriter(stream, new() { Indented = true, NewLine = "\n" });
            json.WriteStartObject();
            foreach ((string key, int? token) in new[] { (Bos, config.BosTokenId), (Eos, config.EosTokenId), (Pad, config.PadTokenId) })
                if (token is { } id)
                    json.WriteNumber(key, id);
                else
                    json.WriteNull(key);
            json.WriteEndObject();
        });
    }
}
