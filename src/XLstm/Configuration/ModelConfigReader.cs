using System.Text.Json;

namespace XLstm;

/// <summary>Reads the architecture of a model from <c>config.json</c>, <c>config.yaml</c> or <c>config.yml</c>: the <c>xlstm</c> Python package's files and experiments, those of xLSTM Large (also as Hugging Face's <c>transformers</c> has them), and our own.</summary>
/// <remarks>
/// The model stands under <c>model</c>, under <c>stack</c> or at the top. A file with <c>"format": "xlstm-net"</c> is ours: keys that it does not know are errors there, and are ignored in the files of others.
/// A reference such as <c>${dataset.kwargs.vocab_size}</c>, which the package's experiments use, is resolved within the file.
/// </remarks>
public static class ModelConfigReader
{
    internal const string Format = "xlstm-net";
    internal const int Version = 1;

    /// <summary>A language model where the file names a <c>vocab_size</c>, otherwise a stack of blocks.</summary>
    /// <param name="path">A model directory or a file.</param>
    /// <exception cref="CheckpointException">No such file, no model in it, or a value of it is of the wrong type or out of range.</exception>
    public static IModelConfig Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var file = FileOf(path);
        return Parse(ConfigDocument.Read(file), file);
    }

    /// <inheritdoc cref="Read"/>
    public static ILanguageModelConfig ReadLanguageModel(string path) =>
        Read(path) as ILanguageModelConfig
            ?? throw new CheckpointException(FileOf(path), "vocab_size", "the number of tokens of a language model", "nothing");

    internal static IModelConfig Parse(JsonElement root, string file)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new CheckpointException(file, "the file", "an object with the keys of a model", $"{root.ValueKind}");
        var ours = root.TryGetProperty("format", out var format) && format.ValueKind == JsonValueKind.String && format.ValueEquals(Format);
        var top = new ConfigNode(ours ? root : References.Resolve(root, file), file, "", ours);
        if (ours)
        {
            top.Raw("format");
            var version = top.Int("version");
            if (version != Version)
                throw new CheckpointException(file, "version", $"{Version}", $"{version}", version > Version ? "A newer xlstm wrote this file: update to read it." : null);
        }
        var model = top.Object("model") ?? top.Object("stack") ?? top;
        IModelConfig config = IsLarge(top.Element) || IsLarge(model.Element) ? Large(model) : Model(model);
        model.Done();
        top.Done();
        foreach (var (key, found, expected) in config.Problems())
            throw new CheckpointException(file, key, expected, found);
        return config;
    }

    private static readonly string[] s_names = ["config.json", "config.yaml", "config.yml"];

    /// <summary>Whether a directory has a config.</summary>
    internal static bool IsIn(string directory) => s_names.Any(name => File.Exists(Path.Combine(directory, name)));

    private static string FileOf(string path)
    {
        if (!Directory.Exists(path))
            return File.Exists(path) ? path : throw new CheckpointException(path, "the model", "a directory with a config.json or config.yaml", "nothing");
        return s_names.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists)
            ?? throw new CheckpointException(path, "the directory", string.Join(" or ", s_names), "none of them");
    }

    /// <summary>Whether an object has keys that only configs of xLSTM Large have.</summary>
    internal static bool IsLarge(JsonElement config) => config.ValueKind == JsonValueKind.Object
        && ((config.TryGetProperty("model_type", out JsonElement type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("xlstm"))
            || config.TryGetProperty("qk_dim_factor", out _) || config.TryGetProperty("gate_soft_cap", out _));

    private static XLstmLargeConfig Large(ConfigNode node)
    {
        var normal = new XLstmLargeConfig(1, 1, 1, 1);
        return new(
            node.Int("vocab_size"),
            node.Int(node.Has("embedding_dim") ? "embedding_dim" : "hidden_size"),
            node.Int("num_heads"),
            node.Int(node.Has("num_blocks") ? "num_blocks" : "num_hidden_layers"),
            node.Bool("use_bias", normal.UseBias),
            node.Double("norm_eps", normal.NormEps),
            node.Bool("add_out_norm", normal.AddOutNorm),
            node.Double("qk_dim_factor", normal.QkDimFactor),
            node.Double("v_dim_factor", normal.VDimFactor),
            node.Double("eps", normal.Eps),
            node.Double("ffn_proj_factor", normal.FfnProjFactor),
            node.Int("ffn_round_up_to_multiple_of", normal.FfnRoundUpToMultipleOf),
            node.DoubleOr("gate_soft_cap", normal.GateSoftCap, ofNull: double.PositiveInfinity),
            node.DoubleOr("output_logit_soft_cap", normal.OutputLogitSoftCap, ofNull: double.PositiveInfinity),
            node.String("weight_mode", normal.WeightMode),
            node.Bool("tie_word_embeddings", normal.TieWordEmbeddings),
            node.Raw("bos_token_id") is null ? null : node.Int("bos_token_id"),
            // Several ends are for SpecialTokens to read; the first of them is the one of the config.
            node.Raw("eos_token_id") is null ? null : node.IntOrFirst("eos_token_id"),
            node.Raw("pad_token_id") is null ? null : node.Int("pad_token_id"));
    }

    private static XLstmStackConfig Model(ConfigNode node)
    {
        if (!node.Strict && !node.Has("num_blocks") && !node.Has("mlstm_block") && !node.Has("slstm_block"))
            throw new CheckpointException(node.File, "the model", "num_blocks, embedding_dim and mlstm_block or slstm_block, under \"model\", \"stack\" or at the top",
                string.Join(", ", node.Element.EnumerateObject().Take(6).Select(p => p.Name)), "Another kind of model has its own reader.");
        var blocks = node.Int("num_blocks", 1);
        var width = node.Int("embedding_dim", 128);
        var mlstm = node.Object("mlstm_block") is { } m ? MLstmBlock(m) : null;
        var slstm = node.Object("slstm_block") is { } s ? SLstmBlock(s) : null;
        var slstmAt = SLstmAt(node, blocks);
        var context = node.Int("context_length", -1);
        var postNorm = node.Bool("add_post_blocks_norm", true);
        var bias = node.Bool("bias", false);
        var dropout = node.Float("dropout", 0);
        // A file of another program may carry a null or -1 here for a stack without tokens.
        if (!node.Has("vocab_size") || node.Raw("vocab_size") is null || (!node.Strict && node.Int("vocab_size") == -1))
            return new(blocks, width, mlstm, slstm, slstmAt, context, postNorm, bias, dropout);
        return new XLstmLanguageModelConfig(node.Int("vocab_size"), blocks, width, mlstm, slstm, slstmAt, context, postNorm, bias, dropout,
            node.Bool("tie_weights", false), node.Bool("weight_decay_on_embedding", false), node.Bool("add_embedding_dropout", false));
    }

    private static int[] SLstmAt(ConfigNode node, int blocks)
    {
        if (node.Raw("slstm_at") is not { } at)
            return [];
        if (at.ValueKind == JsonValueKind.String && at.ValueEquals("all"))
            return XLstmStackConfig.SlstmPositions("all", Math.Clamp(blocks, 0, 1 << 16));
        if (at.ValueKind != JsonValueKind.Array || at.EnumerateArray().Any(i => i.ValueKind != JsonValueKind.Number || !i.TryGetInt32(out _)))
            throw node.Wrong("slstm_at", at, "a list of block indices, or \"all\"");
        return [.. at.EnumerateArray().Select(i => i.GetInt32())];
    }

    private static MLstmBlockConfig MLstmBlock(ConfigNode node)
    {
        var (layer, normal) = (node.ObjectOrEmpty("mlstm"), new MLstmLayerConfig());
        var config = new MLstmLayerConfig(
            layer.Int("num_heads", normal.NumHeads),
            layer.Int("conv1d_kernel_size", normal.Conv1dKernelSize),
            layer.Int("qkv_proj_blocksize", normal.QkvProjBlocksize),
            layer.Double("proj_factor", normal.ProjFactor),
            layer.Bool("round_proj_up_dim_up", normal.RoundProjUpDimUp),
            layer.Int("round_proj_up_to_multiple_of", normal.RoundProjUpToMultipleOf));
        layer.Done();
        node.Done();
        return new(config);
    }

    private static SLstmBlockConfig SLstmBlock(ConfigNode node)
    {
        var (layer, normal) = (node.ObjectOrEmpty("slstm"), new SLstmLayerConfig());
        var config = new SLstmLayerConfig(
            layer.Int("num_heads", normal.NumHeads),
            layer.Int("conv1d_kernel_size", normal.Conv1dKernelSize),
            layer.Bool("group_norm_weight", normal.GroupNormWeight),
            layer.String("function", normal.Function),
            layer.String("bias_init", normal.BiasInit),
            layer.String("recurrent_weight_init", normal.RecurrentWeightInit));
        // Absent is the default feed-forward, an explicit null is none.
        var feedforward = node.Has("feedforward") ? node.Object("feedforward") is { } f ? FeedForward(f) : null : new FeedForwardConfig();
        var form = node.String("form", "package");
        layer.Done();
        node.Done();
        return new(config, feedforward, form);
    }

    private static FeedForwardConfig FeedForward(ConfigNode node)
    {
        var normal = new FeedForwardConfig();
        if (node.String("ff_type", "ffn_gated") is var type && !string.Equals(type, "ffn_gated", StringComparison.Ordinal))
            throw new CheckpointException(node.File, "feedforward.ff_type", "\"ffn_gated\"", $"\"{type}\"");
        var config = new FeedForwardConfig(
            node.Double("proj_factor", normal.ProjFactor),
            node.String("act_fn", normal.ActFn),
            node.Bool("bias", normal.Bias),
            node.Float("dropout", normal.Dropout),
            node.Bool("round_proj_up_dim_up", normal.RoundProjUpDimUp),
            node.Int("round_proj_up_to_multiple_of", normal.RoundProjUpToMultipleOf));
        node.Done();
        return config;
    }

    /// <summary>Values of the form <c>${a.b}</c>, replaced by what stands under a, then b.</summary>
    private static class References
    {
        internal static JsonElement Resolve(JsonElement root, string file)
        {
            if (!root.GetRawText().Contains("${", StringComparison.Ordinal))
                return root;
            var buffer = new System.Buffers.ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(buffer))
                Copy(root, root, json, file);
            using var document = JsonDocument.Parse(buffer.WrittenMemory);
            return document.RootElement.Clone();
        }

        private static void Copy(JsonElement value, JsonElement root, Utf8JsonWriter json, string file)
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.Object:
                    json.WriteStartObject();
                    foreach (var property in value.EnumerateObject())
                    {
                        json.WritePropertyName(property.Name);
                        Copy(property.Value, root, json, file);
                    }
                    json.WriteEndObject();
                    break;
                case JsonValueKind.Array:
                    json.WriteStartArray();
                    foreach (var item in value.EnumerateArray())
                        Copy(item, root, json, file);
                    json.WriteEndArray();
                    break;
                // A leading dot is relative to the section: no key of a model is written so, and what is not read need not resolve.
                case JsonValueKind.String when value.GetString() is ['$', '{', not '.', .. var name, '}'] text && !name.Contains('{', StringComparison.Ordinal):
                    Target(root, text[2..^1], text, file).WriteTo(json);
                    break;
                default:
                    value.WriteTo(json);
                    break;
            }
        }

        private static JsonElement Target(JsonElement root, string name, string text, string file)
        {
            var target = root;
            foreach (var key in name.Split('.'))
            {
                if (target.ValueKind != JsonValueKind.Object || !target.TryGetProperty(key, out target))
                    throw new CheckpointException(file, $"the reference {text}", "a value of this file", "nothing");
            }
            return target;
        }
    }
}
