using System.Globalization;
using XLstm.Kernels;

namespace XLstm;

/// <summary>
/// Matrices in blocks within a safetensors file: U8 tensors [groups, blocks, bytes of a block], and for each an entry of the
/// metadata, "quantized.NAME", with format and shape, "Q4 [4096, 4096]".
/// </summary>
internal static class QuantizedTensors
{
    private const string Prefix = "quantized.";

    /// <summary>The tensor as it is written.</summary>
    public static TensorToWrite Write(string name, WeightFormat format, int outputs, int inputs, Dictionary<string, string> metadata, Action<Stream> write)
    {
        metadata.Add(Prefix + name, string.Create(CultureInfo.InvariantCulture, $"{format} [{outputs}, {inputs}]"));
        return new(name, DType.U8, Stored(format, outputs, inputs), write);
    }

    /// <summary>Gives the entries that the metadata speaks of their true type and shape.</summary>
    public static void Find(string path, Dictionary<string, string> metadata, Dictionary<string, SafetensorsHeader.Entry> entries)
    {
        foreach (var (key, text) in metadata)
        {
            if (!key.StartsWith(Prefix, StringComparison.Ordinal))
                continue;
            var name = key[Prefix.Length..];
            if (!entries.TryGetValue(name, out var entry))
                throw new CheckpointException(path, $"__metadata__.{key}", $"a tensor {name}", "none of that name");
            if (Parse(text) is not var (type, outputs, inputs))
                throw new CheckpointException(path, $"__metadata__.{key}", "format and shape, such as \"Q4 [4096, 4096]\"", text.Length <= 60 ? text : text[..57] + "...");
            var stored = Stored(DTypes.Blocks(type)!.Value, outputs, inputs);
            if (entry.Info.DType != DType.U8 || !entry.Info.Shape.SequenceEqual(stored))
                throw new CheckpointException(path, $"tensor {name}", $"U8 [{string.Join(", ", stored)}] for {text}", $"{entry.Info.DType} [{string.Join(", ", entry.Info.Shape)}]");
            entries[name] = entry with { Info = entry.Info with { DType = type, Shape = [outputs, inputs] } };
        }
    }

    private static long[] Stored(WeightFormat format, int outputs, int inputs) =>
        [QuantizedWeights.Groups(outputs), QuantizedWeights.Blocks(inputs), QuantizedWeights.BlockBytes(format)];

    private static (DType Type, int Outputs, int Inputs)? Parse(string text)
    {
        if (text.Split(' ', 2) is not [var format, ['[', .. var sizes, ']']] || sizes.Split(", ") is not [var first, var second])
            return null;
        DType? type = format switch { "Q8" => DType.Q8, "Q4" => DType.Q4, _ => null };
        return type is { } known && Size(first) is { } outputs && Size(second) is { } inputs ? (known, outputs, inputs) : null;
    }

    private static int? Size(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 0 ? size : null;
}
