using System.Text.Json;

namespace XLstm;

/// <summary>Sizes that a trainer's own config states under keys like "xlstm_mlstm_num_heads", beside those of the tensors: a second opinion, which decides nothing.</summary>
internal static class TrainerClaims
{
    private static readonly string[] Widths = ["units", "embedding_dim", "hidden_size", "hidden_dim", "d_model"];

    /// <summary>How many sizes are the same, and the others in words.</summary>
    internal static (int Same, IReadOnlyList<string> Others) Compare(JsonElement root, XLstmStackConfig config)
    {
        int same = 0;
        var others = new List<string>();
        Visit(root, "", 0);
        return (same, others);

        void Visit(JsonElement node, string within, int depth)
        {
            if (node.ValueKind != JsonValueKind.Object || depth > 6)
                return;
            foreach (JsonProperty property in node.EnumerateObject())
            {
                string key = within.Length == 0 ? property.Name : $"{within}.{property.Name}";
                if (property.Value.ValueKind == JsonValueKind.Object)
                    Visit(property.Value, key, depth + 1);
                else if (Stored(key, config) is { } stored && (property.Value.ValueKind is JsonValueKind.Number or JsonValueKind.Array))
                {
                    string said = property.Value.GetRawText().Replace("\n", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
                    if (said == stored)
                        same++;
                    else if (others.Count < 20)
                        others.Add($"{key} is {(said.Length <= 40 ? said : "...")} there and {stored} in the tensors");
                }
            }
        }
    }

    private static string? Stored(string key, XLstmStackConfig config)
    {
        bool Says(string part) => key.Contains(part, StringComparison.OrdinalIgnoreCase);
        bool Ends(string part) => key.EndsWith(part, StringComparison.OrdinalIgnoreCase);
        if (Ends("slstm_at"))
            return $"[{string.Join(",", config.SlstmAt ?? [])}]";
        if (Ends("num_blocks"))
            return $"{config.NumBlocks}";
        if (Ends("qkv_proj_blocksize"))
            return config.MlstmBlock is { } m ? $"{m.Mlstm.QkvProjBlocksize}" : null;
        if (Ends("num_heads"))
            return Says("mlstm") ? $"{config.MlstmBlock?.Mlstm.NumHeads}" is { Length: > 0 } heads ? heads : null : Says("slstm") && config.SlstmBlock is { } s ? $"{s.Slstm.NumHeads}" : null;
        if (Says("conv1d_kernel"))
            return Says("mlstm") ? config.MlstmBlock is { } c ? $"{c.Mlstm.Conv1dKernelSize}" : null : Says("slstm") && config.SlstmBlock is { } t ? $"{t.Slstm.Conv1dKernelSize}" : null;
        return Widths.Contains(key[(key.LastIndexOf('.') + 1)..], StringComparer.OrdinalIgnoreCase) ? $"{config.EmbeddingDim}" : null;
    }
}
