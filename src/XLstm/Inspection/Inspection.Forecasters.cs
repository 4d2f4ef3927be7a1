using System.Text.Json;

namespace XLstm;

// TiRex, TiRex-2 and the forecasters of this library.
internal sealed partial class Inspection
{
    private void OfTiRex(JsonElement? root)
    {
        Is(CheckpointKind.TiRex, "TiRex, a forecaster");
        var byName = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        foreach (TensorInfo tensor in tensors)
            byName.TryAdd(After(tensor.Name), tensor);
        long Size(string name, int dimension) => byName.TryGetValue(name, out TensorInfo? tensor) && tensor.Shape.Count > dimension ? tensor.Shape[dimension] : 0;
        int blocks = 0;
        while (byName.ContainsKey($"blocks.{blocks}.norm_slstm.weight"))
            blocks++;
        long width = Size("out_norm.weight", 0), heads = Size("blocks.0.slstm_layer.fgate.weight", 0), patch = Size("input_patch_embedding.hidden_layer.weight", 1) / 2;
        Fact("blocks", $"{blocks}, all sLSTM");
        Fact("width", $"{width}");
        if (heads > 0)
            Fact("sLSTM", $"{heads} heads of {width / heads}, no convolution, feed-forward SiLU-gated of width {Size("blocks.0.ffn.proj_down.weight", 1)}");
        Fact("patches", $"{patch} values in, {Size("output_patch_embedding.output_layer.weight", 0)} numbers out (quantiles times steps), {Size("input_patch_embedding.hidden_layer.weight", 0)} in between");
        Fact("parameters", Quantity.Count(tensors.Sum(t => t.Count)));
        Fact("gates", "of the sLSTM layers: the weight called fgate feeds the input gate and igate the forget gate, as its authors train them; kept");
        if (tensors.FirstOrDefault(t => t.Name.EndsWith(RecurrentLayout.Kernel, StringComparison.Ordinal)) is { } kernel)
            Fact("layout", RecurrentLayout.IsCuda(kernel) ? "recurrent kernels [heads, in, 4 out], the layout of the CUDA code; turned when loaded" : "recurrent kernels [heads, 4 out, in]");
        stateBytes = blocks * 4 * width * sizeof(float);
        Fact("session", $"{Quantity.Bytes(stateBytes.Value)} of state, whatever the length of the series");
        if (ModelConfigOf(root) is { } parameters)
            Fact("config", $"context of {Number(parameters, "train_ctx_len") ?? (root is { } r ? Number(r, "train_ctx_len") : null) ?? 2048} values, patches of {Number(parameters, "input_patch_size")}");
        else
            Fail("the sizes are not there: TiRex is loaded from its .ckpt with hyper_parameters.model_config, or from safetensors beside a config.json that has that model_config");
        if (WeightsLicense.Find(path) is null)
            license = WeightsLicense.NxAi + ", if these are the weights that NX-AI publishes";
        next.Add($"xlstm forecast FILE.csv --model {Quoted(path)}");
        next.Add($"xlstm backtest FILE.csv --horizon H --model {Quoted(path)}");

        static string After(string name)
        {
            foreach (string start in (string[])["state_dict.", "block_stack."])
                if (name.StartsWith(start, StringComparison.Ordinal))
                    name = name[start.Length..];
            return name;
        }
    }

    private static JsonElement? ModelConfigOf(JsonElement? root)
    {
        if (root is not { ValueKind: JsonValueKind.Object } document)
            return null;
        if (document.TryGetProperty("hyper_parameters", out JsonElement inner) && inner.ValueKind == JsonValueKind.Object)
            document = inner;
        return document.TryGetProperty("model_config", out JsonElement config) && config.ValueKind == JsonValueKind.Object ? config : null;
    }

    private void OfTiRex2()
    {
        Is(CheckpointKind.TiRex2, "TiRex-2, a multivariate forecaster");
        Fact("parameters", Quantity.Count(tensors.Sum(t => t.Count)));
        Fail("TiRex-2 is another architecture (bidirectional layers, attention between variates) and is not supported");
        next.Add("use TiRex (NX-AI/TiRex) or the forecaster in the package: xlstm forecast FILE.csv");
        if (WeightsLicense.Find(path) is null)
            license = WeightsLicense.NxAi + ", if these are the weights that NX-AI publishes";
    }

    private void OfForecaster(SafetensorsFile file)
    {
        Is(CheckpointKind.Forecaster, "a forecaster of this library: \"forecast --model\" runs it");
        if (file.Metadata.TryGetValue("config", out string? text) && TryValue(() => ConfigDocument.Parse(text, file.Path)) is { ValueKind: JsonValueKind.Object } sizes)
            foreach (JsonProperty size in sizes.EnumerateObject().Take(20))
                Fact(size.Name, size.Value.ToString() is { Length: < 100 } value ? value : "...");
        else
            Fail("its metadata has no config with its sizes");
        Fact("parameters", Quantity.Count(tensors.Sum(t => t.Count)));
        next.Add($"xlstm forecast FILE.csv --model {Quoted(path)}");
        next.Add($"xlstm backtest FILE.csv --horizon H --model {Quoted(path)}");
        next.Add($"xlstm finetune-forecaster FILE.csv --horizon H --model {Quoted(path)}");
    }
}
