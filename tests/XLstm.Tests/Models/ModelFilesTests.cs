using System.Text.Json;
using XLstm.Golden;

namespace XLstm.Tests;

public class ModelFilesTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ASavedModelLoadsBitForBit(bool tied)
    {
        XLstmLanguageModel model = TestModels.Model(tied);
        using var folder = new TemporaryFolder();
        string directory = Path.Combine(folder.Path, "deeper", "model");
        model.Save(directory);
        XLstmLanguageModel loaded = XLstmLanguageModel.Load(directory);
        Assert.Equal(model.Config, loaded.Config);
        Assert.Equal(model.Parameters.Select(p => (p.Name, p.Shape, p.Decays)), loaded.Parameters.Select(p => (p.Name, p.Shape, p.Decays)));
        foreach ((Parameter a, Parameter b) in model.Parameters.Zip(loaded.Parameters))
            Numbers.SameBits(a.Name, a.Span, b.Span);
        Numbers.SameBits("logits", Logits(model), Logits(loaded));
        using ModelWeights weights = ModelWeights.Open(directory);
        Assert.True(weights.Contains("lm_head.weight")); // tied or not, as the reference writes it

        // Over itself, and every kind of block.
        loaded.Save(directory);
        Numbers.SameBits("logits", Logits(model), Logits(XLstmLanguageModel.Load(directory)));
    }

    [Fact]
    public void EveryKindOfBlockComesBack()
    {
        foreach ((string name, XLstmStackConfig s) in TestModels.Stacks)
        {
            var config = new XLstmLanguageModelConfig(17, s.NumBlocks, s.EmbeddingDim, s.MlstmBlock, s.SlstmBlock, s.SlstmAt, s.ContextLength, s.AddPostBlocksNorm, s.Bias);
            var model = new XLstmLanguageModel(config, seed: 1);
            TestModels.Shake(model.Parameters);
            using var folder = new TemporaryFolder();
            model.Save(folder.Path);
            Numbers.SameBits(name, Logits(model), Logits(XLstmLanguageModel.Load(folder.Path)));
        }
    }

    [Fact]
    public void TheSeedDecidesANewModel()
    {
        float[] Values(ulong seed) => [.. new XLstmLanguageModel(TestModels.LanguageModel(), seed).Parameters.SelectMany(p => p.Span.ToArray())];
        Assert.Equal(Values(1), Values(1));
        Assert.NotEqual(Values(1), Values(2));
    }

    [Fact]
    public void InitialValuesHaveTheirSpread()
    {
        var model = new XLstmLanguageModel(TestModels.LanguageModel() with { EmbeddingDim = 64, VocabSize = 500 }, seed: 1);
        double Deviation(string name) => Math.Sqrt(model.Parameters[name].Span.ToArray().Average(v => (double)v * v));
        const string Blocks = "xlstm_block_stack.blocks.";
        Assert.Equal(Math.Sqrt(2.0 / (5 * 64)), Deviation("token_embedding.weight"), 0.003);
        Assert.Equal(Math.Sqrt(2.0 / (5 * 64)), Deviation("lm_head.weight"), 0.003);
        Assert.Equal(Math.Sqrt(2.0 / (5 * 64)), Deviation(Blocks + "0.xlstm.proj_up.weight"), 0.003);
        Assert.Equal(2.0 / 3 / 8, Deviation(Blocks + "0.xlstm.proj_down.weight"), 0.004);
        Assert.Equal(2.0 / 3 / 8, Deviation(Blocks + "1.ffn.proj_down.weight"), 0.004);
        Assert.Equal(Math.Sqrt(2.0 / (5 * 64)), Deviation(Blocks + "1.xlstm.zgate.weight"), 0.006);
        Assert.Equal(0, Deviation(Blocks + "1.xlstm.slstm_cell._recurrent_kernel_"));
        Assert.Equal(0, Deviation(Blocks + "0.xlstm_norm.weight"));
        Assert.Equal(1, Deviation(Blocks + "0.xlstm.learnable_skip"));
        Assert.Equal([3f, 6f], model.Parameters[Blocks + "0.xlstm.mlstm_cell.fgate.bias"].Span.ToArray());
    }

    /// <summary>The package's config as YAML, and recurrent kernels as its CUDA code lays them out.</summary>
    [Theory]
    [InlineData("config.yaml")]
    [InlineData("config.json")]
    public void ModelsOfTheCudaBackendGiveTheSameLogits(string configName)
    {
        var golden = new GoldenCase("lm/lm_readme");
        XLstmLanguageModel plain = XLstmLanguageModel.Load(golden.Folder);
        using var folder = new TemporaryFolder();
        folder.File(configName, configName.EndsWith("yaml", StringComparison.Ordinal) ? Yaml(golden.Config.GetProperty("model"), "") : golden.Config.GetRawText());
        List<TensorToWrite> tensors = [];
        using (ModelWeights weights = ModelWeights.Open(golden.Folder))
            foreach (TensorInfo info in weights.Tensors)
            {
                float[] values = golden.Floats(info.Name);
                IReadOnlyList<long> shape = info.Shape;
                if (info.Name.EndsWith("_recurrent_kernel_", StringComparison.Ordinal))
                {
                    values = Transposed(values, (int)shape[0], (int)shape[1], (int)shape[2]);
                    shape = [shape[0], shape[2], shape[1]];
                }
                else if (info.Name.EndsWith("slstm_cell._bias_", StringComparison.Ordinal))
                    values = HeadFirst(values, ((XLstmLanguageModelConfig)plain.Config).SlstmBlock!.Slstm.NumHeads);
                tensors.Add(TensorToWrite.FromFloats(info.Name, shape, values));
            }
        SafetensorsWriter.Write(Path.Combine(folder.Path, "model.safetensors"), tensors);
        XLstmLanguageModel loaded = XLstmLanguageModel.Load(folder.Path);
        Numbers.SameBits("logits", Logits(plain), Logits(loaded));
        loaded.Save(Path.Combine(folder.Path, "again"));
        Numbers.SameBits("logits", Logits(plain), Logits(XLstmLanguageModel.Load(Path.Combine(folder.Path, "again"))));
    }

    /// <summary>The layouts as the reference's own conversion writes them.</summary>
    [Fact]
    public void CudaLayoutsOfTheReference()
    {
        foreach (string path in GoldenCase.Cases("cells/slstm_").Select(c => c.Data))
        {
            var golden = new GoldenCase(path);
            using var folder = new TemporaryFolder();
            string[] names = ["_recurrent_kernel_", "_bias_"];
            SafetensorsWriter.Write(
                Path.Combine(folder.Path, "model.safetensors"),
                [.. names.Select(n => TensorToWrite.FromFloats(n, [.. golden.Shape("cuda." + n).Select(s => (long)s)], golden.Floats("cuda." + n)))]);
            using ModelWeights weights = ModelWeights.Open(folder.Path);
            int heads = golden.Config.GetProperty("NH").GetInt32();
            var cell = new SLstmCell(new ParameterSet(weights).Root, heads * golden.Config.GetProperty("DH").GetInt32(), heads);
            Numbers.SameBits(path, golden.Floats("vanilla._recurrent_kernel_"), cell.Kernel.Span);
            Numbers.SameBits(path, golden.Floats("vanilla._bias_"), cell.Bias.Span);
        }
    }

    [Fact]
    public void FilesThatAreNotTheModelAreRefusedByTensor()
    {
        XLstmLanguageModel model = TestModels.Model();
        using var folder = new TemporaryFolder();
        model.Save(folder.Path);
        string file = Path.Combine(folder.Path, "model.safetensors");
        Dictionary<string, (long[] Shape, float[] Values)> good = model.Parameters.ToDictionary(p => p.Name, p => (Dimensions(p), p.Span.ToArray()));

        CheckpointException Refused(Dictionary<string, (long[] Shape, float[] Values)> tensors)
        {
            SafetensorsWriter.Write(file, [.. tensors.Select(t => TensorToWrite.FromFloats(t.Key, t.Value.Shape, t.Value.Values))]);
            return Assert.Throws<CheckpointException>(() => XLstmLanguageModel.Load(folder.Path));
        }

        foreach (string name in good.Keys)
        {
            var tensors = new Dictionary<string, (long[], float[])>(good);
            tensors.Remove(name);
            Assert.Contains(name, Refused(tensors).What, StringComparison.Ordinal);
            // One row more, and the same numbers in one dimension more.
            (long[] shape, float[] values) = good[name];
            tensors[name] = ([shape[0] + 1, .. shape[1..]], new float[values.Length + values.Length / shape[0]]);
            Assert.Contains(name, Refused(tensors).What, StringComparison.Ordinal);
            tensors[name] = ([1, .. shape], values);
            Assert.Contains(name, Refused(tensors).What, StringComparison.Ordinal);
        }
        foreach ((string name, long[] shape) in (ReadOnlySpan<(string, long[])>)[
            ("xlstm_block_stack.blocks.0.xlstm.proj_down.weight", [12, 17]), ("xlstm_block_stack.blocks.0.xlstm.proj_down.weight", [12, 0]),
            ("xlstm_block_stack.blocks.1.ffn.proj_up.weight", [1, 12]), ("xlstm_block_stack.blocks.1.ffn.proj_up.weight", [33, 12])])
        {
            var tensors = new Dictionary<string, (long[] Shape, float[] Values)>(good) { [name] = (shape, new float[shape[0] * shape[1]]) };
            Assert.Contains(name, Refused(tensors).What, StringComparison.Ordinal);
        }
        var more = new Dictionary<string, (long[], float[])>(good) { ["xlstm_block_stack.blocks.3.xlstm_norm.weight"] = ([12], new float[12]) };
        Assert.Contains("xlstm_block_stack.blocks.3.xlstm_norm.weight", Refused(more).What, StringComparison.Ordinal);

        SafetensorsWriter.Write(file, [.. good.Select(t => TensorToWrite.FromFloats(t.Key, t.Value.Shape, t.Value.Values))]);
        Numbers.SameBits("logits", Logits(model), Logits(XLstmLanguageModel.Load(folder.Path)));
        File.Delete(file);
        Assert.Throws<CheckpointException>(() => XLstmLanguageModel.Load(folder.Path));
    }

    /// <summary>Inner widths that another implementation rounded differently are read from the tensors.</summary>
    [Fact]
    public void InnerWidthsComeFromTheTensors()
    {
        XLstmLanguageModel model = TestModels.Model();
        using var folder = new TemporaryFolder();
        model.Save(folder.Path);
        var config = (XLstmLanguageModelConfig)model.Config;
        XLstmLanguageModelConfig wider = config with
        {
            MlstmBlock = new(config.MlstmBlock!.Mlstm with { ProjFactor = 3 }),
            SlstmBlock = config.SlstmBlock! with { Feedforward = new FeedForwardConfig(ProjFactor: 4) },
        };
        ModelConfigWriter.Write(folder.Path, wider);
        Numbers.SameBits("logits", Logits(model), Logits(XLstmLanguageModel.Load(folder.Path)));
    }

    private static float[] Logits(XLstmLanguageModel model)
    {
        using var pass = new Pass();
        return model.Forward(TestModels.Tokens(14), 2, null, pass).Logits.Span.ToArray();
    }

    private static long[] Dimensions(Tensor tensor) => [.. Enumerable.Range(0, tensor.Shape.Rank).Select(i => (long)tensor.Shape[i])];

    private static float[] Transposed(float[] values, int heads, int rows, int columns)
    {
        var result = new float[values.Length];
        for (int h = 0; h < heads; h++)
            for (int r = 0; r < rows; r++)
                for (int c = 0; c < columns; c++)
                    result[(h * columns + c) * rows + r] = values[(h * rows + r) * columns + c];
        return result;
    }

    // [4, N, d] to [N, 4, d]
    private static float[] HeadFirst(float[] bias, int heads)
    {
        int d = bias.Length / 4 / heads;
        return [.. from h in Enumerable.Range(0, heads) from g in Enumerable.Range(0, 4) from i in Enumerable.Range(0, d) select bias[(g * heads + h) * d + i]];
    }

    private static string Yaml(JsonElement value, string indent) => string.Concat(value.EnumerateObject().Select(p => p.Value.ValueKind == JsonValueKind.Object && p.Value.EnumerateObject().Any()
        ? $"{indent}{p.Name}:\n{Yaml(p.Value, indent + "  ")}"
        : $"{indent}{p.Name}: {p.Value.GetRawText()}\n"));
}
