using XLstm.Golden;

namespace XLstm.Cli.Tests;

public sealed class ConvertTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_quantized_model_speaks_and_is_inspected()
    {
        string model = TinyModel.Create(_folder["model"]);
        Assert.Contains("q4", Cli.Run("quantize", model, _folder["small"]).Succeeds(), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_folder["small"], "tokenizer.json")));
        Cli.Run("generate", "--model", _folder["small"], "--prompt", "a", "--max-tokens", "5").Succeeds();
        Assert.Contains("Q4", Cli.Run("inspect", _folder["small"]).Succeeds(), StringComparison.Ordinal);
        Cli.Run("train", "--init", _folder["small"], "--steps", "1", "--out", _folder["trained"]).Succeeds();
    }

    [Fact]
    public void A_large_model_changes_its_layout_and_back()
    {
        string golden = new GoldenCase("large/large_single").Folder;
        Cli.Run("convert", golden, _folder["hf"], "--layout", "huggingface", "--fused", "--shard", "0.0001").Succeeds();
        Assert.True(File.Exists(Path.Combine(_folder["hf"], "model.safetensors.index.json")));
        // What transformers takes where nothing is said: these models expect it.
        Assert.Contains("\"bos_token_id\": 0", File.ReadAllText(Path.Combine(_folder["hf"], "config.json")), StringComparison.Ordinal);
        Cli.Run("convert", _folder["hf"], _folder["back"], "--layout", "native", "--single", "--format", "f16").Succeeds();
        Assert.True(File.Exists(Path.Combine(_folder["back"], "config.yaml")));
        Assert.Contains("xLSTM Large", Cli.Run("inspect", _folder["back"]).Succeeds(), StringComparison.Ordinal);
    }

    [Fact]
    public void Mistakes_are_named()
    {
        string model = TinyModel.Create(_folder["model"]);
        Cli.Run("convert", model, _folder["out"]).FailsAsUsage("nothing to change");
        Cli.Run("convert", model, _folder["out"], "--layout", "native").Fails("paper's blocks");
        Cli.Run("convert", model, model, "--format", "bf16").Fails("there already");
        Cli.Run("convert", model, _folder["out"], "--fused", "--single").FailsAsUsage("exclude");
        Cli.Run("convert", _folder["none"], _folder["out"], "--format", "bf16").Fails("no such");
        Cli.Run("convert", _folder["model"] + "/model.safetensors", _folder["out"], "--format", "bf16").Fails("found a file");
        Cli.Run("quantize", model, _folder["out"], "--format", "bf16").FailsAsUsage("--format is bf16; expected q8|q4");
        Cli.Run("quantize", model, _folder["out"], "--format", "q5").FailsAsUsage("q5");
        Cli.Run("quantize", model, _folder["q8"], "--format", "q8").Succeeds();
        Cli.Run("quantize", _folder["q8"], _folder["out"]).Fails("Q8");
        Assert.False(Directory.Exists(_folder["out"]));
    }
}
