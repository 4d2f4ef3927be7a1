using System.Text;
using System.Text.Json;

namespace XLstm;

/// <summary>
/// What a config says to other programs and means nothing here - how the authors' code is to run a model, what made it - comes along where the
/// layout stays. Another layout's programs refuse keys that they do not know.
/// </summary>
internal static class OtherConfigKeys
{
    // Of the numbers in the weights' file, which may be others now.
    private static readonly string[] s_ofNumbers = ["torch_dtype", "dtype", "quantization_config"];

    /// <summary>Adds to the config in <paramref name="directory"/> what the one of <paramref name="source"/> has beside it.</summary>
    /// <param name="source">A model directory.</param>
    /// <param name="directory">The new one, with its config.</param>
    /// <param name="sameNumbers">Whether weights are stored as they were.</param>
    public static void CarryOver(string source, string directory, bool sameNumbers)
    {
        foreach (string name in (string[])["config.json", "config.yaml"])
        {
            string from = Path.Combine(source, name), to = Path.Combine(directory, name);
            if (!File.Exists(from) || !File.Exists(to))
                continue;
            JsonElement before = ConfigDocument.Read(from), now = ConfigDocument.Read(to);
            if (before.ValueKind != JsonValueKind.Object)
                return;
            JsonProperty[] others = [.. before.EnumerateObject().Where(p => !now.TryGetProperty(p.Name, out _) && (sameNumbers || !s_ofNumbers.Contains(p.Name, StringComparer.Ordinal)))];
            if (others.Length == 0)
                return;
            string text = File.ReadAllText(to);
            AtomicFile.Write(to, stream =>
            {
                if (name.EndsWith(".json", StringComparison.Ordinal))
                    Json(stream, now, others);
                else
                    // JSON is YAML, too.
                    stream.Write(Encoding.UTF8.GetBytes(text + string.Concat(others.Select(p => $"{Key(p.Name)}: {p.Value.GetRawText()}\n"))));
            });
            return;
        }
    }

    // A plain word as it is; whatever else a file may have as a key within quotation marks.
    private static string Key(string name) => name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? name : $"\"{JsonEncodedText.Encode(name)}\"";

    private static void Json(Stream stream, JsonElement now, JsonProperty[] others)
    {
        using var json = new Utf8JsonWriter(stream, new() { Indented = true, NewLine = "\n" });
        json.WriteStartObject();
        foreach (JsonProperty property in now.EnumerateObject().Concat(others))
            property.WriteTo(json);
        json.WriteEndObject();
    }
}
