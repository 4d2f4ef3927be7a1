using System.Text.Json;
using XLstm.Golden;

namespace XLstm.Cli.Tests;

public sealed class InspectTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public InspectTests() => _model = TinyModel.Create(_folder["model"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Models_are_described()
    {
        XLstmLanguageModel model = XLstmLanguageModel.Load(_model);
        string text = Cli.Run("inspect", _model).Succeeds();
        Has(text, "2: m s", "language model", "bytes, 256 tokens", $"{model.Parameters.ElementCount:N0}", "all F32", $"{model.CreateSession().StateBytes:N0} bytes");
        Assert.DoesNotContain("unusual", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_stands_in_a_file_commands_no_terminal()
    {
        string file = _folder["names.safetensors"], table = _folder["table.csv"];
        SafetensorsWriter.Write(file, [TensorToWrite.FromFloats("a\u001b[31m", [1], new float[1])], new Dictionary<string, string> { ["key\u001b]0;title\u0007"] = "value\u001b[2J" });
        File.WriteAllText(table, "x\u001b[31m,label\n1,a\n2,b\n");
        Cli.Outcome inspected = Cli.Run("inspect", file, "--tensors"), trained = Cli.Run("classify", "train", table, "--label", "none", "--out", _folder["out"]);
        Has(inspected.Output, "a\uFFFD[31m", "value\uFFFD[2J");
        Assert.Contains("The columns are: x\uFFFD[31m", trained.Error, StringComparison.Ordinal);
        foreach (string shown in new[] { inspected.Output, inspected.Error, trained.Error })
            Assert.DoesNotContain(shown, c => char.IsControl(c) && c is not ('\r' or '\n' or '\t'));
    }

    [Fact]
    public void Models_of_the_Python_package_are_described()
    {
        Has(Cli.Run("inspect", new GoldenCase("lm/lm_readme").Folder).Succeeds(), "4: m s m m", "39,512", "another program", "no tokenizer.json");
        Has(Cli.Run("inspect", new GoldenCase("lm/lm_tied_wdemb").Folder).Succeeds(), "head tied");
    }

    [Fact]
    public void Forecasters_and_checkpoints_of_PyTorch_are_described()
    {
        using var forecaster = new SmallForecaster();
        Has(Cli.Run("inspect", forecaster.Path).Succeeds(), "a forecaster of this library", "all F32", "next", "xlstm forecast FILE.csv --model");
        Has(Cli.Run("inspect", Path.GetDirectoryName(forecaster.Path)!).Succeeds(), "a forecaster of this library");
        Has(Cli.Run("inspect", Path.Combine(new GoldenCase("tirex/tirex_small").Folder, "model.ckpt")).Succeeds(), "TiRex, a forecaster", "licence", "NXAI Community License", "F32");
        File.WriteAllText(_folder["no.ckpt"], "no checkpoint");
        Cli.Run("inspect", _folder["no.ckpt"]).Fails("no.ckpt");
    }

    [Fact]
    public void Odd_values_and_tensors_are_unusual()
    {
        var model = new XLstmLanguageModel(TinyModel.Config(), 1);
        model.Embedding.Weight.Span[3] = float.NaN;
        model.Save(_model);
        new XLstmLanguageModel(TinyModel.Config(300), 1).Save(_folder["other"]);
        CharacterTokenizer.FromText("abc").Save(_model);
        Has(Cli.Run("inspect", _model).Succeeds(), "unusual", "token_embedding.weight has 1 values", "the tokenizer has 3 tokens, the model 256");
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
        Cli.Run("inspect", _model).Fails("1 tensors that the config does not ask for", "stranger");
    }

    [Fact]
    public void Blocks_that_somebody_trained_are_described()
    {
        string file = Path.Combine(new GoldenCase("lm/lm_readme").Folder, "..", "..", "..", "stocks", "xLSTM_H3_F5_AAPL.pt");
        Has(Cli.Run("inspect", file).Succeeds(), "2: m m", "model_state.output_projection", "MIT, says LICENSE", "XLstmStackModel.Load");
        Assert.Equal(Cli.Run("inspect", file).Output, Cli.Run("info", file).Output);
    }

    [Fact]
    public void Programs_read_it_as_JSON()
    {
        using JsonDocument json = JsonDocument.Parse(Cli.Run("inspect", _model, "--json", "--tensors").Succeeds());
        JsonElement root = json.RootElement;
        XLstmLanguageModel model = XLstmLanguageModel.Load(_model);
        Assert.Equal("language_model", root.GetProperty("kind").GetString());
        Assert.True(root.GetProperty("usable").GetBoolean());
        Assert.Equal(model.CreateSession().StateBytes, root.GetProperty("state_bytes").GetInt64());
        Assert.Equal(model.Parameters.Count, root.GetProperty("tensors").GetArrayLength());
        Assert.Contains(root.GetProperty("facts").EnumerateArray(), f => f.GetProperty("label").GetString() == "blocks" && f.GetProperty("text").GetString()!.StartsWith("2: m s", StringComparison.Ordinal));
        File.Delete(Path.Combine(_model, "model.safetensors"));
        Cli.Outcome broken = Cli.Run("inspect", _model, "--json");
        Assert.Equal(1, broken.Code);
        using JsonDocument report = JsonDocument.Parse(broken.Output);
        Assert.False(report.RootElement.GetProperty("usable").GetBoolean());
    }

    [Fact]
    public void What_is_wrong_is_said_beside_what_is_right()
    {
        File.WriteAllText(Path.Combine(_model, "model.safetensors"), "damaged");
        File.WriteAllText(Path.Combine(_model, "tokenizer.json"), "{");
        Cli.Outcome outcome = Cli.Run("inspect", _model);
        outcome.Fails("model.safetensors", "tokenizer.json");
        Has(outcome.Output, "2: m s");
    }

    [Fact]
    public void Files_sessions_configs_and_tokenizers_are_described()
    {
        Has(Cli.Run("inspect", Path.Combine(_model, "model.safetensors"), "--tensors").Succeeds(), "token_embedding.weight F32 [256, 32]", "all F32");
        Cli.Run("generate", "--model", _model, "--prompt", "Hello", "--max-tokens", "5", "--session", _folder["talk"]).Succeeds();
        Has(Cli.Run("inspect", _folder["talk"]).Succeeds(), "session after 10 tokens", "whatever the length of the text", "generate --model DIR --session");
        Has(Cli.Run("inspect", Path.Combine(_model, "config.json")).Succeeds(), "2: m s");
        Has(Cli.Run("inspect", Path.Combine(_model, "tokenizer.json")).Succeeds(), "bytes, 256 tokens");
    }

    [Fact]
    public void Missing_and_damaged_files_are_named()
    {
        Cli.Run("inspect", _folder["none"]).Fails(_folder["none"], "no such");
        File.WriteAllText(_folder["x"], "text");
        Cli.Run("inspect", _folder["x"]).Fails(_folder["x"]);
        Directory.CreateDirectory(_folder["empty"]);
        Cli.Run("inspect", _folder["empty"]).Fails(_folder["empty"], "config.json", "model.safetensors");
    }

    private static void Has(string text, params string[] parts) => Assert.All(parts, part => Assert.Contains(part, text, StringComparison.Ordinal));
}
