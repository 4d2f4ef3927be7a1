using XLstm.Golden;
using XLstm.Kernels;
using XLstm.Tests.Checkpoints;

namespace XLstm.Tests.Inspection;

/// <summary>Every format is recognised, and what is wrong with one is said.</summary>
public sealed class CheckpointInspectorTests
{
    private static CheckpointReport Inspect(string path) => CheckpointInspector.Inspect(path, cancellation: TestContext.Current.CancellationToken);

    private static string Text(CheckpointReport report) =>
        string.Join('\n', [report.Description, .. report.Facts.Select(f => $"{f.Label}: {f.Text}"), .. report.Findings.Select(f => $"{f.Severity}: {f.Text}"), .. report.Next, report.License]);

    private static void Has(CheckpointReport report, CheckpointKind kind, bool usable, params string[] parts)
    {
        string text = Text(report);
        Assert.Equal((kind, usable, text), (report.Kind, report.IsUsable, text));
        Assert.All(parts, part => Assert.Contains(part, text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("lm/lm_readme", "4: m s m m", "39,512")]
    [InlineData("lm/lm_tied_wdemb", "head tied", "config.json was written by another program")]
    public void ModelsOfThePackage(string name, params string[] parts) => Has(Inspect(new GoldenCase(name).Folder), CheckpointKind.LanguageModel, true, parts);

    [Fact]
    public void AStackThatSomebodyTrained()
    {
        CheckpointReport report = Inspect(TestData.File("stocks/xLSTM_H3_F5_AAPL.pt"));
        Has(report, CheckpointKind.Stack, true, "2: m m", "model_state.input_projection: 5 in, 32 out", "model_state.output_projection: 32 in, 3 out", "states 6 of these sizes", "MIT, says LICENSE", "XLstmStackModel.Load", "val_loss");
        Assert.Equal(("model_state.xlstm_stack.", 16_583), (report.Prefix, report.Parameters));
        Assert.Equal(XLstmStack.Load(report.Path).CreateState().Bytes, report.StateBytes);
    }

    [Theory]
    [InlineData("large/large_single/hf_bf16", "layout of Hugging Face", "2, all mLSTM", "4 heads of 4 x 8", "37,616", "1,184 bytes", "BF16")]
    public void XLstmLarge(string name, params string[] parts) => Has(Inspect(TestData.Golden(name)), CheckpointKind.XLstmLarge, true, parts);

    [Theory]
    [InlineData(false, "query", true)]
    [InlineData(true, "q", false)]
    public void XLstmLargeUnderOtherNames(bool fused, string query, bool hf)
    {
        using var folder = new TemporaryFolder();
        var sizes = new LargeSizes(2, 8, 2, 4, 8, 16, 10, hf ? "backbone.embeddings.weight" : "embedding.weight", fused, query, OutNorm: true, Head: true);
        Dictionary<string, long[]> tensors = sizes.Expected("");
        Save(folder, tensors);
        folder.File("config.yaml", "embedding_dim: 8\nnum_heads: 2\nnum_blocks: 2\nvocab_size: 10\nqk_dim_factor: 0.5\nweight_mode: single\nffn_proj_factor: 1.0\nffn_round_up_to_multiple_of: 64\n");
        CheckpointReport report = Inspect(folder.Path);
        Has(report, CheckpointKind.XLstmLarge, true, fused ? "fused weights" : "query, key, value", hf ? "Hugging Face" : "its authors", "2 heads of 2 x 4", "gives a feed-forward of 64 as PyTorch rounds it, the tensors have 16");
        Assert.Equal(2 * 2 * ((2 * 4) + 2 + 1) * 4, report.StateBytes);

        folder.File("config.yaml", "embedding_dim: 8\nnum_heads: 2\nnum_blocks: 2\nnum_hidden_layers: 3\nvocab_size: 10\nqk_dim_factor: 0.5\n");
        Has(Inspect(folder.Path), CheckpointKind.XLstmLarge, true, "num_hidden_layers 3, the tensors 2: num_blocks is read instead");

        tensors.Remove("backbone.blocks.1.norm_ffn.weight");
        tensors.Add("backbone.blocks.1.other.weight", [3]);
        tensors["lm_head.weight"] = [10, 9];
        Save(folder, tensors);
        folder.File("config.yaml", "embedding_dim: 8\nnum_heads: 4\nnum_blocks: 2\nqk_dim_factor: 0.5\n");
        Has(Inspect(folder.Path), CheckpointKind.XLstmLarge, false, "1 tensors are missing: backbone.blocks.1.norm_ffn.weight", "backbone.blocks.1.other.weight", "lm_head.weight [10, 9]", "num_heads 4, the tensors 2");
    }

    [Fact]
    public void TiRexInItsFiles()
    {
        string golden = TestData.Golden("tirex/tirex_small");
        foreach (string file in (string[])["model.ckpt", "model_legacy.ckpt", "model.safetensors"])
            Has(Inspect(Path.Combine(golden, file)), CheckpointKind.TiRex, true, "2, all sLSTM", "4 heads of 8", "8 values in, 72 numbers out", "context of 64 values", "42,032", "NXAI Community License", "xlstm forecast FILE.csv --model", "fgate feeds the input gate");
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(golden, "model.safetensors"), Path.Combine(folder.Path, "model.safetensors"));
        Has(Inspect(folder.Path), CheckpointKind.TiRex, false, "model_config");
        Save(folder, new() { ["blocks.0.fwd_cell._recurrent_kernel_"] = [2, 4, 4, 4], ["blocks.0.combination.weight"] = [8, 16] });
        Has(Inspect(folder.Path), CheckpointKind.TiRex2, false, "not supported");
    }

    [Fact]
    public void SessionsRunsAndTokenizers()
    {
        using var folder = new TemporaryFolder();
        XLstmLanguageModel model = TestModels.Model();
        using Session session = model.CreateSession(1);
        session.Append(TestModels.Tokens(5), TestContext.Current.CancellationToken);
        string path = Path.Combine(folder.Path, "talk.state");
        session.Save(path);
        CheckpointReport report = Inspect(path);
        Has(report, CheckpointKind.Session, true, "session after 5 tokens", "generate --model DIR --session");
        Assert.Equal(session.StateBytes, report.StateBytes);
        string damaged = Path.Combine(folder.Path, "damaged.state");
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^20] ^= 1;
        File.WriteAllBytes(damaged, bytes);
        Has(Inspect(damaged), CheckpointKind.Session, false, "checksum");

        string run = Path.Combine(folder.Path, "run");
        model.Save(run);
        new ByteTokenizer().Save(run);
        File.WriteAllText(Path.Combine(run, "run.json"), """{"steps": 100, "text": "book.txt"}""");
        Has(Inspect(run), CheckpointKind.TrainingRun, true, "steps 100, text book.txt", "before its first checkpoint", "the tokenizer has 256 tokens, the model 17", "xlstm generate --model");
        Has(Inspect(Path.Combine(run, "tokenizer.json")), CheckpointKind.Tokenizer, true, "bytes, 256 tokens");
        Has(Inspect(Path.Combine(run, "config.json")), CheckpointKind.Config, true, "language model of the paper's blocks, config only");
        Assert.Equal(model.CreateSession(1).StateBytes, Inspect(run).StateBytes);
    }

    public static TheoryData<string> StackNames => TestModels.StackNames;

    [Theory]
    [MemberData(nameof(StackNames))]
    public void ExpectedTensorsAreThoseThatLayersAskFor(string name)
    {
        XLstmStack stack = TestModels.Stack(name, out ParameterSet parameters);
        using var folder = new TemporaryFolder();
        Save(folder, parameters.ToDictionary(p => p.Name, p => Enumerable.Range(0, p.Shape.Rank).Select(i => (long)p.Shape[i]).ToArray(), StringComparer.Ordinal));
        if (name == "lstm")
            ModelConfigWriter.Write(folder.Path, stack.Config);
        CheckpointReport report = Inspect(folder.Path);
        Has(report, CheckpointKind.Stack, true);
        Assert.Equal((stack.CreateState().Bytes, parameters.ElementCount), (report.StateBytes, report.Parameters));
    }

    [Fact]
    public void WhatIsMissingUnexpectedOrOdd()
    {
        using var folder = new TemporaryFolder();
        XLstmLanguageModel model = TestModels.Model();
        model.Embedding.Weight.Span[3] = float.NaN;
        model.Save(folder.Path);
        Has(Inspect(folder.Path), CheckpointKind.LanguageModel, true, "token_embedding.weight has 1 values that are not finite", "no tokenizer.json");
        Assert.DoesNotContain("not finite", Text(CheckpointInspector.Inspect(folder.Path, values: false, TestContext.Current.CancellationToken)), StringComparison.Ordinal);

        Dictionary<string, long[]> tensors = model.Parameters.ToDictionary(p => p.Name, p => Enumerable.Range(0, p.Shape.Rank).Select(i => (long)p.Shape[i]).ToArray(), StringComparer.Ordinal);
        tensors.Remove("xlstm_block_stack.blocks.2.xlstm.proj_up.weight");
        tensors.Add("stranger", [1]);
        tensors["lm_head.weight"] = [18, TestModels.Width];
        Save(folder, tensors);
        Has(Inspect(folder.Path), CheckpointKind.LanguageModel, false, "1 tensors are missing: xlstm_block_stack.blocks.2.xlstm.proj_up.weight", "1 tensors that the config does not ask for, so the model cannot be loaded: stranger", "lm_head.weight [18, 12] for [17, 12]");
    }

    /// <summary>A scale that is no number makes NaN of the 32 weights that it belongs to.</summary>
    [Fact]
    public void ScalesOfCompactWeightsAreLookedAt()
    {
        using var folder = new TemporaryFolder();
        string small = Path.Combine(folder.Path, "small"), file = Path.Combine(small, "model.safetensors");
        ModelConverter.Convert(TestData.Golden("large/large_single"), small, new ConversionOptions(Format: WeightFormat.Q8));
        Assert.DoesNotContain("not finite", Text(Inspect(small)), StringComparison.Ordinal);
        TensorInfo tensor;
        using (ModelWeights weights = ModelWeights.Open(small))
            tensor = weights.Tensors.First(t => t.DType == DType.Q8);
        byte[] bytes = File.ReadAllBytes(file);
        int header = 8 + (int)BitConverter.ToInt64(bytes), scale = header + Offset(bytes.AsSpan(8, header - 8), tensor.Name);
        BitConverter.TryWriteBytes(bytes.AsSpan(scale), (ushort)0x7FC0);
        File.WriteAllBytes(file, bytes);
        Has(Inspect(small), CheckpointKind.XLstmLarge, true, $"{tensor.Name} has ", "values that are not finite");

        static int Offset(ReadOnlySpan<byte> json, string name) =>
            System.Text.Json.JsonDocument.Parse(System.Text.Encoding.UTF8.GetString(json)).RootElement.GetProperty(name).GetProperty("data_offsets")[0].GetInt32();
    }

    [Fact]
    public void TextsOfOtherKindsAreNamed()
    {
        using var folder = new TemporaryFolder();
        Has(Inspect(folder.File("sales.csv", "day,sold\n2024-01-01 10:00,3\n2024-01-02 10:00,-1\n")), CheckpointKind.Foreign, false, "a table", "xlstm forecast");
        Has(Inspect(folder.File("plain.txt", "Up betimes\nand to the office.\n")), CheckpointKind.Foreign, false, "a text", "xlstm train");
        new ByteTokenizer().Save(folder.Path);
        File.Move(Path.Combine(folder.Path, "tokenizer.json"), Path.Combine(folder.Path, "bytes.json"));
        Has(Inspect(Path.Combine(folder.Path, "bytes.json")), CheckpointKind.Tokenizer, true, "bytes, 256 tokens", "--tokenizer");
        Has(Inspect(folder.File("pieces.json", """{"model": {"type": "BPE", "vocab": {}, "merges": []}}""")), CheckpointKind.Tokenizer, false);
        Has(Inspect(folder.File("merges.txt", "#version: 0.2\na b\n")), CheckpointKind.Tokenizer, false, "vocab.json beside it");
        Has(Inspect(folder.File("stack.yaml", "num_blocks: 1\nembedding_dim: 8\nslstm_at: [0]\nslstm_block:\n  slstm: {num_heads: 1, conv1d_kernel_size: 2}\n")), CheckpointKind.Config, true);
    }

    [Fact]
    public void TheLayoutOfTheCudaCodeAndABiasOfTheOther()
    {
        const int N = 2, D = 6;
        TestModels.Stack("slstm", out ParameterSet parameters);
        using var folder = new TemporaryFolder();
        foreach ((bool cudaKernel, bool cudaBias) in (ReadOnlySpan<(bool, bool)>)[(false, false), (true, true), (true, false), (false, true)])
        {
            var bias = new float[4 * N * D];
            for (int h = 0; h < N; h++)
                for (int j = 0; j < D; j++)
                    bias[cudaBias ? (((h * 4) + 1) * D) + j : ((N + h) * D) + j] = 5 - (2 * j);
            SafetensorsWriter.Write(Path.Combine(folder.Path, "model.safetensors"), [.. parameters.Select(p => p.Name.EndsWith("_bias_", StringComparison.Ordinal)
                ? TensorToWrite.FromFloats(p.Name, [bias.Length], bias)
                : TensorToWrite.FromFloats(p.Name, p.Name.EndsWith("_recurrent_kernel_", StringComparison.Ordinal) ? cudaKernel ? [N, D, 4 * D] : [N, 4 * D, D] : [.. Enumerable.Range(0, p.Shape.Rank).Select(i => (long)p.Shape[i])], p.Span.ToArray()))]);
            string text = Text(Inspect(folder.Path));
            Assert.Contains(cudaKernel ? "the layout of the CUDA code" : "the package's CPU backend", text, StringComparison.Ordinal);
            Assert.Equal(cudaKernel != cudaBias, text.Contains("the bias beside it looks like the other", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void FilesThatAreNoCheckpoints()
    {
        using var folder = new TemporaryFolder();
        Has(Inspect(folder.File("a.safetensors", "")), CheckpointKind.Empty, false, "fetch or write it again");
        Has(Inspect(folder.File("b.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4900000000\n")), CheckpointKind.GitLfsPointer, false, "4,900,000,000 bytes", "lfs pull");
        Has(Inspect(folder.File("c.gguf", "GGUF\u0003\0\0\0"u8)), CheckpointKind.Foreign, false, "llama.cpp");
        Has(Inspect(folder.File("d.onnx", [0x08, 0x07, 0x12, 0x07, .. "pytorch"u8])), CheckpointKind.Foreign, false, "ONNX");
        Has(Inspect(folder.File("e.pt", "<!DOCTYPE html><html>")), CheckpointKind.Foreign, false, "web page");
        Has(Inspect(folder.File("f.pkl", [0x80, 0x04, (byte)'K', 1, (byte)'.'])), CheckpointKind.Foreign, false, "not executed");
        Has(Inspect(folder.File("g.h5", [0x89, (byte)'H', (byte)'D', (byte)'F', 13, 10, 26, 10])), CheckpointKind.Foreign, false, "HDF5");
        Has(Inspect(folder.File("h.bin", [1, 2, 3])), CheckpointKind.Unknown, false, "first bytes");
        Has(Inspect(folder.File("i.pt", TorchWriter.Zip(System.IO.Compression.CompressionLevel.Fastest, ("x/y", [1])))), CheckpointKind.Tensors, false, "data.pkl");
        SafetensorsWriter.Write(Path.Combine(folder.Path, "j.safetensors"), [TensorToWrite.FromFloats("lstm.weight_ih_l0", [4, 1], new float[4])]);
        Has(Inspect(Path.Combine(folder.Path, "j.safetensors")), CheckpointKind.Tensors, true, "a plain LSTM of PyTorch");
        Assert.Throws<FileNotFoundException>(() => Inspect(Path.Combine(folder.Path, "none")));
        Directory.CreateDirectory(Path.Combine(folder.Path, "empty"));
        Has(Inspect(Path.Combine(folder.Path, "empty")), CheckpointKind.Unknown, false, "config.json", "model.safetensors");
    }

    [Fact]
    public void ShardsThatWereNotDownloaded()
    {
        using var folder = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(TestData.Golden("large/large_single/hf_bf16")))
            File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        string shard = Path.Combine(folder.Path, "model-00002-of-00002.safetensors");
        File.WriteAllText(shard, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 39280\n");
        Has(Inspect(folder.Path), CheckpointKind.XLstmLarge, false, "model-00002-of-00002.safetensors is a pointer of Git LFS", "lfs pull");
        File.Delete(shard);
        Has(Inspect(folder.Path), CheckpointKind.XLstmLarge, false, "1 of 2 shards are missing: model-00002-of-00002.safetensors");
        Has(Inspect(Path.Combine(folder.Path, "model.safetensors.index.json")), CheckpointKind.Tensors, false, "1 of 2 shards are missing");
    }

    [Fact]
    public void LicencesBesideTheWeights()
    {
        using var folder = new TemporaryFolder();
        TestModels.Model().Save(folder.Path);
        folder.File("README.md", "---\nlicense: other\nlicense_name: nxai-community-license\n---\n# Model\n");
        Assert.Contains("NXAI Community License", Inspect(folder.Path).License, StringComparison.Ordinal);
        folder.File("LICENSE", "                                 Apache License\n                           Version 2.0, January 2004\n");
        Assert.Equal("Apache License 2.0, says LICENSE", Inspect(folder.Path).License);
    }

    [Fact]
    public void TextsThatAreNone()
    {
        using var folder = new TemporaryFolder();
        byte[] header = [.. """{"\ud800":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"""u8];
        Has(Inspect(folder.File("a.safetensors", [.. BitConverter.GetBytes((long)header.Length), .. header])), CheckpointKind.Tensors, false, "the header");
        Has(Inspect(folder.File("config.json", """{"num_blocks": 1, "\udfff": "\ud800", "slstm_block": {"slstm": {"function": "\ud800"}}}""")), CheckpointKind.Unknown, false, "JSON or YAML");
    }

    private static void Save(TemporaryFolder folder, Dictionary<string, long[]> tensors) =>
        SafetensorsWriter.Write(Path.Combine(folder.Path, "model.safetensors"), [.. tensors.Select(t => TensorToWrite.FromFloats(t.Key, t.Value, new float[t.Value.Aggregate(1L, (a, b) => a * b)]))]);
}
