using System.Runtime.InteropServices;
using XLstm.Kernels;

namespace XLstm;

/// <summary>Writes the weights of a model in fewer bits, for inference: tensor by tensor, a few rows at a time.</summary>
public static class WeightQuantizer
{
    // Groups of 16 rows that are read, shared out among the processors, and written together.
    private const int BatchGroups = 32;
    private const int LeastSize = 32;

    private static readonly string[] s_exact = ["norm", "conv", "recurrent", "igate", "fgate"];

    /// <summary>
    /// How a tensor is to be stored in a file of <paramref name="format"/>; null for as exactly as it is. Matrices of at least 32 by 32
    /// numbers are stored in the format, but what decides over many steps stays exact: norms, biases, convolutions, recurrent
    /// weights, input and forget gates. Embedding and head have 8 bits in a file of 4: every token passes both, at a hundredth of the size.
    /// </summary>
    public static WeightFormat? Choose(TensorInfo tensor, WeightFormat format)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        bool isMatrix = tensor.Shape is [>= LeastSize, >= LeastSize] && IsFloat(tensor) && tensor.Name.EndsWith("weight", StringComparison.Ordinal);
        if (!isMatrix || s_exact.Any(part => tensor.Name.Contains(part, StringComparison.OrdinalIgnoreCase)))
            return null;
        bool isVocabulary = tensor.Name.Contains("embedding", StringComparison.OrdinalIgnoreCase) || tensor.Name.Contains("lm_head", StringComparison.Ordinal);
        return isVocabulary && format == WeightFormat.Q4 ? WeightFormat.Q8 : format;
    }

    /// <summary>Writes all tensors of <paramref name="source"/> to a safetensors file, which appears under its name only when it is whole.</summary>
    /// <param name="source">The weights.</param>
    /// <param name="path">The file.</param>
    /// <param name="format">Format of the matrices.</param>
    /// <param name="choose">Format of a tensor, or null for as it is, floating-point numbers as F32; null for <see cref="Choose"/>.</param>
    /// <param name="progress">Told of each tensor before it is written.</param>
    /// <param name="cancellation">Stops the work; no file appears.</param>
    /// <exception cref="CheckpointException">A weight is not finite, or more than the format can hold; or the source is damaged.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(
        ModelWeights source, string path, WeightFormat format, Func<TensorInfo, WeightFormat?>? choose = null,
        IProgress<TensorInfo>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        Write(source, [.. source.Tensors.Select(t => new ConvertedTensor(t.Name, [TensorRows.All(t)]))], path, choose ?? (tensor => Choose(tensor, format)), progress, cancellation);
    }

    /// <summary>As the other, of tensors that are put together from rows of those of the source.</summary>
    internal static void Write(
        ModelWeights source, IReadOnlyList<ConvertedTensor> tensors, string path, Func<TensorInfo, WeightFormat?> choose,
        IProgress<TensorInfo>? progress = null, CancellationToken cancellation = default)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };
        SafetensorsWriter.Write(path, [.. tensors.Select(ToWrite)], metadata);

        TensorToWrite ToWrite(ConvertedTensor converted)
        {
            TensorInfo tensor = converted.Info;
            if (!IsFloat(tensor))
                return new(tensor.Name, tensor.DType, tensor.Shape, stream => Begin(stream, () => WriteBytes(source, converted, stream)));
            if (choose(tensor) is not { } chosen)
                return new(tensor.Name, DType.F32, tensor.Shape, stream => Begin(stream, () => WriteFloats(source, converted, stream)));
            if (tensor.Shape is not [>= 1 and <= int.MaxValue, >= 1 and <= int.MaxValue])
                throw new ArgumentException($"{tensor} is to be stored as {chosen}, and is no matrix.", nameof(choose));
            Action<Stream> write = stream => Begin(stream, () => WriteMatrix(source, converted, chosen, stream, cancellation));
            return chosen switch
            {
                WeightFormat.F32 => new(tensor.Name, DType.F32, tensor.Shape, write),
                WeightFormat.BF16 => new(tensor.Name, DType.BF16, tensor.Shape, write),
                WeightFormat.F16 => new(tensor.Name, DType.F16, tensor.Shape, write),
                _ => QuantizedTensors.Write(tensor.Name, chosen, (int)tensor.Shape[0], (int)tensor.Shape[1], metadata, write),
            };

            void Begin(Stream stream, Action act)
            {
                cancellation.ThrowIfCancellationRequested();
                progress?.Report(tensor);
                act();
            }
        }
    }

    private static bool IsFloat(TensorInfo tensor) =>
        tensor.DType is DType.F64 or DType.F32 or DType.F16 or DType.BF16 or DType.Q8 or DType.Q4;

    private static void WriteBytes(ModelWeights source, ConvertedTensor converted, Stream stream)
    {
        var bytes = new byte[converted.Info.ByteLength];
        source.ReadBytes(converted.Parts[0].Tensor.Name, bytes);
        stream.Write(bytes);
    }

    private static void WriteFloats(ModelWeights source, ConvertedTensor converted, Stream stream)
    {
        foreach (TensorRows part in converted.Parts)
        {
            var values = new float[part.Tensor.Count];
            source.ReadFloats(part.Tensor.Name, values);
            stream.Write(MemoryMarshal.AsBytes(values.AsSpan((int)(part.From * converted.RowLength), (int)(part.Count * converted.RowLength))));
        }
    }

    private static void WriteMatrix(ModelWeights source, ConvertedTensor converted, WeightFormat format, Stream stream, CancellationToken cancellation)
    {
        WeightMatrix[] parts = [.. converted.Parts.Select(p => source.Matrix(p.Tensor.Name))];
        (long outputs, int inputs, int rows) = (converted.Info.Shape[0], parts[0].Inputs, QuantizedWeights.GroupRows);
        int group = checked((int)QuantizedWeights.ByteLength(format, rows, inputs));
        var bytes = new byte[Math.Min(BatchGroups, Math.Max(1, Array.MaxLength / group))][];
        for (long first = 0; first < outputs; first += bytes.Length * rows)
        {
            int groups = Math.Min(bytes.Length, QuantizedWeights.Groups((int)(outputs - first)));
            EncodeGroups(source, converted, parts, format, (int)first, bytes, groups, cancellation);
            for (int i = 0; i < groups; i++)
                stream.Write(bytes[i]);
        }
    }

    private static void EncodeGroups(
        ModelWeights source, ConvertedTensor converted, WeightMatrix[] parts, WeightFormat format, int first, byte[][] bytes, int groups, CancellationToken cancellation)
    {
        (int outputs, int inputs) = ((int)converted.Info.Shape[0], parts[0].Inputs);
        try
        {
            Parallel.For(0, groups, new ParallelOptions { CancellationToken = cancellation }, i =>
            {
                int row = first + (i * QuantizedWeights.GroupRows), count = Math.Min(QuantizedWeights.GroupRows, outputs - row);
                var values = new float[count * inputs];
                for (int r = 0; r < count; r++)
                {
                    (int part, long at) = converted.Find(row + r);
                    parts[part].ReadRow((int)at, values.AsSpan(r * inputs, inputs));
                }
                bytes[i] = new byte[QuantizedWeights.ByteLength(format, count, inputs)];
                Encode(source, converted.Name, format, row, count, inputs, values, bytes[i]);
            });
        }
        catch (AggregateException e) when (e.InnerException is { } failure)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    private static void Encode(ModelWeights source, string name, WeightFormat format, int row, int count, int inputs, float[] values, byte[] bytes)
    {
        try
        {
            StoredWeights.Encode(format, count, inputs, values, bytes);
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(source.Path, $"tensor {name}, rows {row} to {row + count - 1}", $"weights that {format} can hold", e.Message.Split(" (Parameter", 2)[0], null, e);
        }
    }
}
