using System.Text.Json;
using XLstm.Golden;

namespace XLstm.Cli.Tests;

public sealed class LogitsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public LogitsTests() => _model = TinyModel.Create(_folder["model"]);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("lm_readme", "chunkwise")]
    [InlineData("lm_readme", "parallel")]
    [InlineData("lm_readme", "recurrent")]
    [InlineData("lm_tied_embdrop", "chunkwise")]
    [InlineData("lm_tied_wdemb", "Recurrent")]
    public void Logits_agree_with_the_reference(string name, string form)
    {
        var golden = new GoldenCase("lm/" + name);
        int[] shape = golden.Shape("f64.logits");
        long[] tokens = [.. golden.Longs("in.tokens").Chunk(shape[1] + 1).SelectMany(row => row[..^1])];
        string file = Tokens(tokens, shape[0], shape[1]);
        Cli.Run("logits", "--model", golden.Folder, "--tokens", file, "--output", _folder["out.safetensors"], "--form", form).Succeeds();
        golden.AssertClose("logits", Logits(shape));
    }

    [Fact]
    public void Long_rows_in_parts_give_the_same_logits_on_any_number_of_threads()
    {
        const int steps = 2500;
        var random = new Random(1);
        long[] tokens = [.. Enumerable.Range(0, 2 * steps).Select(_ => (long)random.Next(256))];
        string file = Tokens(tokens, 2, steps);
        float[] first = Run("--threads", "1");
        Assert.Equal(first, Run("--threads", "2"));
        using var pass = new Pass(new PassOptions(Threads: 1));
        (Tensor whole, _) = XLstmLanguageModel.Load(_model).Forward([.. tokens.Select(t => (int)t)], 2, null, pass);
        float most = 0;
        for (int i = 0; i < first.Length; i++)
            most = Math.Max(most, Math.Abs(first[i] - whole.Span[i]));
        Assert.InRange(most, 0, 1e-5f);

        float[] Run(params string[] args)
        {
            Cli.Run(["logits", "--model", _model, "--tokens", file, "--output", _folder["out.safetensors"], .. args]).Succeeds();
            return Logits([2, steps, 256]);
        }
    }

    [Fact]
    public void Tokens_outside_the_vocabulary_are_named_with_their_place()
    {
        Run(Tokens([1, 2, 3, 4, 256, 6], 2, 3)).Fails("tokens[1, 1]", "256", "0 to 255");
        Run(Tokens([1, -1], 1, 2)).Fails("tokens[0, 1]", "-1");
        Run(Tokens([1, long.MaxValue], 1, 2)).Fails("tokens[0, 1]");
        Assert.False(File.Exists(_folder["out.safetensors"]));
    }

    [Fact]
    public void Files_without_tokens_are_named()
    {
        string file = _folder["tokens.safetensors"];
        SafetensorsWriter.Write(file, [TensorToWrite.FromInt64("labels", [1, 2], new long[2])]);
        Run(file).Fails(file, "\"tokens\"", "labels");
        SafetensorsWriter.Write(file, [TensorToWrite.FromInt64("tokens", [2], new long[2])]);
        Run(file).Fails(file, "[B, T]", "[2]");
        SafetensorsWriter.Write(file, [TensorToWrite.FromInt64("tokens", [2, 0], Array.Empty<long>())]);
        Run(file).Fails(file, "at least one token");
        SafetensorsWriter.Write(file, [TensorToWrite.FromFloats("tokens", [1, 2], new float[2])]);
        Run(file).Fails(file, "I64", "F32");
        File.WriteAllText(file, "no safetensors");
        Run(file).Fails(file);
        Run(_folder["none"]).Fails(_folder["none"]);
    }

    [Fact]
    public void Outputs_that_cannot_be_written_are_named() =>
        Cli.Run("logits", "--model", _model, "--tokens", Tokens([1], 1, 1), "--output", Path.Combine(_model, "config.json", "x")).Fails("config.json");

    [Fact]
    public void The_model_is_not_replaced()
    {
        string weights = Path.Combine(_model, "model.safetensors");
        byte[] before = File.ReadAllBytes(weights);
        Cli.Run("logits", "--model", _model, "--tokens", Tokens([1], 1, 1), "--output", weights).Fails("would replace a file of what is read");
        Assert.Equal(before, File.ReadAllBytes(weights));
    }

    [Fact]
    public void Ctrl_C_leaves_no_file()
    {
        Cli.Outcome outcome = Cli.RunWith("", new CancellationToken(true), "logits", "--model", _model, "--tokens", Tokens([1], 1, 1), "--output", _folder["out.safetensors"]);
        Assert.Equal((130, "xlstm: stopped."), (outcome.Code, outcome.Error.Trim()));
        Assert.Empty(Directory.GetFiles(_folder.Root, "out*"));
    }

    [Fact]
    public void Logits_that_are_not_numbers_are_not_written()
    {
        var model = new XLstmLanguageModel(TinyModel.Config(), 1);
        model.Head.Weight.Span[0] = float.NaN;
        model.Save(_model);
        Run(Tokens([1, 2], 1, 2)).Fails("not finite", "rows 0 to 0", "xlstm inspect");
        Assert.Empty(Directory.GetFiles(_folder.Root, "out*"));
    }

    private Cli.Outcome Run(string tokens) => Cli.Run("logits", "--model", _model, "--tokens", tokens, "--output", _folder["out.safetensors"]);

    private string Tokens(long[] tokens, int rows, int steps)
    {
        SafetensorsWriter.Write(_folder["tokens.safetensors"], [TensorToWrite.FromInt64("tokens", [rows, steps], tokens)]);
        return _folder["tokens.safetensors"];
    }

    private float[] Logits(int[] shape)
    {
        using SafetensorsFile file = SafetensorsFile.Open(_folder["out.safetensors"]);
        TensorInfo info = file.Info("logits");
        Assert.Equal((DType.F32, JsonSerializer.Serialize(shape)), (info.DType, JsonSerializer.Serialize(info.Shape)));
        var logits = new float[info.Count];
        file.ReadFloats("logits", logits);
        return logits;
    }
}
