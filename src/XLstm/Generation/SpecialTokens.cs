using System.Text.Json;

namespace XLstm;

/// <summary>The tokens that begin and end the texts of a model.</summary>
/// <param name="Start">Stands before every text, because the model was trained so; null where it needs none.</param>
/// <param name="Ends">A text is at its end after any of them.</param>
public sealed record SpecialTokens(int? Start, IReadOnlyList<int> Ends)
{
    /// <summary>What the files of a model directory say: <c>generation_config.json</c>, <c>config.json</c> or <c>config.yaml</c>, <c>tokenizer_config.json</c>.</summary>
    /// <remarks>
    /// A text begins with <c>bos_token_id</c> where the config is that of an xLSTM Large (0 where the key is not there, as there; none where it is null) or has
    /// <c>force_bos_token_insert</c>, or the tokenizer's has <c>add_bos_token</c>. It ends with <c>eos_token_id</c> and with the tokenizer's own end. An <c>eos_token_id</c>
    /// that is ordinary text to the tokenizer is no end: configs of xLSTM Large have 2 by default, which is "!" to GPT-NeoX.
    /// </remarks>
    /// <exception cref="CheckpointException">A file is no JSON, or has something else in a place of these.</exception>
    public static SpecialTokens Read(string directory, TextTokenizer tokenizer)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(tokenizer);
        (string Path, JsonElement Root)[] files = [.. ((string[])["generation_config.json", "config.json", "config.yaml", "tokenizer_config.json"])
            .Select(name => Path.Combine(directory, name)).Where(File.Exists).Select(path => (path, ConfigDocument.Read(path)))];
        int? start = Ids("bos_token_id").Cast<int?>().FirstOrDefault();
        bool large = files.Any(f => ModelConfigReader.IsLarge(f.Root));
        bool none = files.Any(f => f.Root.ValueKind == JsonValueKind.Object && f.Root.TryGetProperty("bos_token_id", out JsonElement value) && value.ValueKind == JsonValueKind.Null);
        bool insert = Find("force_bos_token_insert").Concat(Find("add_bos_token")).Any(v => v.Value.ValueKind == JsonValueKind.True);
        SortedSet<int> ends = [.. Ids("eos_token_id").Where(tokenizer.IsSpecial)];
        if (tokenizer.EndOfText is { } end)
            ends.Add(end);
        return new SpecialTokens(large ? start ?? (none ? null : 0) : insert ? start : null, [.. ends]);

        IEnumerable<(string Path, JsonElement Value)> Find(string key) =>
            files.Where(f => f.Root.ValueKind == JsonValueKind.Object && f.Root.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null)
                .Select(f => (f.Path, f.Root.GetProperty(key)));

        int[] Ids(string key)
        {
            // The first file that says something decides.
            foreach ((string path, JsonElement value) in Find(key))
                return [.. (value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : (JsonElement[])[value]).Select(id =>
                    id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int token) && token >= 0 && token < tokenizer.VocabularySize
                        ? token : throw new CheckpointException(path, key, $"a token from 0 to {tokenizer.VocabularySize - 1}", id.GetRawText()))];
            return [];
        }
    }
}
