using System.Globalization;
using System.Text.Json;
using XLstm.Kernels;

namespace XLstm;

/// <summary>What a converted model is like; null leaves something as it is.</summary>
/// <param name="Layout">Names and config of an xLSTM Large.</param>
/// <param name="Format">How weights are stored; see <see cref="ModelConverter"/> for which.</param>
/// <param name="Fused">Of an xLSTM Large: whether projections of the same input are one matrix.</param>
/// <param name="ShardBytes">Bytes of a file at most, where one tensor fits; null for one file.</param>
public sealed record ConversionOptions(ModelLayout? Layout = null, WeightFormat? Format = null, bool? Fused = null, long? ShardBytes = null);

/// <summary>
/// Writes a model once more: under other names, in other formats, in one matrix or several. Rows are read, changed and
/// written a few at a time, so that the memory that it takes does not grow with the model. The new directory appears when it is whole.
/// </summary>
public static class ModelConverter
{
    // Beside the weights: what turns text into tokens, and what must not get lost.
    private static readonly string[] s_companions =
        ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "generation_config.json", "LICENSE", "LICENSE.md", "LICENSE.txt", "NOTICE", "README.md"];

    /// <summary>Converts the model of <paramref name="source"/> to the new directory <paramref name="destination"/>.</summary>
    /// <param name="source">A model directory.</param>
    /// <param name="destination">Must not exist, or be empty.</param>
    /// <param name="options">What is to change.</param>
    /// <param name="progress">Is told the share that is done, from 0 to 1; or null.</param>
    /// <param name="cancellation">Stops the work; nothing is left behind.</param>
    /// <exception cref="ArgumentException">The options ask for what this kind of model has not.</exception>
    /// <exception cref="CheckpointException">The model cannot be read.</exception>
    /// <exception cref="IOException">The destination is there already, or cannot be written.</exception>
    public static void Convert(string source, string destination, ConversionOptions options, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        ArgumentException.ThrowIfNullOrEmpty(destination);
        ArgumentNullException.ThrowIfNull(options);
        if (File.Exists(destination) || (Directory.Exists(destination) && Directory.EnumerateFileSystemEntries(destination).Any()))
            throw new IOException($"{destination}: is there already; expected a directory that is not, or is empty.");
        ILanguageModelConfig config = ModelConfigReader.ReadLanguageModel(source);
        if (config is not XLstmLargeConfig && (options.Layout is not null || options.Fused is not null))
            throw new ArgumentException("Only an xLSTM Large has other layouts and fused weights; this is a model of the paper's blocks.", nameof(options));
        using ModelWeights weights = ModelWeights.Open(source);
        if (options.Format is not (WeightFormat.F32 or WeightFormat.BF16 or WeightFormat.F16) && weights.Tensors.FirstOrDefault(t => t.DType is DType.Q8 or DType.Q4) is { } quantized)
            throw new CheckpointException(source, $"tensor {quantized.Name}", "weights in 16 bits or more", $"{quantized.DType}", "What was rounded once is not rounded anew: convert the model that these weights were made from.");
        string full = Path.GetFullPath(destination), fresh = $"{full}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(fresh);
            IReadOnlyList<ConvertedTensor> tensors = config is XLstmLargeConfig large
                ? Large(fresh, large, source, weights, options)
                : Paper(fresh, config, weights);
            // A model that cannot be opened would become another one that cannot. Double precision is not mapped, and would fill the memory.
            if (weights.Tensors.All(t => t.DType != DType.F64))
                _ = XLstmLanguageModel.LoadForInference(source);
            WriteWeights(fresh, weights, tensors, options, progress, cancellation);
            foreach (string name in s_companions)
                if (Directory.Exists(source) && File.Exists(Path.Combine(source, name)))
                    File.Copy(Path.Combine(source, name), Path.Combine(fresh, name));
            if (Directory.Exists(full))
                Directory.Delete(full);
            Directory.Move(fresh, full);
        }
        finally
        {
            if (Directory.Exists(fresh))
                Directory.Delete(fresh, recursive: true);
        }
    }

    private static IReadOnlyList<ConvertedTensor> Large(string fresh, XLstmLargeConfig config, string source, ModelWeights weights, ConversionOptions options)
    {
        ModelLayout own = weights.Contains("embedding.weight") ? ModelLayout.Native : ModelLayout.HuggingFace, layout = options.Layout ?? own;
        config = SpecialTokensOfLarge.Of(source, config);
        config = options.Fused is { } fused ? config with { WeightMode = fused ? "fused" : "single" } : config;
        if (layout == ModelLayout.HuggingFace)
            ModelConfigWriter.Write(fresh, config);
        else
            ModelConfigWriter.WriteNative(fresh, config);
        SpecialTokensOfLarge.WriteBeside(source, fresh, config, inConfig: layout == ModelLayout.HuggingFace);
        if (layout == own)
            OtherConfigKeys.CarryOver(source, fresh, sameNumbers: options.Format is null);
        return LargeTensors.Arrange(weights, layout, options.Fused);
    }

    private static IReadOnlyList<ConvertedTensor> Paper(string fresh, ILanguageModelConfig config, ModelWeights weights)
    {
        ModelConfigWriter.Write(fresh, config);
        return [.. weights.Tensors.Select(t => new ConvertedTensor(t.Name, [TensorRows.All(t)]))];
    }

    private static void WriteWeights(string fresh, ModelWeights weights, IReadOnlyList<ConvertedTensor> tensors, ConversionOptions options, IProgress<double>? progress, CancellationToken cancellation)
    {
        List<List<ConvertedTensor>> files = [[]];
        long room = options.ShardBytes ?? long.MaxValue, total = 0;
        foreach (ConvertedTensor tensor in tensors)
        {
            long bytes = Bytes(tensor.Info);
            total += bytes;
            if (bytes > room && files[^1].Count > 0)
            {
                files.Add([]);
                room = options.ShardBytes!.Value;
            }
            files[^1].Add(tensor);
            room -= bytes;
        }
        var done = new Share(total, Bytes, progress);
        for (int i = 0; i < files.Count; i++)
            WeightQuantizer.Write(weights, files[i], Path.Combine(fresh, FileName(i)), Choose, done, cancellation);
        if (files.Count > 1)
            AtomicFile.Write(Path.Combine(fresh, "model.safetensors.index.json"), stream => WriteIndex(stream, total, files.SelectMany((f, i) => f.Select(t => (t.Name, FileName(i))))));

        string FileName(int i) => files.Count == 1 ? "model.safetensors" : string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:D5}-of-{files.Count:D5}.safetensors");

        WeightFormat? Choose(TensorInfo tensor) => options.Format is { } format
            ? QuantizedWeights.IsQuantized(format) ? WeightQuantizer.Choose(tensor, format) : tensor.Shape.Count == 2 ? format : null
            : tensor.Shape.Count != 2 ? null : tensor.DType switch { DType.BF16 => WeightFormat.BF16, DType.F16 => WeightFormat.F16, _ => WeightFormat.F32 };

        long Bytes(TensorInfo tensor) => tensor.DType is DType.F64 or DType.F32 or DType.F16 or DType.BF16 or DType.Q8 or DType.Q4
            ? Choose(tensor) is { } format ? QuantizedWeights.ByteLength(format, (int)tensor.Shape[0], (int)tensor.Shape[1]) : 4 * tensor.Count
            : tensor.ByteLength;
    }

    private static void WriteIndex(Stream stream, long total, IEnumerable<(string Tensor, string File)> map)
    {
        using var json = new Utf8JsonWriter(stream, new() { Indented = true, NewLine = "\n" });
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteNumber("total_size", total);
        json.WriteEndObject();
        json.WriteStartObject("weight_map");
        foreach ((string tensor, string file) in map)
            json.WriteString(tensor, file);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    // Tensors are told of before they are written.
    private sealed class Share(long total, Func<TensorInfo, long> bytes, IProgress<double>? progress) : IProgress<TensorInfo>
    {
        private long _done;

        public void Report(TensorInfo value)
        {
            progress?.Report((double)_done / Math.Max(1, total));
            _done += bytes(value);
        }
    }
}
