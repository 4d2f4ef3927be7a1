using System.Text.Json;

namespace XLstm;

/// <summary>Writes <c>config.json</c>: of the paper's blocks our own, every value with the keys of the <c>xlstm</c> Python package; of xLSTM Large the one of <c>transformers</c>.</summary>
public static class ModelConfigWriter
{
    /// <summary>Writes <c>config.json</c> into a directory, which is created when it is missing.</summary>
    /// <exception cref="ArgumentException">The configuration cannot be built.</exception>
    public static void Write(string directory, IModelConfig config)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        AtomicFile.Write(Path.Combine(directory, "config.json"), stream => Write(stream, config));
    }

    /// <summary>Writes <c>config.yaml</c> as the authors' own code of xLSTM Large reads it: it refuses keys that it does not know.</summary>
    /// <exception cref="ArgumentException">The configuration cannot be built.</exception>
    public static void WriteNative(string directory, XLstmLargeConfig config)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        FormattableString yaml = $"""
            embedding_dim: {config.EmbeddingDim}
            num_heads: {config.NumHeads}
            num_blocks: {config.NumBlocks}
            vocab_size: {config.VocabSize}
            use_bias: {Word(config.UseBias)}
            norm_eps: {Number(config.NormEps)}
            add_out_norm: {Word(config.AddOutNorm)}
            qk_dim_factor: {Number(config.QkDimFactor)}
            v_dim_factor: {Number(config.VDimFactor)}
            eps: {Number(config.Eps)}
            ffn_proj_factor: {Number(config.FfnProjFactor)}
            ffn_round_up_to_multiple_of: {config.FfnRoundUpToMultipleOf}
            gate_soft_cap: {Cap(config.GateSoftCap)}
            output_logit_soft_cap: {Cap(config.OutputLogitSoftCap)}
            weight_mode: {config.WeightMode}

            """;
        AtomicFile.Write(Path.Combine(directory, "config.yaml"), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(FormattableString.Invariant(yaml).ReplaceLineEndings("\n"))));

        static string Word(bool value) => value ? "true" : "false";

        static string Cap(double value) => double.IsFinite(value) ? Number(value) : "null";

        // Without a point, 1E-06 is a text to readers of YAML 1.1.
        static string Number(double value) =>
            value.ToString(System.Globalization.CultureInfo.InvariantCulture) is var text && text.Contains('E', StringComparison.Ordinal) && !text.Contains('.', StringComparison.Ordinal)
                ? text.Replace("E", ".0E", StringComparison.Ordinal) : text;
    }

    internal static void Write(Stream stream, IModelConfig config)
    {
        using var json = new Utf8JsonWriter(stream, new() { Indented = true, NewLine = "\n" });
        json.WriteStartObject();
        if (config is XLstmLargeConfig large)
            Large(json, large);
        else
        {
            json.WriteString("format", ModelConfigReader.Format);
            json.WriteNumber("version", ModelConfigReader.Version);
            json.WriteStartObject("model");
            Model(json, (XLstmStackConfig)config);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.Flush();
        stream.Write("\n"u8);
    }

    // Both spellings of a key, where its readers differ.
    private static void Large(Utf8JsonWriter json, XLstmLargeConfig config)
    {
        json.WriteStartArray("architectures");
        json.WriteStringValue("xLSTMForCausalLM");
        json.WriteEndArray();
        json.WriteString("model_type", "xlstm");
        json.WriteNumber("vocab_size", config.VocabSize);
        json.WriteNumber("hidden_size", config.EmbeddingDim);
        json.WriteNumber("embedding_dim", config.EmbeddingDim);
        json.WriteNumber("num_hidden_layers", config.NumBlocks);
        json.WriteNumber("num_blocks", config.NumBlocks);
        json.WriteNumber("num_heads", config.NumHeads);
        json.WriteBoolean("use_bias", config.UseBias);
        json.WriteNumber("norm_eps", config.NormEps);
        json.WriteBoolean("add_out_norm", config.AddOutNorm);
        json.WriteNumber("qk_dim_factor", config.QkDimFactor);
        json.WriteNumber("v_dim_factor", config.VDimFactor);
        json.WriteNumber("eps", config.Eps);
        json.WriteNumber("ffn_proj_factor", config.FfnProjFactor);
        json.WriteNumber("ffn_round_up_to_multiple_of", config.FfnRoundUpToMultipleOf);
        foreach ((string key, double cap) in new[] { ("gate_soft_cap", config.GateSoftCap), ("output_logit_soft_cap", config.OutputLogitSoftCap) })
            if (double.IsFinite(cap))
                json.WriteNumber(key, cap);
            else
                json.WriteNull(key);
        json.WriteString("weight_mode", config.WeightMode);
        json.WriteBoolean("tie_word_embeddings", config.TieWordEmbeddings);
        Token("bos_token_id", config.BosTokenId);
        Token("eos_token_id", config.EosTokenId);
        Token("pad_token_id", config.PadTokenId);

        // Without the keys readers take 0, 2 and 1.
        void Token(string key, int? token)
        {
            if (token is { } id)
                json.WriteNumber(key, id);
            else
                json.WriteNull(key);
        }
    }

    private static void Model(Utf8JsonWriter json, XLstmStackConfig config)
    {
        json.WriteNumber("num_blocks", config.NumBlocks);
        json.WriteNumber("embedding_dim", config.EmbeddingDim);
        if (config.MlstmBlock is { } mlstm)
            MLstmBlock(json, mlstm);
        else
            json.WriteNull("mlstm_block");
        if (config.SlstmBlock is { } slstm)
            SLstmBlock(json, slstm);
        else
            json.WriteNull("slstm_block");
        json.WriteStartArray("slstm_at");
        foreach (var index in config.SlstmAt ?? [])
            json.WriteNumberValue(index);
        json.WriteEndArray();
        json.WriteNumber("context_length", config.ContextLength);
        json.WriteBoolean("add_post_blocks_norm", config.AddPostBlocksNorm);
        json.WriteBoolean("bias", config.Bias);
        json.WriteNumber("dropout", config.Dropout);
        if (config is not XLstmLanguageModelConfig model)
            return;
        json.WriteNumber("vocab_size", model.VocabSize);
        json.WriteBoolean("tie_weights", model.TieWeights);
        json.WriteBoolean("weight_decay_on_embedding", model.WeightDecayOnEmbedding);
        json.WriteBoolean("add_embedding_dropout", model.AddEmbeddingDropout);
    }

    private static void MLstmBlock(Utf8JsonWriter json, MLstmBlockConfig config)
    {
        json.WriteStartObject("mlstm_block");
        json.WriteStartObject("mlstm");
        json.WriteNumber("num_heads", config.Mlstm.NumHeads);
        json.WriteNumber("conv1d_kernel_size", config.Mlstm.Conv1dKernelSize);
        json.WriteNumber("qkv_proj_blocksize", config.Mlstm.QkvProjBlocksize);
        json.WriteNumber("proj_factor", config.Mlstm.ProjFactor);
        json.WriteBoolean("round_proj_up_dim_up", config.Mlstm.RoundProjUpDimUp);
        json.WriteNumber("round_proj_up_to_multiple_of", config.Mlstm.RoundProjUpToMultipleOf);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void SLstmBlock(Utf8JsonWriter json, SLstmBlockConfig config)
    {
        json.WriteStartObject("slstm_block");
        json.WriteStartObject("slstm");
        json.WriteNumber("num_heads", config.Slstm.NumHeads);
        json.WriteNumber("conv1d_kernel_size", config.Slstm.Conv1dKernelSize);
        json.WriteBoolean("group_norm_weight", config.Slstm.GroupNormWeight);
        json.WriteString("function", config.Slstm.Function);
        json.WriteString("bias_init", config.Slstm.BiasInit);
        json.WriteString("recurrent_weight_init", config.Slstm.RecurrentWeightInit);
        json.WriteEndObject();
        if (config.Feedforward is { } feedforward)
            FeedForward(json, feedforward);
        else
            json.WriteNull("feedforward");
        json.WriteString("form", config.Form);
        json.WriteEndObject();
    }

    private static void FeedForward(Utf8JsonWriter json, FeedForwardConfig config)
    {
        json.WriteStartObject("feedforward");
        json.WriteNumber("proj_factor", config.ProjFactor);
        json.WriteString("act_fn", config.ActFn);
        json.WriteBoolean("bias", config.Bias);
        json.WriteNumber("dropout", config.Dropout);
        json.WriteBoolean("round_proj_up_dim_up", config.RoundProjUpDimUp);
        json.WriteNumber("round_proj_up_to_multiple_of", config.RoundProjUpToMultipleOf);
        json.WriteEndObject();
    }
}
