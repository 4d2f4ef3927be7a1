using System.Text.Json;

namespace XLstm.Cli;

/// <summary>The tensors of a safetensors file.</summary>
internal static class TensorReport
{
    private static readonly string[] s_torch = [".ckpt", ".pt", ".pth", ".bin"];

    public static void WriteFile(string path, Report report, CancellationToken cancellation)
    {
        if (s_torch.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
            WriteTorch(path, report, cancellation);
        else
            WriteSafetensors(path, report, cancellation);
    }

    private static void WriteSafetensors(string path, Report report, CancellationToken cancellation)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        report.Title(path);
        string? format = file.Metadata.GetValueOrDefault("format");
        bool isSession = format == "xlstm-net-session";
        report.Line("kind", isSession ? $"session after {file.Metadata.GetValueOrDefault("position", "?")} tokens" : format == "xlstm-forecaster" ? "forecaster: \"forecast --model\" runs it" : "tensors");
        Content(path, file.Tensors, report);
        if (isSession)
            report.Line("state", Report.Bytes(file.Tensors.Where(t => t.Name != "logits").Sum(t => t.ByteLength)) + ", whatever the length of the text");
        else
            report.Lines("metadata", file.Metadata.Select(m => $"{m.Key}: {m.Value}"));
        report.Lines("tensors", file.Tensors.Select(t => $"{t}"));
        report.Lines("unusual", OddValues(file.Tensors, file.ReadFloats, cancellation));
    }

    private static void WriteTorch(string path, Report report, CancellationToken cancellation)
    {
        using TorchFile file = TorchFile.Open(path);
        report.Title(path);
        report.Line("kind", "checkpoint of PyTorch" + (IsTiRex(file) ? ", TiRex: \"forecast --model\" runs it" : ""));
        Content(path, file.Tensors, report);
        report.Lines("tensors", file.Tensors.Select(t => $"{t}"));
        report.Lines("unusual", OddValues(file.Tensors, file.ReadFloats, cancellation));
    }

    private static void Content(string path, IReadOnlyList<TensorInfo> tensors, Report report)
    {
        report.Line("file", Report.Bytes(new FileInfo(path).Length));
        report.Line("content", $"{tensors.Count} tensors, {Report.Count(tensors.Sum(t => t.Count))} numbers, {Types(tensors)}");
    }

    private static bool IsTiRex(TorchFile file)
    {
        try
        {
            return file.Root.Find("hyper_parameters") is { } node && file.ToJson(node) is { ValueKind: JsonValueKind.Object } parameters && parameters.TryGetProperty("model_config", out _);
        }
        catch (CheckpointException)
        {
            return false;
        }
    }

    /// <summary>"F32" or "F32 (3 tensors), BF16 (1)".</summary>
    public static string Types(IEnumerable<TensorInfo> tensors)
    {
        var groups = tensors.CountBy(t => t.DType).OrderByDescending(g => g.Value).ToList();
        return groups.Count == 1 ? $"all {groups[0].Key}" : string.Join(", ", groups.Select(g => $"{g.Key} ({g.Value})"));
    }

    /// <summary>Tensors with numbers that no trained model has.</summary>
    public static IEnumerable<string> OddValues(IEnumerable<TensorInfo> tensors, ReadFloats read, CancellationToken cancellation)
    {
        float[] values = [];
        foreach (TensorInfo tensor in tensors)
        {
            cancellation.ThrowIfCancellationRequested();
            if (tensor.DType is not (DType.F64 or DType.F32 or DType.F16 or DType.BF16) || tensor.Count > Array.MaxLength)
                continue;
            if (values.Length < tensor.Count)
                values = GC.AllocateUninitializedArray<float>((int)tensor.Count);
            Span<float> part = values.AsSpan(0, (int)tensor.Count);
            read(tensor.Name, part);
            int odd = 0;
            foreach (float value in part)
                odd += float.IsFinite(value) ? 0 : 1;
            if (odd > 0)
                yield return $"{tensor.Name} has {Report.Count(odd)} values that are not finite (NaN or infinite)";
        }
    }

    public delegate void ReadFloats(string name, Span<float> destination);
}
