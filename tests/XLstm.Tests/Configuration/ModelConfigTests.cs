using System.Text.Json;

namespace XLstm.Tests.Configuration;

public sealed class ModelConfigTests
{
    private static XLstmStackConfig Parse(string text)
    {
        using var folder = new TemporaryFolder();
        return (XLstmStackConfig)ModelConfigReader.Read(folder.File("config.json", text));
    }

    [Fact]
    public void Required_keys_alone_give_the_defaults_of_the_records()
    {
        Assert.Equal(
            new XLstmStackConfig(3, 64, new MLstmBlockConfig(new MLstmLayerConfig()), new SLstmBlockConfig(new SLstmLayerConfig(), new FeedForwardConfig())),
            Parse("""{"num_blocks": 3, "embedding_dim": 64, "mlstm_block": {}, "slstm_block": {}}"""));
        Assert.Equal(
            new XLstmLanguageModelConfig(50, 3, 64, new MLstmBlockConfig(new MLstmLayerConfig())),
            Parse("""{"vocab_size": 50, "num_blocks": 3, "embedding_dim": 64, "mlstm_block": {"mlstm": {}}}"""));
        Assert.Equal(
            new SLstmBlockConfig(new SLstmLayerConfig(), new FeedForwardConfig()),
            Parse("""{"num_blocks": 3, "embedding_dim": 64, "slstm_block": {"slstm": {}, "feedforward": {}}}""").SlstmBlock);
    }

    [Fact]
    public void Large_models_have_two_spellings_and_keys_that_are_not_known_here()
    {
        using var folder = new TemporaryFolder();
        string other = """{"qk_dim_factor": 0.5, "vocab_size": 9, "embedding_dim": 32, "num_blocks": 2, "num_heads": 4, "chunk_size": 64, "mode": "train"}""";
        Assert.Equal(
            new XLstmLargeConfig(9, 32, 4, 2, BosTokenId: 0),
            ModelConfigReader.Read(folder.File("config.json", """{"model_type": "xlstm", "vocab_size": 9, "hidden_size": 32, "num_hidden_layers": 2, "num_heads": 4, "bos_token_id": 0, "use_cache": true}""")));
        Assert.Equal(new XLstmLargeConfig(9, 32, 4, 2), ModelConfigReader.Read(folder.File("other.json", other)));
    }

    [Theory]
    [InlineData(4096, 2.6667, 10944)]
    [InlineData(768, 2.6667, 2048)] // the checkpoints of this width have 2112: their tensors decide
    [InlineData(24, 2.6667, 64)] // 64.0008
    [InlineData(512, 2.667, 1408)]
    public void The_width_of_a_feed_forward_is_rounded_as_the_reference_rounds_it(int width, double factor, int expected) =>
        Assert.Equal(expected, new XLstmLargeConfig(9, width, 4, 2, FfnProjFactor: factor).FfnDim);

    [Fact]
    public void Sizes_that_a_file_leaves_out_are_those_of_the_package()
    {
        var config = Parse("""{"mlstm_block": {}}""");
        Assert.Equal((1, 128), (config.NumBlocks, config.EmbeddingDim));
    }

    [Fact]
    public void An_absent_feedforward_is_the_default_one_and_null_is_none()
    {
        Assert.Equal(new FeedForwardConfig(), Parse("""{"slstm_block": {"slstm": {}}}""").SlstmBlock!.Feedforward);
        Assert.Null(Parse("""{"slstm_block": {"slstm": {}, "feedforward": null}}""").SlstmBlock!.Feedforward);
    }

    [Theory]
    [InlineData("lm/lm_readme")]
    [InlineData("lm/lm_tied_embdrop")]
    [InlineData("lm/lm_tied_wdemb")]
    [InlineData("stack/stack_1_1")]
    [InlineData("stack/stack_7_1")]
    [InlineData("stack/stack_mlstm_only")]
    [InlineData("stack/stack_slstm_only")]
    public void Reads_the_files_of_the_reference_package(string name)
    {
        var config = (XLstmStackConfig)ModelConfigReader.Read(TestData.Golden(name));
        using var document = JsonDocument.Parse(File.ReadAllText(TestData.Golden(name + "/config.json")));
        var lm = document.RootElement.TryGetProperty("model", out var model);
        if (!lm)
            model = document.RootElement.GetProperty("stack");

        Assert.Equal(lm, config is XLstmLanguageModelConfig);
        var map = model.GetProperty("_block_map").GetString()!.Split(',');
        Assert.Equal(map, Enumerable.Range(0, config.NumBlocks).Select(i => config.BlockIsSLstm(i) ? "1" : "0"));
        if (config.MlstmBlock is { } mlstm)
            Assert.Equal(model.GetProperty("mlstm_block").GetProperty("mlstm").GetProperty("_proj_up_dim").GetInt32(), mlstm.Mlstm.InnerSize(config.EmbeddingDim));
        Assert.Equal(model.GetProperty("bias").GetBoolean(), config.Bias);
        Assert.Equal(model.GetProperty("add_post_blocks_norm").GetBoolean(), config.AddPostBlocksNorm);
    }

    [Fact]
    public void Reads_every_value_of_a_language_model()
    {
        var config = ModelConfigReader.ReadLanguageModel(TestData.Golden("lm/lm_tied_wdemb"));
        Assert.Equal(
            new XLstmLanguageModelConfig(40, 2, 16, new(new MLstmLayerConfig(NumHeads: 2)), new(new SLstmLayerConfig(NumHeads: 2), new FeedForwardConfig()),
                [1], ContextLength: 20, Bias: true, TieWeights: true, WeightDecayOnEmbedding: true),
            config);
    }

    [Fact]
    public void Reads_an_experiment_in_yaml_with_references()
    {
        const string text = """
            training:
              lr_decay_until_steps: ${.num_steps}
              device: cuda   # a comment
            model:
              num_blocks: 2
              embedding_dim: 64
              mlstm_block:
                mlstm:
                  num_heads: 1
                  proj_factor: 1.5e0
              slstm_block:
                slstm: {num_heads: 1}
                feedforward: ~
              slstm_at: [1]
              context_length: ${dataset.kwargs.context_length}
              vocab_size: ${dataset.kwargs.vocab_size}
              tie_weights: yes
            dataset:
              name: "3"
              kwargs:
                vocab_size: 3
                context_length: 256
            """;
        using var folder = new TemporaryFolder();
        folder.File("config.yaml", text);
        Assert.Equal(
            new XLstmLanguageModelConfig(3, 2, 64, new(new(NumHeads: 1, ProjFactor: 1.5)), new(new(NumHeads: 1), null), [1], ContextLength: 256, TieWeights: true),
            ModelConfigReader.Read(folder.Path));
    }

    [Fact]
    public void The_content_decides_between_json_and_yaml_not_the_name()
    {
        using var folder = new TemporaryFolder();
        var yaml = ModelConfigReader.Read(folder.File("config.json", "num_blocks: 2\nmlstm_block: {}\n"));
        var json = ModelConfigReader.Read(folder.File("other.yml", """{"num_blocks": 2, "mlstm_block": {}, "limit": [0, Infinity]}"""));
        Assert.Equal(2, yaml.NumBlocks);
        Assert.Equal(yaml, json);
    }

    [Fact]
    public void Without_mlstm_blocks_every_block_is_an_slstm_block()
    {
        var config = Parse("""{"num_blocks": 3, "slstm_block": {}, "slstm_at": []}""");
        Assert.All(Enumerable.Range(0, 3), i => Assert.True(config.BlockIsSLstm(i)));
        Assert.Equal([0, 1, 2], Parse("""{"num_blocks": 3, "mlstm_block": {}, "slstm_block": {}, "slstm_at": "all"}""").SlstmAt);
    }

    [Theory]
    [InlineData("7:1", 8, new[] { 1 })]
    [InlineData("7:1", 24, new[] { 1, 9, 17 })]
    [InlineData("7:1", 10, new[] { 1, 9 })]
    [InlineData("7:1", 1, new int[0])]
    [InlineData("1:1", 4, new[] { 1, 3 })]
    [InlineData("1:0", 4, new int[0])]
    [InlineData("0:1", 3, new[] { 0, 1, 2 })]
    [InlineData("2:2", 8, new[] { 1, 2, 5, 6 })]
    [InlineData("1:3", 8, new[] { 1, 2, 3, 5, 6, 7 })]
    [InlineData("all", 2, new[] { 0, 1 })]
    public void Patterns_place_the_slstm_blocks(string pattern, int blocks, int[] expected) =>
        Assert.Equal(expected, XLstmStackConfig.SlstmPositions(pattern, blocks));

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("7:")]
    [InlineData(":1")]
    [InlineData("0:0")]
    [InlineData("-1:2")]
    [InlineData("7:1:1")]
    [InlineData("99999:1")]
    [InlineData("none")]
    public void Other_patterns_are_errors(string pattern) =>
        Assert.Contains("7:1", Assert.Throws<ArgumentException>(() => XLstmStackConfig.SlstmPositions(pattern, 8)).Message, StringComparison.Ordinal);

    [Fact]
    public void Inner_sizes_are_those_of_the_reference_package()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(TestData.Golden("components/deterministic_inits/config.json")));
        var cases = document.RootElement.GetProperty("dims").EnumerateArray().ToList();
        Assert.NotEmpty(cases);
        foreach (var row in cases)
        {
            var (factor, dim) = (row.GetProperty("proj_factor").GetDouble(), row.GetProperty("dim").GetInt32());
            var (up, down) = (row.GetProperty("up_proj_mixin").GetInt32(), row.GetProperty("up_proj_mixin_round_down").GetInt32());
            Assert.Equal((factor, dim, up), (factor, dim, new MLstmLayerConfig(ProjFactor: factor).InnerSize(dim)));
            Assert.Equal((factor, dim, up), (factor, dim, new FeedForwardConfig(ProjFactor: factor).InnerSize(dim)));
            Assert.Equal((factor, dim, down), (factor, dim, new MLstmLayerConfig(ProjFactor: factor, RoundProjUpDimUp: false).InnerSize(dim)));
            Assert.Equal((factor, dim, down), (factor, dim, new FeedForwardConfig(ProjFactor: factor, RoundProjUpDimUp: false).InnerSize(dim)));
        }
    }

    [Theory]
    [InlineData("""{"num_blocks": 0, "mlstm_block": {}}""", "num_blocks", "0")]
    [InlineData("""{"num_blocks": 100000, "mlstm_block": {}}""", "num_blocks", "100000")]
    [InlineData("""{"num_blocks": "two", "mlstm_block": {}}""", "num_blocks", "\"two\"")]
    [InlineData("""{"num_blocks": 1.5, "mlstm_block": {}}""", "num_blocks", "1.5")]
    [InlineData("""{"num_blocks": 1e300, "mlstm_block": {}}""", "num_blocks", "1e300")]
    [InlineData("""{"embedding_dim": -64, "mlstm_block": {}}""", "embedding_dim", "-64")]
    [InlineData("""{"embedding_dim": 2147483647, "mlstm_block": {}}""", "embedding_dim", "2147483647")]
    [InlineData("""{"num_blocks": 2}""", "slstm_block", "nothing")]
    [InlineData("""{"num_blocks": 2, "mlstm_block": {}, "slstm_at": [1]}""", "slstm_block", "nothing")]
    [InlineData("""{"num_blocks": 2, "mlstm_block": {}, "slstm_block": {}, "slstm_at": [2]}""", "slstm_at", "2")]
    [InlineData("""{"num_blocks": 2, "mlstm_block": {}, "slstm_block": {}, "slstm_at": "7:1"}""", "slstm_at", "7:1")]
    [InlineData("""{"mlstm_block": {"mlstm": {"num_heads": 3}}}""", "mlstm_block.mlstm.num_heads", "3")]
    [InlineData("""{"mlstm_block": {"mlstm": {"num_heads": 0}}}""", "mlstm_block.mlstm.num_heads", "0")]
    [InlineData("""{"mlstm_block": {"mlstm": {"qkv_proj_blocksize": 0}}}""", "mlstm_block.mlstm.qkv_proj_blocksize", "0")]
    [InlineData("""{"mlstm_block": {"mlstm": {"qkv_proj_blocksize": 5}}}""", "mlstm_block.mlstm.qkv_proj_blocksize", "5")]
    [InlineData("""{"mlstm_block": {"mlstm": {"proj_factor": 0}}}""", "mlstm_block.mlstm.proj_factor", "0")]
    [InlineData("""{"mlstm_block": {"mlstm": {"proj_factor": 1e9}}}""", "mlstm_block.mlstm.proj_factor", "1.28e+11")]
    [InlineData("""{"mlstm_block": {"mlstm": {"round_proj_up_to_multiple_of": 2000000000}}}""", "mlstm_block.mlstm.proj_factor", "2e+09 in multiples of 2000000000")]
    [InlineData("""{"mlstm_block": {"mlstm": {"round_proj_up_to_multiple_of": 0}}}""", "mlstm_block.mlstm.round_proj_up_to_multiple_of", "0")]
    [InlineData("""{"embedding_dim": 16, "mlstm_block": {"mlstm": {"round_proj_up_dim_up": false}}}""", "mlstm_block.mlstm.proj_factor", "inner width of 0")]
    [InlineData("""{"embedding_dim": 65536, "mlstm_block": {}}""", "mlstm_block.mlstm.proj_factor", "262144 x 65536")]
    [InlineData("""{"slstm_block": {"slstm": {"num_heads": 5}}}""", "slstm_block.slstm.num_heads", "5")]
    [InlineData("""{"slstm_block": {"slstm": {"function": "gru"}}}""", "slstm_block.slstm.function", "gru")]
    [InlineData("""{"slstm_block": {"feedforward": {"act_fn": "tanh"}}}""", "slstm_block.feedforward.act_fn", "tanh")]
    [InlineData("""{"slstm_block": {"feedforward": {"bias": 1}}}""", "slstm_block.feedforward.bias", "1")]
    [InlineData("""{"slstm_block": {"feedforward": {"ff_type": "ffn"}}}""", "feedforward.ff_type", "ffn")]
    [InlineData("""{"slstm_block": []}""", "slstm_block", "[]")]
    [InlineData("""{"slstm_block": {"form": "other"}}""", "slstm_block.form", "other")]
    [InlineData("""{"mlstm_block": {}, "dropout": 1}""", "dropout", "1")]
    [InlineData("""{"mlstm_block": {}, "vocab_size": 0}""", "vocab_size", "0")]
    [InlineData("""{"mlstm_block": {}, "vocab_size": 2147483647}""", "vocab_size", "2147483647 x 128")]
    [InlineData("""{"mlstm_block": {}, "vocab_size": "${data.size}"}""", "${data.size}", "nothing")]
    [InlineData("""{"hidden_size": 4096, "model_type": "gpt2"}""", "the model", "hidden_size")]
    [InlineData("""{"hidden_size": 4096, "model_type": "xlstm"}""", "vocab_size", "nothing")]
    [InlineData("""{"model_type": "xlstm", "vocab_size": 9, "hidden_size": 32, "num_hidden_layers": 2, "num_heads": 3}""", "qk_dim_factor", "a width of 16")]
    [InlineData("""{"model_type": "xlstm", "vocab_size": 9, "hidden_size": 32, "num_hidden_layers": 2, "num_heads": 0}""", "num_heads", "0")]
    [InlineData("""{"model_type": "xlstm", "vocab_size": 9, "hidden_size": 32, "num_hidden_layers": 2, "num_heads": 4, "v_dim_factor": 1e300}""", "v_dim_factor", "1E+300")]
    [InlineData("""{"model_type": "xlstm", "vocab_size": 9, "hidden_size": 32, "num_hidden_layers": 2, "num_heads": 4, "weight_mode": "both"}""", "weight_mode", "both")]
    [InlineData("""{"model_type": "xlstm", "vocab_size": 9, "hidden_size": 32, "num_hidden_layers": 2, "num_heads": 4, "gate_soft_cap": 0}""", "gate_soft_cap", "0")]
    [InlineData("""{"model_type": "xlstm", "vocab_size": 9, "hidden_size": 32, "num_hidden_layers": 2, "num_heads": 4, "ffn_proj_factor": 1e9}""", "ffn_proj_factor", "1000000000")]
    [InlineData("""{"model_type": "xlstm", "vocab_size": 9, "hidden_size": 32, "num_hidden_layers": 2, "num_heads": 4, "bos_token_id": 9}""", "bos_token_id", "9")]
    [InlineData("[1, 2]", "the file", "Array")]
    [InlineData("{\"num_blocks\": 1", "the file", "invalid")]
    [InlineData("{\"num_blocks\": 1, \"num_blocks\": 2, \"mlstm_block\": {}}", "the file", "num_blocks")]
    [InlineData("a: b\n  - c: [", "the file", "")]
    [InlineData("a: &x {b: 1}\nc: *x", "the file", "aliases")]
    [InlineData("", "the file", "")]
    public void What_cannot_be_built_is_an_error_that_names_file_key_and_value(string text, string key, string found)
    {
        var error = Assert.Throws<CheckpointException>(() => Parse(text));
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(key, error.What, StringComparison.Ordinal);
        Assert.Contains(found, error.Found ?? "", StringComparison.OrdinalIgnoreCase);
        Assert.NotNull(error.Expected);
    }

    [Fact]
    public void Deep_nesting_is_an_error()
    {
        Assert.Throws<CheckpointException>(() => Parse(new string('[', 100_000)));
        Assert.Throws<CheckpointException>(() => Parse(string.Concat(Enumerable.Repeat("- ", 5_000))));
    }

    [Fact]
    public void A_missing_file_is_an_error_that_names_the_place()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(folder.Path, Assert.Throws<CheckpointException>(() => ModelConfigReader.Read(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => ModelConfigReader.Read(Path.Combine(folder.Path, "missing")));
    }

    [Fact]
    public void A_stack_is_no_language_model() =>
        Assert.Equal("vocab_size", Assert.Throws<CheckpointException>(() => ModelConfigReader.ReadLanguageModel(TestData.Golden("stack/stack_1_1"))).What);

    [Fact]
    public void Validate_throws_what_the_reader_reports()
    {
        var error = Assert.Throws<ArgumentException>(() => new XLstmStackConfig(2, 64, new(new(NumHeads: 3))).Validate());
        Assert.Contains("mlstm_block.mlstm.num_heads is 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("128", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<IModelConfig> Configs => new((IModelConfig[])[
        new XLstmLargeConfig(50304, 768, 6, 12, true, 1e-5, false, 0.75, 2, 1e-4, 2.5, 32, 12, 20, "fused", true, 0, 2),
        new XLstmLargeConfig(17, 32, 4, 2),
        new XLstmStackConfig(1, 4, SlstmBlock: new(new(1, 0, false, "lstm", "standard", "standard"), null, "paper")),
        new XLstmStackConfig(2, 48, new(new(2, 5, 8, 1.3333333333333333, false, 16)), null, null, 77, false, true, 0.1f),
        new XLstmLanguageModelConfig(11, 3, 16, new(new()), new(new(), new(2.6667, "relu^2", true, 0.25f, false, 8)), [0, 2], 5, false, true, 0.5f, true, true, true)]);

    [Theory, MemberData(nameof(Configs))]
    public void What_is_written_reads_back(IModelConfig config)
    {
        using var folder = new TemporaryFolder();
        ModelConfigWriter.Write(folder.Path, config);
        Assert.Equal(config, ModelConfigReader.Read(folder.Path));
        Assert.Equal(["config.json"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("num_blocks", "num_block", "model.num_block", "num_blocks")]
    [InlineData("tie_weights", "tied_weights", "model.tied_weights", "tie_weights")]
    [InlineData("qkv_proj_blocksize", "qkv_proj_block_size", "model.mlstm_block.mlstm.qkv_proj_block_size", "qkv_proj_blocksize")]
    [InlineData("act_fn", "act_fun", "model.slstm_block.feedforward.act_fun", "act_fn")]
    [InlineData("\"model\"", "\"modell\"", "", "")]
    public void Our_own_files_refuse_unknown_keys_and_name_the_nearest(string key, string misspelt, string found, string nearest)
    {
        using var folder = new TemporaryFolder();
        ModelConfigWriter.Write(folder.Path, Configs.Last().Data);
        var path = Path.Combine(folder.Path, "config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace(key, misspelt, StringComparison.Ordinal));
        var error = Assert.Throws<CheckpointException>(() => ModelConfigReader.Read(path));
        Assert.Contains(found, error.What, StringComparison.Ordinal);
        Assert.Contains(nearest, error.Advice ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_newer_version_of_our_files_asks_for_an_update()
    {
        var error = Assert.Throws<CheckpointException>(() => Parse("""{"format": "xlstm-net", "version": 2, "model": {}}"""));
        Assert.Contains("update", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_built_is_not_written()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<ArgumentException>(() => ModelConfigWriter.Write(folder.Path, new XLstmStackConfig(0, 4, new(new()))));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }
}
