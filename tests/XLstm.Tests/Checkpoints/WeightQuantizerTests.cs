using System.Text;
using XLstm.Kernels;

namespace XLstm.Tests;

public sealed class WeightQuantizerTests
{
    [Theory]
    [InlineData(WeightFormat.F32)]
    [InlineData(WeightFormat.BF16)]
    [InlineData(WeightFormat.F16)]
    [InlineData(WeightFormat.Q8)]
    [InlineData(WeightFormat.Q4)]
    public void AFileHoldsWhatWasChosen(WeightFormat format)
    {
        using var folder = new TemporaryFolder();
        Source(folder);
        string path = Path.Combine(folder.Path, "compact.safetensors");
        using ModelWeights source = ModelWeights.Open(Path.Combine(folder.Path, "source.safetensors"));
        WeightQuantizer.Write(source, path, format);
        using ModelWeights written = ModelWeights.Open(path);
        Assert.Equal(source.Tensors.Select(t => t.Name), written.Tensors.Select(t => t.Name));
        foreach (TensorInfo tensor in source.Tensors)
        {
            TensorInfo info = written.Info(tensor.Name);
            Assert.Equal(tensor.Shape, info.Shape);
            bool isMatrix = tensor.Name is "layer.weight" or "lm_head.weight", isHead = tensor.Name == "lm_head.weight";
            string expected = tensor.Name == "steps" ? "I64" : !isMatrix ? "F32" : isHead && format == WeightFormat.Q4 ? "Q8" : $"{format}";
            Assert.Equal($"{tensor.Name} {expected} [{string.Join(", ", tensor.Shape)}]", info.ToString());
            if (tensor.Name == "steps")
            {
                var numbers = new long[tensor.Count];
                written.ReadInt64(tensor.Name, numbers);
                Assert.Equal([3, 4], numbers);
                continue;
            }
            float[] before = Floats(source, tensor.Name), after = Floats(written, tensor.Name);
            if (expected == "F32")
                Assert.Equal(before, after);
            WeightMatrix? matrix = isMatrix ? written.Matrix(tensor.Name) : null;
            if (matrix is null)
                continue;
            Assert.Equal(info.ByteLength, matrix.ByteLength);
            var row = new float[matrix.Inputs];
            for (int o = 0; o < matrix.Outputs; o++)
            {
                matrix.ReadRow(o, row);
                Assert.Equal(after[(o * matrix.Inputs)..((o + 1) * matrix.Inputs)], row);
            }
            WeightFormat own = isHead && format == WeightFormat.Q4 ? WeightFormat.Q8 : format;
            Assert.Equal(Bytes(WeightMatrix.Encode("w", own, matrix.Outputs, matrix.Inputs, before)), Bytes(matrix));
        }
    }

    /// <summary>The same model as floats in memory and as floats in the file, and one in 8 bits that says almost the same.</summary>
    [Fact]
    public void AModelRunsFromItsFile()
    {
        XLstmLanguageModel model = TestModels.Model(tied: false);
        using var folder = new TemporaryFolder();
        model.Save(folder.Path);
        int[] tokens = [3, 1, 4, 1, 5];
        XLstmLanguageModel mapped = XLstmLanguageModel.LoadForInference(folder.Path);
        Assert.NotEmpty(mapped.Parameters.Matrices);
        Assert.Equal(model.Parameters.ElementCount, mapped.Parameters.ElementCount);
        using var pass = new Pass();
        Numbers.SameBits("logits", model.Forward(tokens, 1, null, pass).Logits.Span, mapped.Forward(tokens, 1, null, pass).Logits.Span);

        string compact = Path.Combine(folder.Path, "compact");
        Directory.CreateDirectory(compact);
        File.Copy(Path.Combine(folder.Path, "config.json"), Path.Combine(compact, "config.json"));
        using (ModelWeights weights = ModelWeights.Open(folder.Path))
            WeightQuantizer.Write(weights, Path.Combine(compact, "model.safetensors"), WeightFormat.Q8, t => t.Shape.Count == 2 && t.Name.EndsWith("weight", StringComparison.Ordinal) ? WeightFormat.Q8 : null);
        XLstmLanguageModel small = XLstmLanguageModel.LoadForInference(compact);
        Assert.Contains(small.Parameters.Matrices, m => m.Format == WeightFormat.Q8);
        ReadOnlySpan<float> a = model.Forward(tokens, 1, null, pass).Logits.Span, b = small.Forward(tokens, 1, null, pass).Logits.Span;
        for (int i = 0; i < a.Length; i++)
            Assert.Equal(a[i], b[i], 0.2f);

        // One step at a time allocates nothing, and what a session saves belongs to these weights only.
        using Session session = small.CreateSession(threads: 1);
        session.Append(tokens);
        session.Step(1);
        session.Step(2);
        long before = GC.GetAllocatedBytesForCurrentThread();
        session.Step(3);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        string saved = Path.Combine(folder.Path, "session");
        session.Save(saved);
        Session.Load(small, saved).Dispose();
        Assert.Throws<CheckpointException>(() => Session.Load(model, saved));
        Assert.Throws<InvalidOperationException>(() => small.Head.Weight);
    }

    [Fact]
    public void MatricesOutliveTheWeights()
    {
        using var folder = new TemporaryFolder();
        Source(folder);
        WeightMatrix matrix;
        using (ModelWeights source = ModelWeights.Open(Path.Combine(folder.Path, "source.safetensors")))
            matrix = source.Matrix("layer.weight");
        GC.Collect();
        GC.WaitForPendingFinalizers();
        matrix.ReadRow(69, new float[matrix.Inputs]);
        Assert.Throws<CheckpointException>(() => ModelWeights.Open(Path.Combine(folder.Path, "source.safetensors")).Matrix("steps"));
        Assert.Throws<CheckpointException>(() => ModelWeights.Open(Path.Combine(folder.Path, "source.safetensors")).Matrix("layer.bias"));
    }

    [Fact]
    public void WhatCannotBeHeldNamesTensorAndRows()
    {
        using var folder = new TemporaryFolder();
        float[] values = new float[64 * 32];
        values[40 * 32 + 5] = float.PositiveInfinity;
        string source = Path.Combine(folder.Path, "source.safetensors"), path = Path.Combine(folder.Path, "compact.safetensors");
        SafetensorsWriter.Write(source, [TensorToWrite.FromFloats("a.weight", [64, 32], values)]);
        using ModelWeights weights = ModelWeights.Open(source);
        CheckpointException e = Assert.Throws<CheckpointException>(() => WeightQuantizer.Write(weights, path, WeightFormat.Q4));
        Assert.Contains("tensor a.weight, rows 32 to 47", e.Message, StringComparison.Ordinal);
        Assert.Contains("[8, 5]", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void WorkCanBeStopped()
    {
        using var folder = new TemporaryFolder();
        Source(folder);
        using ModelWeights source = ModelWeights.Open(Path.Combine(folder.Path, "source.safetensors"));
        string path = Path.Combine(folder.Path, "compact.safetensors");
        Assert.ThrowsAny<OperationCanceledException>(() => WeightQuantizer.Write(source, path, WeightFormat.Q4, cancellation: new CancellationToken(canceled: true)));
        Assert.False(File.Exists(path));
    }

    public static TheoryData<string, string> Lies => new()
    {
        { "quantized.w", "Q4 [16, 33]" },
        { "quantized.w", "Q4 [17, 32]" },
        { "quantized.w", "Q8 [16, 32]" },
        { "quantized.w", "Q4 [16, 32, 1]" },
        { "quantized.w", "Q4 [-16, 32]" },
        { "quantized.w", "Q4 [0, 32]" },
        { "quantized.w", "Q4 [16, 99999999999999999999]" },
        { "quantized.w", "Q4 [2147483647, 2147483647]" },
        { "quantized.w", "Q4 16 32" },
        { "quantized.w", "F32 [16, 32]" },
        { "quantized.w", "" },
        { "quantized.", "Q4 [16, 32]" },
        { "quantized.other", "Q4 [16, 32]" },
        { "quantized.f", "Q4 [16, 32]" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public void MetadataThatLiesIsRefusedWhenTheFileIsOpened(string key, string text)
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "lies.safetensors");
        SafetensorsWriter.Write(
            path, [new TensorToWrite("w", DType.U8, [1, 1, 288], stream => stream.Write(new byte[288])), TensorToWrite.FromFloats("f", [1, 1, 288], new float[288])],
            new Dictionary<string, string>(StringComparer.Ordinal) { [key] = text });
        Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
    }

    [Fact]
    public void ATypeThatOnlyMetadataMayGiveIsRefused()
    {
        using var folder = new TemporaryFolder();
        byte[] header = Encoding.UTF8.GetBytes("""{"w":{"dtype":"Q4","shape":[1,288],"data_offsets":[0,288]}}""");
        string path = folder.File("q4.safetensors", [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[288]]);
        Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
    }

    [Fact]
    public void AFileCutShortIsNotMapped()
    {
        using var folder = new TemporaryFolder();
        Source(folder);
        string path = Path.Combine(folder.Path, "source.safetensors");
        using ModelWeights weights = ModelWeights.Open(path);
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            stream.SetLength(stream.Length - 1);
        }
        catch (IOException)
        {
            return; // Where a file that is open cannot be cut, there is nothing to fear.
        }
        Assert.Throws<CheckpointException>(() => weights.Matrix("layer.weight"));
    }

    private static void Source(TemporaryFolder folder)
    {
        float[] values = new float[70 * 45];
        var random = new RandomSource(1);
        foreach (ref float value in values.AsSpan())
            value = (float)random.NextNormal();
        SafetensorsWriter.Write(Path.Combine(folder.Path, "source.safetensors"),
        [
            TensorToWrite.FromFloats("layer.weight", [70, 45], values), TensorToWrite.FromFloats("layer.bias", [70], values.AsMemory(0, 70)),
            TensorToWrite.FromFloats("lm_head.weight", [45, 70], values), TensorToWrite.FromFloats("igate.weight", [70, 45], values),
            TensorToWrite.FromFloats("small.weight", [31, 45], values.AsMemory(0, 31 * 45)), TensorToWrite.FromFloats("conv.weight", [70, 45], values),
            TensorToWrite.FromFloats("kernel.weight", [70, 5, 9], values), TensorToWrite.FromInt64("steps", [2], (long[])[3, 4]),
        ]);
    }

    private static float[] Floats(ModelWeights weights, string name)
    {
        var values = new float[weights.Info(name).Count];
        weights.ReadFloats(name, values);
        return values;
    }

    private static byte[] Bytes(WeightMatrix matrix) => matrix.Bytes.ToArray();
}
