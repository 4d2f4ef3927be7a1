using System.Runtime.InteropServices;
using XLstm.Kernels;

namespace XLstm.Benchmarks.Comparison;

/// <summary>xLSTM Large of given shapes with random weights, in files of a given format: made once, kept in the temporary folder.</summary>
internal static class LargeModels
{
    /// <summary>The published shapes of xLSTM 7B: 6.87 G parameters.</summary>
    public static XLstmLargeConfig SevenBillion { get; } = new(50304, 4096, 8, 32, FfnProjFactor: 2.667);

    /// <summary>The smallest model of the scaling study: 164 M parameters. Its feed-forward is 2,112 wide.</summary>
    public static XLstmLargeConfig Small { get; } = new(50304, 768, 6, 12, FfnProjFactor: 2.75);

    /// <summary>As many bytes for a token, in 4-bit weights, as <see cref="LlamaPeer"/> has.</summary>
    public static XLstmLargeConfig LikeLlama { get; } = new(32000, 2048, 4, 19, FfnProjFactor: 2.6875);

    public static XLstmLanguageModel Open(XLstmLargeConfig config, WeightFormat format)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"xlstm-random-{config.EmbeddingDim}x{config.NumBlocks}-{config.VocabSize}-{format}".ToLowerInvariant());
        if (!Directory.Exists(folder))
            Write(folder, config, format);
        return XLstmLanguageModel.LoadForInference(folder);
    }

    /// <summary>Bytes of weights that a token is multiplied by; of the embedding it reads one row.</summary>
    public static long BytesPerToken(XLstmLanguageModel model) =>
        model.Parameters.Matrices.Where(m => m != model.Embedding.Matrix).Sum(m => m.ByteLength) + model.Parameters.Sum(p => 4L * p.Length);

    /// <summary>Multiplications with an addition of a token, but for those of the cell.</summary>
    public static long WeightsPerToken(XLstmLanguageModel model, bool head) =>
        model.Parameters.Matrices.Where(m => m != model.Embedding.Matrix && (head || m != model.Head.Matrix)).Sum(m => (long)m.Outputs * m.Inputs);

    private static void Write(string folder, XLstmLargeConfig config, WeightFormat format)
    {
        string fresh = $"{folder}.{Environment.ProcessId}";
        ModelConfigWriter.Write(fresh, config);
        List<TensorToWrite> tensors = [];
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        int D = config.EmbeddingDim, N = config.NumHeads, F = config.FfnDim;
        Matrix("backbone.embeddings.weight", config.VocabSize, D);
        for (int i = 0; i < config.NumBlocks; i++)
        {
            string block = $"backbone.blocks.{i}.", layer = block + "mlstm_layer.";
            Vector(block + "norm_mlstm.weight", D, 1);
            Matrix(layer + "q.weight", config.QkDim, D);
            Matrix(layer + "k.weight", config.QkDim, D);
            Matrix(layer + "v.weight", config.VDim, D);
            Matrix(layer + "ogate_preact.weight", config.VDim, D);
            Matrix(layer + "out_proj.weight", D, config.VDim);
            Gate(layer + "igate_preact", -10);
            Gate(layer + "fgate_preact", 5);
            Vector(layer + "multihead_norm.weight", config.VDim, 1);
            Vector(block + "norm_ffn.weight", D, 1);
            Matrix(block + "ffn.proj_up_gate.weight", F, D);
            Matrix(block + "ffn.proj_up.weight", F, D);
            Matrix(block + "ffn.proj_down.weight", D, F);
        }
        Vector("backbone.out_norm.weight", D, 1);
        Matrix("lm_head.weight", config.VocabSize, D);
        SafetensorsWriter.Write(Path.Combine(fresh, "model.safetensors"), tensors, metadata);
        Directory.Move(fresh, folder);

        void Gate(string name, float bias)
        {
            tensors.Add(TensorToWrite.FromFloats(name + ".weight", [N, D], new float[N * D]));
            Vector(name + ".bias", N, bias);
        }

        void Vector(string name, int length, float value) => tensors.Add(TensorToWrite.FromFloats(name, [length], Enumerable.Repeat(value, length).ToArray()));

        // The codes do not matter, so long as the weights are of a usual size: every group of rows has the same ones.
        void Matrix(string name, int outputs, int inputs)
        {
            bool vocabulary = outputs == config.VocabSize;
            WeightFormat chosen = vocabulary && format == WeightFormat.Q4 ? WeightFormat.Q8 : format;
            var random = new Random(1);
            var group = new float[16 * inputs];
            for (int i = 0; i < group.Length; i++)
                group[i] = (random.NextSingle() - 0.5f) * 3.4f / MathF.Sqrt(inputs);
            byte[] bytes = [.. WeightMatrix.Encode(name, chosen, 16, inputs, group).Bytes];
            void Rows(Stream stream)
            {
                for (int o = 0; o < outputs; o += 16)
                    stream.Write(QuantizedWeights.IsQuantized(chosen) ? bytes : bytes.AsSpan(0, bytes.Length / 16 * Math.Min(16, outputs - o)));
            }

            tensors.Add(chosen switch
            {
                WeightFormat.F32 => new TensorToWrite(name, DType.F32, [outputs, inputs], Rows),
                WeightFormat.BF16 => new TensorToWrite(name, DType.BF16, [outputs, inputs], Rows),
                WeightFormat.F16 => new TensorToWrite(name, DType.F16, [outputs, inputs], Rows),
                _ => QuantizedTensors.Write(name, chosen, outputs, inputs, metadata, Rows),
            });
        }
    }
}
