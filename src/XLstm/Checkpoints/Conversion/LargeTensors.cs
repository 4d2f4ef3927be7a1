namespace XLstm;

/// <summary>Whose names the files of an xLSTM Large have.</summary>
public enum ModelLayout
{
    /// <summary>Of Hugging Face's transformers: <c>config.json</c>, <c>backbone.embeddings.weight</c>.</summary>
    HuggingFace,

    /// <summary>Of the authors' own code: <c>config.yaml</c>, <c>embedding.weight</c>.</summary>
    Native,
}

/// <summary>
/// The tensors of an xLSTM Large under other names, and in one matrix or several where they read the same input. Every
/// tensor is first cut into what it is made of, by the names of the authors' unfused files, and then put together as wanted.
/// </summary>
internal static class LargeTensors
{
    private static readonly (string Fused, string[] Single)[] s_fusions =
    [
        ("mlstm_layer.qkv_opreact", ["mlstm_layer.q", "mlstm_layer.k", "mlstm_layer.v", "mlstm_layer.ogate_preact"]),
        ("mlstm_layer.ifgate_preact", ["mlstm_layer.igate_preact", "mlstm_layer.fgate_preact"]),
        ("ffn.proj_up_gate_z", ["ffn.proj_up_gate", "ffn.proj_up"]),
    ];

    private static readonly (string Other, string Name)[] s_spellings =
    [
        ("mlstm_layer.query", "mlstm_layer.q"), ("mlstm_layer.key", "mlstm_layer.k"), ("mlstm_layer.value", "mlstm_layer.v"),
    ];

    /// <param name="weights">Of a model.</param>
    /// <param name="layout">Wanted.</param>
    /// <param name="fused">Wanted; null for as it is.</param>
    /// <exception cref="CheckpointException">A fused tensor has not the rows of its parts.</exception>
    public static IReadOnlyList<ConvertedTensor> Arrange(ModelWeights weights, ModelLayout layout, bool? fused)
    {
        var pieces = new List<(string Name, TensorRows Rows)>();
        foreach (TensorInfo tensor in weights.Tensors)
            pieces.AddRange(Cut(weights, tensor, fused is false));
        if (pieces.GroupBy(p => p.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new CheckpointException(weights.Path, $"tensor {twice.Key}", "one tensor that has it", string.Join(" and ", twice.Select(p => p.Rows.Tensor.Name)));
        if (fused is not true)
            return [.. pieces.Select(p => new ConvertedTensor(Named(p.Name, layout), [p.Rows]))];
        var joined = new List<ConvertedTensor>();
        var done = new HashSet<string>(StringComparer.Ordinal);
        Dictionary<string, TensorRows> byName = pieces.ToDictionary(p => p.Name, p => p.Rows, StringComparer.Ordinal);
        foreach ((string name, TensorRows rows) in pieces)
        {
            if (done.Contains(name))
                continue;
            (string whole, string[] parts) = Whole(name);
            // The rows of a tensor stand together in the file that is read, wherever it has them.
            if (parts.Length == 0 || !parts.All(byName.ContainsKey))
                (whole, parts) = (name, [name]);
            if (parts.FirstOrDefault(p => !byName[p].Tensor.Shape.Skip(1).SequenceEqual(rows.Tensor.Shape.Skip(1))) is { } stranger)
                throw new CheckpointException(weights.Path, $"tensor {stranger}", $"rows like those of {name}, {rows.Tensor}", $"{byName[stranger].Tensor}");
            done.UnionWith(parts);
            joined.Add(new ConvertedTensor(Named(whole, layout), [.. parts.Select(p => byName[p])]));
        }
        return joined;
    }

    private static IEnumerable<(string Name, TensorRows Rows)> Cut(ModelWeights weights, TensorInfo tensor, bool apart)
    {
        string name = Canonical(tensor.Name);
        (string block, string path, string kind) = Split(name);
        string[] singles = s_fusions.FirstOrDefault(f => f.Fused == path).Single ?? [];
        if (!apart || singles.Length == 0)
            return [(name, TensorRows.All(tensor))];
        long all = tensor.Shape[0], values = 0;
        if (singles.Length == 4)
        {
            // q and k are as wide as each other, v as the gate, and that is what the projection out of the cell reads.
            string output = $"{block}mlstm_layer.out_proj.weight";
            values = weights.Contains(output) && weights.Info(output).Shape is [_, var width] ? width : throw new CheckpointException(weights.Path, $"tensor {output}", "[D, N V], which says how wide v is", "nothing");
        }
        long[] counts = singles.Length == 4 ? [(all / 2) - values, (all / 2) - values, values, values] : [all / 2, all / 2];
        if (counts.Min() < 1 || counts.Sum() != all)
            throw new CheckpointException(weights.Path, $"tensor {tensor.Name}", $"rows of {string.Join(", ", singles)}", $"{all} rows");
        return singles.Select((single, i) => ($"{block}{single}.{kind}", new TensorRows(tensor, counts[..i].Sum(), counts[i])));
    }

    private static (string Whole, string[] Parts) Whole(string name)
    {
        (string block, string path, string kind) = Split(name);
        (string fused, string[] single) = s_fusions.FirstOrDefault(f => f.Single.Contains(path, StringComparer.Ordinal));
        return single is null ? (name, []) : ($"{block}{fused}.{kind}", [.. single.Select(s => $"{block}{s}.{kind}")]);
    }

    private static string Canonical(string name)
    {
        if (name == "backbone.embeddings.weight")
            return "embedding.weight";
        (string block, string path, string kind) = Split(name);
        return s_spellings.FirstOrDefault(s => s.Other == path).Name is { } own ? $"{block}{own}.{kind}" : name;
    }

    private static string Named(string name, ModelLayout layout) =>
        layout == ModelLayout.HuggingFace && name == "embedding.weight" ? "backbone.embeddings.weight" : name;

    // "backbone.blocks.3." "ffn.proj_up" "weight"
    private static (string Block, string Path, string Kind) Split(string name)
    {
        const string blocks = "backbone.blocks.";
        int dot = name.StartsWith(blocks, StringComparison.Ordinal) ? name.IndexOf('.', blocks.Length) : -1, last = name.LastIndexOf('.');
        return dot < 0 || last <= dot ? ("", name, "") : (name[..(dot + 1)], name[(dot + 1)..last], name[(last + 1)..]);
    }
}
