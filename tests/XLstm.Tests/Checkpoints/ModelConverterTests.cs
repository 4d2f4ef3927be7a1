using XLstm.Golden;
using XLstm.Kernels;

namespace XLstm.Tests.Checkpoints;

public sealed class ModelConverterTests
{
    private const string Single = "large/large_single", FusedBias = "large/large_fused_bias";

    [Theory]
    [InlineData(Single, ModelLayout.HuggingFace, false)]
    [InlineData(Single, ModelLayout.HuggingFace, true)]
    [InlineData(Single, ModelLayout.Native, true)]
    [InlineData(FusedBias, ModelLayout.HuggingFace, false)]
    [InlineData(FusedBias, ModelLayout.Native, false)]
    [InlineData("large/large_noutnorm_dims", ModelLayout.HuggingFace, true)]
    public void EveryLayoutAndFusionIsTheSameModel(string path, ModelLayout layout, bool fused)
    {
        using var folder = new TemporaryFolder();
        string there = Path.Combine(folder.Path, "there"), back = Path.Combine(folder.Path, "back"), source = TestData.Golden(path);
        ModelConverter.Convert(source, there, new ConversionOptions(layout, Fused: fused));
        Assert.Equal(layout == ModelLayout.Native, File.Exists(Path.Combine(there, "config.yaml")));
        Assert.Equal(fused, XLstmLanguageModel.Load(there).Parameters.Any(p => p.Name.Contains("qkv_opreact", StringComparison.Ordinal)));
        Numbers.Close(path, Logits(XLstmLanguageModel.Load(source)), Logits(XLstmLanguageModel.Load(there)), 1e-6);

        bool first = path == FusedBias;
        ModelConverter.Convert(there, back, new ConversionOptions(ModelLayout.Native, Fused: first));
        Numbers.SameBits(path, Bits(source), Bits(back));

        static float[] Bits(string model)
        {
            using ModelWeights weights = ModelWeights.Open(Path.Combine(model, "model.safetensors"));
            return [.. weights.Tensors.OrderBy(t => t.Name, StringComparer.Ordinal).SelectMany(t =>
            {
                var values = new float[t.Count];
                weights.ReadFloats(t.Name, values);
                return values;
            })];
        }
    }

    /// <summary>Through the layout whose config has no place for them, and where a config says nothing: what transformers takes then.</summary>
    [Theory]
    [InlineData("\"bos_token_id\": 5, \"eos_token_id\": 7, \"pad_token_id\": 3, ", 5, 7, 3)]
    [InlineData("\"bos_token_id\": null, \"eos_token_id\": null, \"pad_token_id\": null, ", null, null, null)]
    [InlineData("", 0, 2, 1)]
    public void SpecialTokensStayWhatTheyAre(string keys, int? bos, int? eos, int? pad)
    {
        using var folder = new TemporaryFolder();
        string first = Path.Combine(folder.Path, "first"), config = Path.Combine(first, "config.json");
        ModelConverter.Convert(TestData.Golden(Single), first, new ConversionOptions(ModelLayout.HuggingFace));
        IEnumerable<string> others = File.ReadAllLines(config).Skip(1).Where(line => !line.Contains("_token_id", StringComparison.Ordinal));
        File.WriteAllText(config, "{" + keys + string.Concat(others));

        string native = Path.Combine(folder.Path, "native");
        ModelConverter.Convert(first, native, new ConversionOptions(ModelLayout.Native));
        Assert.Equal(bos, SpecialTokens.Read(native, new ByteTokenizer()).Start);
        foreach ((string source, string name, ConversionOptions options) in new[]
        {
            (first, "half", new ConversionOptions(Format: WeightFormat.F16)), (native, "back", new ConversionOptions(ModelLayout.HuggingFace)),
        })
        {
            string there = Path.Combine(folder.Path, name);
            ModelConverter.Convert(source, there, options);
            var found = Assert.IsType<XLstmLargeConfig>(ModelConfigReader.Read(there));
            Assert.Equal((bos, eos, pad), (found.BosTokenId, found.EosTokenId, found.PadTokenId));
            Assert.Equal(bos, SpecialTokens.Read(there, new ByteTokenizer()).Start);
        }
    }

    /// <summary>A model may end its texts in several ways: its config then has a list, of which configs elsewhere keep the first.</summary>
    [Fact]
    public void SeveralEndsComeAlong()
    {
        TextTokenizer tokenizer = TextTokenizer.Load(TestData.File("tokenizers/byte-level.json"));
        using var folder = new TemporaryFolder();
        string first = Path.Combine(folder.Path, "first"), config = Path.Combine(first, "config.json");
        ModelConverter.Convert(TestData.Golden(Single), first, new ConversionOptions(ModelLayout.HuggingFace));
        IEnumerable<string> others = File.ReadAllLines(config).Skip(1).Where(line => !line.Contains("_token_id", StringComparison.Ordinal));
        File.WriteAllText(config, "{\"bos_token_id\": 0, \"eos_token_id\": [1, 0], \"pad_token_id\": 1, " + string.Concat(others));
        File.Delete(Path.Combine(first, "generation_config.json"));
        Assert.Equal([0, 1], SpecialTokens.Read(first, tokenizer).Ends);
        Assert.Equal(1, XLstmLanguageModel.Load(first).Config is XLstmLargeConfig large ? large.EosTokenId : null);

        foreach (ModelLayout layout in Enum.GetValues<ModelLayout>())
        {
            string there = Path.Combine(folder.Path, $"{layout}");
            ModelConverter.Convert(first, there, new ConversionOptions(layout));
            Assert.Equal([0, 1], SpecialTokens.Read(there, tokenizer).Ends);
        }

        File.WriteAllText(config, "{\"eos_token_id\": [1, \"0\"], " + string.Concat(others));
        Assert.Equal("eos_token_id", Assert.Throws<CheckpointException>(() => XLstmLanguageModel.Load(first)).What);
    }

    [Fact]
    public void NewerNamesBecomeTheUsualOnes()
    {
        using var folder = new TemporaryFolder();
        string there = Path.Combine(folder.Path, "there");
        ModelConverter.Convert(TestData.Golden(Single + "/hf_longnames"), there, new ConversionOptions(ModelLayout.Native));
        using ModelWeights converted = ModelWeights.Open(there), own = ModelWeights.Open(TestData.Golden(Single + "/model.safetensors"));
        Assert.Equal(own.Tensors.Select(t => $"{t}").Order(StringComparer.Ordinal), converted.Tensors.Select(t => $"{t}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(WeightFormat.BF16, 1 / 256.0, "BF16")]
    [InlineData(WeightFormat.F16, 1 / 2048.0, "F16")]
    [InlineData(WeightFormat.Q8, 1 / 128.0, "Q8")]
    [InlineData(WeightFormat.Q4, 1 / 7.0, "Q4")] // a step of a block whose ends may be cut off by a few of them
    public void FewerBitsAreNearAndTakeLess(WeightFormat format, double tolerance, string type)
    {
        using var folder = new TemporaryFolder();
        string there = Path.Combine(folder.Path, "there"), source = TestData.Golden(Single);
        ModelConverter.Convert(source, there, new ConversionOptions(Format: format));
        using (ModelWeights weights = ModelWeights.Open(there))
        {
            Assert.Equal(type, $"{weights.Info("backbone.blocks.0.ffn.proj_up.weight").DType}");
            Assert.Equal(DType.F32, weights.Info("backbone.blocks.0.norm_mlstm.weight").DType);
        }
        Assert.True(new FileInfo(Path.Combine(there, "model.safetensors")).Length < new FileInfo(Path.Combine(source, "model.safetensors")).Length);
        XLstmLanguageModel before = XLstmLanguageModel.Load(source), after = XLstmLanguageModel.Load(there);
        foreach (Parameter parameter in before.Parameters)
        {
            string name = parameter.Name == "embedding.weight" && after.Parameters.Find(parameter.Name) is null ? "backbone.embeddings.weight" : parameter.Name;
            Assert.InRange(parameter.Span.ToArray().Zip(after.Parameters[name].Span.ToArray(), (a, b) => Math.Abs(a - b)).Max(), 0, tolerance * parameter.Span.ToArray().Max(Math.Abs));
        }
        Numbers.Close("mapped", Logits(after), Logits(XLstmLanguageModel.LoadForInference(there)), QuantizedWeights.IsQuantized(format) ? 0.2 : 1e-5); // of quantised weights also the inputs are rounded
    }

    [Theory]
    [InlineData("")]
    [InlineData("/hf_sharded")]
    [InlineData("/fused")]
    public void MappedWeightsGiveTheLogitsOfGolden(string layout)
    {
        var golden = new GoldenCase(Single);
        int[] prompt = [.. golden.Longs("in.prompt").Select(t => (int)t)];
        using var pass = new Pass();
        golden.AssertClose("logits", XLstmLanguageModel.LoadForInference(TestData.Golden(Single + layout)).Forward(prompt, 2, null, pass).Logits.Span);
    }

    [Fact]
    public void ShardsHaveAnIndexAndCompanionsComeAlong()
    {
        using var folder = new TemporaryFolder();
        string source = Path.Combine(folder.Path, "source"), there = Path.Combine(folder.Path, "there");
        XLstmLanguageModel model = XLstmLanguageModel.Load(TestData.Golden(Single));
        model.Save(source);
        File.WriteAllText(Path.Combine(source, "LICENSE"), "free");
        var told = new List<double>();
        ModelConverter.Convert(source, there, new ConversionOptions(Format: WeightFormat.BF16, ShardBytes: 20_000), new Told(told));
        Assert.True(Directory.GetFiles(there, "model-0*.safetensors").Length > 2);
        Assert.True(File.Exists(Path.Combine(there, "model.safetensors.index.json")));
        Assert.Equal("free", File.ReadAllText(Path.Combine(there, "LICENSE")));
        Assert.Equal(told.Order(), told);
        Assert.InRange(told[^1], 0.5, 1);
        Assert.Equal(model.Parameters.Select(p => $"{p}").Order(StringComparer.Ordinal), XLstmLanguageModel.Load(there).Parameters.Select(p => $"{p}").Order(StringComparer.Ordinal));
    }

    /// <summary>Half a download, and weights that the format cannot hold: the error comes before anything is there.</summary>
    [Fact]
    public void WhatCouldNotBeOpenedIsNotWritten()
    {
        using var folder = new TemporaryFolder();
        string source = Path.Combine(folder.Path, "source"), there = Path.Combine(folder.Path, "there"), file = Path.Combine(source, "model.safetensors");
        XLstmLanguageModel model = XLstmLanguageModel.Load(TestData.Golden(Single));
        model.Save(source);
        using (ModelWeights weights = ModelWeights.Open(TestData.Golden(Single + "/model.safetensors")))
            SafetensorsWriter.Write(file, [.. weights.Tensors.Where(t => !t.Name.Contains("blocks.1.", StringComparison.Ordinal)).Select(t => TensorToWrite.FromFloats(t.Name, t.Shape, new float[t.Count]))]);
        Assert.Contains("blocks.1.", Assert.Throws<CheckpointException>(() => ModelConverter.Convert(source, there, new ConversionOptions(Format: WeightFormat.Q4))).What, StringComparison.Ordinal);

        model.Parameters.First(p => p.Name.EndsWith("ffn.proj_up.weight", StringComparison.Ordinal)).Span[0] = 70_000;
        model.Save(source);
        Assert.Contains("70000", Assert.Throws<CheckpointException>(() => ModelConverter.Convert(source, there, new ConversionOptions(Format: WeightFormat.F16))).Message, StringComparison.Ordinal);
        Assert.Equal([source], Directory.GetFileSystemEntries(folder.Path));
    }

    /// <summary>How other programs are to run the model stays in a config of the same layout, and goes where they would refuse it.</summary>
    [Fact]
    public void KeysOfOtherProgramsComeAlongWithinALayout()
    {
        using var folder = new TemporaryFolder();
        string native = TestData.Golden("large/large_single/native_sharded"), same = Path.Combine(folder.Path, "same"), other = Path.Combine(folder.Path, "other"), again = Path.Combine(folder.Path, "again");
        ModelConverter.Convert(native, same, new ConversionOptions(Format: WeightFormat.BF16));
        string text = File.ReadAllText(Path.Combine(same, "config.yaml"));
        Assert.Contains("return_last_states: true", text, StringComparison.Ordinal);
        Assert.Contains("mode: \"inference\"", text, StringComparison.Ordinal);
        Assert.Equal(ModelConfigReader.Read(native), ModelConfigReader.Read(same));

        // Whatever the key is, the config stays one, with the same numbers.
        File.AppendAllText(Path.Combine(same, "config.yaml"), "\"a: b\\nnum_heads\": 7\n");
        ModelConverter.Convert(same, Path.Combine(folder.Path, "odd"), new ConversionOptions());
        Assert.Equal(ModelConfigReader.Read(native), ModelConfigReader.Read(Path.Combine(folder.Path, "odd")));

        ModelConverter.Convert(native, other, new ConversionOptions(ModelLayout.HuggingFace));
        Assert.DoesNotContain("return_last_states", File.ReadAllText(Path.Combine(other, "config.json")), StringComparison.Ordinal);
        string config = Path.Combine(other, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("{\n", "{\n  \"torch_dtype\": \"float32\", \"chunk_size\": 64,\n", StringComparison.Ordinal));
        ModelConverter.Convert(other, again, new ConversionOptions(Format: WeightFormat.BF16));
        string written = File.ReadAllText(Path.Combine(again, "config.json"));
        Assert.Contains("\"chunk_size\": 64", written, StringComparison.Ordinal);
        Assert.DoesNotContain("float32", written, StringComparison.Ordinal);
    }

    /// <summary>A cap of null is no cap, in either layout: as one that nothing reaches.</summary>
    [Theory]
    [InlineData("gate_soft_cap")]
    [InlineData("output_logit_soft_cap")]
    public void NoCapIsNull(string key)
    {
        using var folder = new TemporaryFolder();
        string first = Path.Combine(folder.Path, "first"), native = Path.Combine(folder.Path, "native"), config = Path.Combine(first, "config.json");
        ModelConverter.Convert(TestData.Golden(Single), first, new ConversionOptions(ModelLayout.HuggingFace));
        float[] capped = Logits(XLstmLanguageModel.Load(first));
        string text = File.ReadAllText(config), with = System.Text.RegularExpressions.Regex.Match(text, $"\"{key}\": [0-9.]+").Value;
        File.WriteAllText(config, text.Replace(with, $"\"{key}\": 1e9", StringComparison.Ordinal));
        float[] high = Logits(XLstmLanguageModel.Load(first));
        File.WriteAllText(config, text.Replace(with, $"\"{key}\": null", StringComparison.Ordinal));
        ModelConverter.Convert(first, native, new ConversionOptions(ModelLayout.Native));
        foreach (string path in new[] { first, native })
            Numbers.Close(path, high, Logits(XLstmLanguageModel.Load(path)), 1e-4);
        Assert.NotEqual(capped, high);
    }

    [Fact]
    public void ModelsOfThePapersBlocksTakeFewerBitsAndNoLayout()
    {
        using var folder = new TemporaryFolder();
        string source = TestData.Golden("lm/lm_readme"), there = Path.Combine(folder.Path, "there");
        Assert.Throws<ArgumentException>(() => ModelConverter.Convert(source, there, new ConversionOptions(ModelLayout.Native)));
        ModelConverter.Convert(source, there, new ConversionOptions(Format: WeightFormat.Q8));
        Numbers.Close("logits", Logits(XLstmLanguageModel.Load(there)), Logits(XLstmLanguageModel.LoadForInference(there)), 0.01);
        // What was rounded once is not rounded anew.
        CheckpointException error = Assert.Throws<CheckpointException>(() => ModelConverter.Convert(there, Path.Combine(folder.Path, "again"), new ConversionOptions(Format: WeightFormat.Q4)));
        Assert.Equal("Q8", error.Found);
        ModelConverter.Convert(there, Path.Combine(folder.Path, "floats"), new ConversionOptions(Format: WeightFormat.F32));
        Numbers.Close("logits", Logits(XLstmLanguageModel.Load(there)), Logits(XLstmLanguageModel.Load(Path.Combine(folder.Path, "floats"))), 1e-6);
    }

    [Fact]
    public void NothingIsLeftOfWhatWasStoppedOrCannotBe()
    {
        using var folder = new TemporaryFolder();
        string there = Path.Combine(folder.Path, "there");
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => ModelConverter.Convert(TestData.Golden(Single), there, new ConversionOptions(Format: WeightFormat.Q4), cancellation: stopped.Token));
        Assert.Throws<CheckpointException>(() => ModelConverter.Convert(folder.Path, there, new ConversionOptions(Format: WeightFormat.Q4)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));

        Directory.CreateDirectory(there);
        File.WriteAllText(Path.Combine(there, "mine"), "x");
        Assert.Contains("there already", Assert.Throws<IOException>(() => ModelConverter.Convert(TestData.Golden(Single), there, new ConversionOptions(Fused: true))).Message, StringComparison.Ordinal);
        Assert.Equal(["mine"], Directory.GetFiles(there).Select(Path.GetFileName));
    }

    [Fact]
    public void FusedRowsThatDoNotFitAreNamed()
    {
        using var folder = new TemporaryFolder();
        string source = Path.Combine(folder.Path, "source");
        XLstmLanguageModel.Load(TestData.Golden(FusedBias)).Save(source);
        using (ModelWeights weights = ModelWeights.Open(source))
        {
            // An output projection that would leave no rows for q and k.
            List<TensorToWrite> tensors = [.. weights.Tensors.Select(t => TensorToWrite.FromFloats(t.Name, t.Name.EndsWith("out_proj.weight", StringComparison.Ordinal) ? [16, 64] : t.Shape, new float[t.Count]))];
            SafetensorsWriter.Write(Path.Combine(folder.Path, "other.safetensors"), tensors);
        }
        File.Move(Path.Combine(folder.Path, "other.safetensors"), Path.Combine(source, "model.safetensors"), overwrite: true);
        CheckpointException error = Assert.Throws<CheckpointException>(() => ModelConverter.Convert(source, Path.Combine(folder.Path, "there"), new ConversionOptions(Fused: false)));
        Assert.Contains("qkv_opreact", error.What, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => XLstmLanguageModel.Load(source));
    }

    [Fact]
    public void TensorsThatAreThereTwiceOrDoNotFitTogetherAreNamed()
    {
        using var folder = new TemporaryFolder();
        string source = Path.Combine(folder.Path, "source"), file = Path.Combine(source, "model.safetensors"), q = "backbone.blocks.0.mlstm_layer.q.weight";
        XLstmLanguageModel.Load(TestData.Golden(Single)).Save(source);
        foreach ((string name, long[] shape) in new[] { (q.Replace(".q.", ".query.", StringComparison.Ordinal), new long[] { 16, 32 }), (q, [32, 16]) })
        {
            using (ModelWeights weights = ModelWeights.Open(TestData.Golden(Single + "/model.safetensors")))
                SafetensorsWriter.Write(file, [.. weights.Tensors.Where(t => t.Name != name).Select(t => TensorToWrite.FromFloats(t.Name, t.Shape, new float[t.Count])), TensorToWrite.FromFloats(name, shape, new float[512])]);
            CheckpointException error = Assert.Throws<CheckpointException>(() => ModelConverter.Convert(source, Path.Combine(folder.Path, "there"), new ConversionOptions(Fused: true)));
            Assert.Contains("mlstm_layer", error.What, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ThinMatricesDoNotAskForAllMemory()
    {
        var config = new XLstmLargeConfig(9, 1, 1, 1, QkDimFactor: 50_000, VDimFactor: 50_000);
        Assert.Contains("268435456", Assert.Throws<ArgumentException>(() => new XLstmLanguageModel(config)).Message, StringComparison.Ordinal);
    }

    private static float[] Logits(XLstmLanguageModel model)
    {
        using var pass = new Pass();
        int[] tokens = [.. Enumerable.Range(0, 24).Select(i => i * i * 7 % model.VocabSize)];
        return model.Forward(tokens, 1, null, pass).Logits.Span.ToArray();
    }

    private sealed class Told(List<double> values) : IProgress<double>
    {
        public void Report(double value) => values.Add(value);
    }
}
