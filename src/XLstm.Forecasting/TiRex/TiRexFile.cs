using System.Text.Json;

namespace XLstm.Forecasting;

/// <summary>Reads TiRex models: Lightning checkpoints, or safetensors beside a config.json.</summary>
internal static class TiRexFile
{
    private const string Prefix = "block_stack.";
    private static readonly string[] s_names = ["model.safetensors", "model.ckpt"];

    public static TiRexModel Read(string path)
    {
        string file = Directory.Exists(path)
            ? s_names.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists)
                ?? throw new CheckpointException(path, "the directory", "model.safetensors or model.ckpt", "neither")
            : path;
        JsonElement parameters = HyperParameters(file);
        using ModelWeights weights = ModelWeights.Open(file, Prefix);
        TiRexConfig config = Config(file, parameters);
        // What a file claims is allocated only if the file is as large.
        if ((long)config.NumBlocks * config.EmbeddingDim * config.EmbeddingDim > weights.Count || (long)config.InputFfDim * config.EmbeddingDim > weights.Count)
            throw new CheckpointException(file, "model_config", $"sizes for the {weights.Count} numbers of the file", config.ToString());
        return new TiRexModel(config, new ParameterSet(weights));
    }

    private static JsonElement HyperParameters(string file)
    {
        if (!file.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            using TorchFile torch = TorchFile.Open(file);
            return torch.Root.Find("hyper_parameters") is { } node
                ? torch.ToJson(node)
                : throw new CheckpointException(file, "the top", "hyper_parameters, as in a checkpoint of TiRex", "none");
        }
        string config = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, "config.json");
        if (!File.Exists(config))
            throw new CheckpointException(file, "the file", "a forecaster of this library, or config.json with TiRex's model_config beside it", "neither");
        JsonElement root = ConfigDocument.Read(config);
        return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("hyper_parameters", out JsonElement inner) ? inner : root;
    }

    private static TiRexConfig Config(string file, JsonElement parameters)
    {
        if (parameters.ValueKind != JsonValueKind.Object || !parameters.TryGetProperty("model_config", out JsonElement model) || model.ValueKind != JsonValueKind.Object)
            throw new CheckpointException(file, "hyper_parameters", "model_config", "none");
        JsonElement blocks = model.TryGetProperty("block_kwargs", out JsonElement kwargs) && kwargs.ValueKind == JsonValueKind.Object ? kwargs : model;
        var config = new TiRexConfig(
            Number(model, "input_patch_size"), Number(model, "output_patch_size"), Quantiles(model), Number(blocks, "embedding_dim"), Number(blocks, "num_blocks"),
            Number(blocks, "num_heads"), Number(model, "input_ff_dim"), Number(parameters, "train_ctx_len", Number(model, "train_ctx_len", 2048)));
        try
        {
            config.Validate();
            return config;
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(file, "model_config", "a TiRex model", e.Message, inner: e);
        }

        int Number(JsonElement from, string key, int? otherwise = null) => from.TryGetProperty(key, out JsonElement value)
            ? value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : throw new CheckpointException(file, $"model_config {key}", "a whole number", value.GetRawText())
            : otherwise ?? throw new CheckpointException(file, "model_config", key, "no such key");
    }

    private static double[]? Quantiles(JsonElement model)
    {
        if (!model.TryGetProperty("quantiles", out JsonElement list) || list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(q => q.ValueKind != JsonValueKind.Number))
            return null;
        // 0.30000000000000004 is what some write for 0.3.
        return [.. list.EnumerateArray().Select(q => Math.Round(q.GetDouble(), 6))];
    }
}
