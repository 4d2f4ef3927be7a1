using XLstm.Golden;

namespace XLstm.Cli.Tests;

public sealed class InfoTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public InfoTests() => _model = TinyModel.Create(_folder["model"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Models_are_described()
    {
        XLstmLanguageModel model = XLstmLanguageModel.Load(_model);
        string text = Cli.Run("info", _model).Succeeds();
        Has(text, "2: m s", "language model", "bytes, 256 tokens", $"{model.Parameters.ElementCount:N0}", "all F32", $"{model.CreateSession().StateBytes:N0} bytes");
        Assert.DoesNotContain("unusual", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Models_of_the_Python_package_are_described()
    {
        Has(Cli.Run("info", new GoldenCase("lm/lm_readme").Folder).Succeeds(), "4: m s m m", "39,512", "another program", "no tokenizer.json");
        Has(Cli.Run("info", new GoldenCase("lm/lm_tied_wdemb").Folder).Succeeds(), "head tied");
    }

    [Fact]
    public void Forecasters_and_checkpoints_of_PyTorch_are_described()
    {
        using var forecaster = new SmallForecaster();
        Has(Cli.Run("info", forecaster.Path).Succeeds(), "forecaster: \"forecast --model\" runs it", "all F32");
        Assert.Equal(Cli.Run("info", forecaster.Path).Output, Cli.Run("info", Path.GetDirectoryName(forecaster.Path)!).Succeeds());
        Has(Cli.Run("info", Path.Combine(new GoldenCase("tirex/tirex_small").Folder, "model.ckpt")).Succeeds(), "checkpoint of PyTorch, TiRex", "F32");
        File.WriteAllText(_folder["no.ckpt"], "no checkpoint");
        Cli.Run("info", _folder["no.ckpt"]).Fails("no.ckpt");
    }

    [Fact]
    public void Odd_values_and_tensors_are_unusual()
    {
        var model = new XLstmLanguageModel(TinyModel.Config(), 1);
        model.Embedding.Weight.Span[3] = float.NaN;
        model.Save(_model);
        new XLstmLanguageModel(TinyModel.Config(300), 1).Save(_folder["other"]);
        CharacterTokenizer.FromText("abc").Save(_model);
        Has(Cli.Run("info", _model).Succeeds(), "unusual", "token_embedding.weight has 1 values", "the tokenizer has 3 tokens, the model 256");
    }

    [Fact]
    public void Unexpected_tensors_are_listed()
    {
        string weights = Path.Combine(_model, "model.safetensors");
        using (SafetensorsFile file = SafetensorsFile.Open(weights))
        {
            List<TensorToWrite> tensors = [TensorToWrite.FromFloats("stranger", [1], new float[1])];
            foreach (TensorInfo tensor in file.Tensors)
            {
                var values = new float[tensor.Count];
                file.ReadFloats(tensor.Name, values);
                tensors.Add(TensorToWrite.FromFloats(tensor.Name, tensor.Shape, values));
            }
            SafetensorsWriter.Write(weights, tensors);
        }
        Has(Cli.Run("info", _model).Succeeds(), "1 tensors that the config does not ask for", "stranger");
    }

    [Fact]
    public void Kernels_in_the_layout_of_the_CUDA_code_are_told()
    {
        string weights = _folder["model.safetensors"];
        SafetensorsWriter.Write(weights, [TensorToWrite.FromFloats("x._recurrent_kernel_", [2, 4, 16], new float[128])]);
        Cli.Outcome outcome = Cli.Run("info", _folder.Root);
        outcome.Fails("config.json");
        Has(outcome.Output, "CUDA", "_recurrent_kernel_ F32 [2, 4, 16]");
    }

    [Fact]
    public void What_is_wrong_is_said_beside_what_is_right()
    {
        File.WriteAllText(Path.Combine(_model, "model.safetensors"), "damaged");
        File.WriteAllText(Path.Combine(_model, "tokenizer.json"), "{");
        Cli.Outcome outcome = Cli.Run("info", _model);
        outcome.Fails("model.safetensors", "tokenizer.json");
        Has(outcome.Output, "2: m s");
    }

    [Fact]
    public void Files_sessions_configs_and_tokenizers_are_described()
    {
        Has(Cli.Run("info", Path.Combine(_model, "model.safetensors")).Succeeds(), "token_embedding.weight F32 [256, 32]", "all F32");
        Cli.Run("generate", "--model", _model, "--prompt", "Hello", "--max-tokens", "5", "--session", _folder["talk"]).Succeeds();
        Has(Cli.Run("info", _folder["talk"]).Succeeds(), "session after 10 tokens", "block_0.C F32");
        Has(Cli.Run("info", Path.Combine(_model, "config.json")).Succeeds(), "2: m s");
        Has(Cli.Run("info", Path.Combine(_model, "tokenizer.json")).Succeeds(), "bytes, 256 tokens");
    }

    [Fact]
    public void Missing_and_damaged_files_are_named()
    {
        Cli.Run("info", _folder["none"]).Fails(_folder["none"], "no such");
        File.WriteAllText(_folder["x"], "text");
        Cli.Run("info", _folder["x"]).Fails(_folder["x"]);
        Directory.CreateDirectory(_folder["empty"]);
        Cli.Run("info", _folder["empty"]).Fails(_folder["empty"], "config.json", "model.safetensors");
    }

    private static void Has(string text, params string[] parts) => Assert.All(parts, part => Assert.Contains(part, text, StringComparison.Ordinal));
}
