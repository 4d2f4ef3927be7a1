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

        // Of a list, of several ends, the first: generation_config.json has them all, one that comes along or the one that is written.
        int? Token(string key, int normal)
        {
            foreach (JsonElement file in files)
                if (file.ValueKind == JsonValueKind.Object && file.TryGetProperty(key, out JsonElement value) && First(ref value))
                    return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) ? id : null;
            return Math.Min(normal, config.VocabSize - 1);
        }

        static bool First(ref JsonElement value)
        {
            if (value.ValueKind != JsonValueKind.Array)
                return true;
            if (value.GetArrayLength() == 0)
                return false;
            value = value[0];
            return true;
        }
    }

    /// <summary>Writes <c>generation_config.json</c>, unless the source has one that comes along, or the new config says the same.</summary>
    public static void WriteBeside(string source, string directory, XLstmLargeConfig config, bool inConfig)
    {
        if (File.Exists(Path.Combine(source, Beside)))
            return;
        JsonElement? ends = ((string[])["config.json", "config.yaml"]).Select(name => Path.Combine(source, name)).Where(File.Exists).Select(ConfigDocument.Read)
            .Where(c => c.ValueKind == JsonValueKind.Object && c.TryGetProperty(Eos, out JsonElement value) && value.ValueKind == JsonValueKind.Array)
            .Select(c => (JsonElement?)c.GetProperty(Eos)).FirstOrDefault();
        if (inConfig && ends is null)
            return;
        AtomicFile.Write(Path.Combine(directory, Beside), stream =>
        {
            using var json = new Utf8JsonWriter(stream, new() { Indented = true, NewLine = "\n" });
            json.WriteStartObject();
            foreach ((string key, int? token) in new[] { (Bos, config.BosTokenId), (Eos, config.EosTokenId), (Pad, config.PadTokenId) })
                if (string.Equals(key, Eos, StringComparison.Ordinal) && ends is { } several)
                {
                    json.WritePropertyName(key);
                    several.WriteTo(json);
                }
                else if (token is { } id)
                    json.WriteNumber(key, id);
                else
                    json.WriteNull(key);
            json.WriteEndObject();
        });
    }
}
