using System.Text.Json;

namespace XLstm;

// xLSTM Large: Hugging Face's names and the authors', weights single or fused.
internal sealed partial class Inspection
{
    private const string Backbone = "backbone.", Block = "backbone.blocks.";

    // NX-AI/xLSTM-7b, to the last parameter.
    private const long Parameters7B = 6_865_424_896;

    private void OfLarge(JsonElement? root, string? configFile)
    {
        var byName = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        foreach (TensorInfo tensor in tensors)
            byName.TryAdd(tensor.Name, tensor);
        int at = tensors.Select(t => t.Name.IndexOf(Block, StringComparison.Ordinal)).FirstOrDefault(i => i >= 0, -1);
        string before = at <= 0 ? "" : tensors.First(t => t.Name.IndexOf(Block, StringComparison.Ordinal) == at).Name[..at];
        bool hf = byName.ContainsKey(before + "backbone.embeddings.weight"), fused = byName.ContainsKey(before + Block + "0.mlstm_layer.qkv_opreact.weight");
        string q = byName.ContainsKey(before + Block + "0.mlstm_layer.query.weight") ? "query" : "q";
        Is(CheckpointKind.XLstmLarge, $"xLSTM Large, {(hf ? "in the layout of Hugging Face" : "in the layout of its authors")}{(fused ? ", fused weights" : "")}{(q == "query" ? ", with the names query, key, value" : "")}");
        if (at < 0)
        {
            Fail($"there are no tensors {Block}0 and so on");
            return;
        }

        LargeSizes sizes = LargeSizes.Of(before, byName, hf, fused);
        Fact("blocks", $"{sizes.Blocks}, all mLSTM");
        Fact("width", $"{sizes.Width}");
        if (sizes.Heads > 0)
            Fact("mLSTM", $"{sizes.Heads} heads of {sizes.Keys / sizes.Heads} x {sizes.Values / sizes.Heads} (keys x values), inner width {sizes.Values}, gates soft-capped, output gate");
        Fact("feed-forward", $"SiLU-gated, of width {sizes.FeedForward}");
        Fact("vocabulary", $"{Quantity.Count(sizes.Vocabulary)} tokens{(byName.ContainsKey(before + "lm_head.weight") ? "" : ", head tied to the embedding")}");
        if (!byName.ContainsKey(before + "backbone.out_norm.weight"))
            Fact("output norm", "none");
        long count = tensors.Sum(t => t.Count);
        Fact("parameters", Quantity.Count(count) + (count == Parameters7B ? ", those of NX-AI/xLSTM-7b" : ""));
        if (sizes.Heads > 0)
        {
            stateBytes = sizes.StateBytes;
            Fact("session", $"{Quantity.Bytes(stateBytes.Value)} of state in single precision, whatever the length of the text");
        }
        Fact("per token", $"{Quantity.Bytes(tensors.Where(t => t.Name != before + sizes.Embedding).Sum(t => t.ByteLength))} of weights, as they are stored, are read for every token that is generated");
        Missing(byName, sizes.Expected(before));
        if (root is { } document && configFile is not null)
            LargeConfig(document, configFile, sizes, fused);
        else if (Directory.Exists(path))
            Fail($"{path} has no config.json or config.yaml: norms, soft caps and the kind of model are told there");
        // What only a reader of the whole config notices.
        if (root is not null && configFile is not null && Directory.Exists(path) && !Failed && tensors.All(t => t.DType != DType.F64))
            _ = Try(() => XLstmLanguageModel.LoadForInference(path));
        if (count == Parameters7B && WeightsLicense.Find(path) is null)
            license = WeightsLicense.NxAi + ", as NX-AI publishes these weights";
        NextOfLarge();
    }

    private void NextOfLarge()
    {
        string folder = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!File.Exists(Path.Combine(folder, TextTokenizer.FileName)))
            Warn($"there is no {TextTokenizer.FileName}: \"generate\" needs --tokenizer (xLSTM-7b has that of GPT-NeoX-20B)");
        if (!Failed)
            next.Add($"xlstm generate --model {Quoted(folder)} --prompt TEXT");
        Note("these models expect the token 0 (<|endoftext|>) before a text");
    }

    private void Missing(Dictionary<string, TensorInfo> byName, Dictionary<string, long[]> expected)
    {
        List<string> missing = [.. expected.Keys.Where(name => !byName.ContainsKey(name))];
        if (missing.Count > 0)
            Fail($"{missing.Count} tensors are missing: {Quantity.Some(missing)}");
        List<string> unexpected = [.. byName.Keys.Where(name => !expected.ContainsKey(name) && !expected.ContainsKey(WithoutBias(name)))];
        if (unexpected.Count > 0)
            Fail($"{unexpected.Count} tensors are not those of such a model: {Quantity.Some(unexpected)}");
        List<TensorInfo> other = [.. byName.Values.Where(t => expected.TryGetValue(t.Name, out long[]? shape) && !t.Shape.SequenceEqual(shape))];
        if (other.Count > 0)
            Fail($"{other.Count} tensors have other shapes than the sizes of the first block ask for: {Quantity.Some([.. other.Select(t => $"{t.Name} [{string.Join(", ", t.Shape)}] for [{string.Join(", ", expected[t.Name])}]")], 3)}");

        // "use_bias" gives every weight one.
        static string WithoutBias(string name) => name.EndsWith(".bias", StringComparison.Ordinal) ? name[..^5] + ".weight" : name;
    }

    private void LargeConfig(JsonElement root, string file, LargeSizes sizes, bool fused)
    {
        JsonElement section = Section(root);
        string name = Path.GetFileName(file);
        foreach ((string[] keys, long stored) in (ReadOnlySpan<(string[], long)>)
            [(["embedding_dim", "hidden_size"], sizes.Width), (["num_blocks", "num_hidden_layers"], sizes.Blocks), (["num_heads"], sizes.Heads), (["vocab_size"], sizes.Vocabulary)])
        {
            // Of two names for one thing the first that is there is read.
            string? read = keys.FirstOrDefault(key => Number(section, key) is not null);
            foreach (string key in keys)
                if (Number(section, key) is { } said && said != stored)
                {
                    if (key == read)
                        Fail($"{name} says {key} {said}, the tensors {stored}");
                    else
                        Warn($"{name} says {key} {said}, the tensors {stored}: {read} is read instead, and transformers may read the other");
                }
        }
        if (Number(section, "ffn_proj_factor") is { } factor && Number(section, "ffn_round_up_to_multiple_of") is > 0 and var multiple && Rounded(factor * sizes.Width, multiple) is var computed && computed != sizes.FeedForward)
            Note($"{name}'s factor {factor} gives a feed-forward of {computed} as PyTorch rounds it, the tensors have {sizes.FeedForward}: the tensors count");
        if (Text(section, "weight_mode") is { } mode && mode != (fused ? "fused" : "single"))
            Warn($"{name} says weight_mode {mode}, the tensors are {(fused ? "fused" : "single")}: the tensors count");
        if (Text(section, "model_type") is { } type && type != "xlstm")
            Warn($"{name} says model_type {type}");

        static long Rounded(double width, double multiple) => (long)(Math.Floor((width + multiple - 1) / multiple) * multiple);
    }

    private static JsonElement Section(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Object)
            foreach (string key in (string[])["model", "stack"])
                if (root.TryGetProperty(key, out JsonElement inner) && inner.ValueKind == JsonValueKind.Object)
                    return inner;
        return root;
    }

    private static double? Number(JsonElement of, string key) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : null;

    private static string? Text(JsonElement of, string key) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
