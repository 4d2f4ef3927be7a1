namespace XLstm.Training;

/// <summary>One fixed batch in a safetensors file: I64 "tokens" and "labels" [B, T], label -1 ignored.</summary>
internal static class BatchFile
{
    public static (int Rows, int[] Tokens, int[] Labels) Read(string path, int vocabulary)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        (int rows, int[] tokens) = Read(file, path, "tokens", 0, vocabulary);
        (int labelRows, int[] labels) = Read(file, path, "labels", -1, vocabulary);
        if (labelRows != rows || labels.Length != tokens.Length)
            throw new CheckpointException(path, "tensor labels", $"[{rows}, {tokens.Length / rows}], as tokens", $"[{labelRows}, {labels.Length / labelRows}]");
        return (rows, tokens, labels);
    }

    private static (int Rows, int[] Values) Read(SafetensorsFile file, string path, string name, int least, int vocabulary)
    {
        if (!file.Contains(name))
            throw new CheckpointException(path, $"tensor {name}", "I64 [B, T]", "nothing");
        TensorInfo info = file.Info(name);
        if (info.Shape.Count != 2 || info.Count == 0 || info.Count > 1 << 26 || info.DType is not (DType.I64 or DType.I32))
            throw new CheckpointException(path, $"tensor {name}", "I64 [B, T]", info.ToString());
        var values = new long[info.Count];
        file.ReadInt64(name, values);
        for (int i = 0; i < values.Length; i++)
            if (values[i] < least || values[i] >= vocabulary)
                throw new CheckpointException(path, $"tensor {name}", $"values from {least} to {vocabulary - 1}, the model's vocabulary", $"{values[i]} at [{i / info.Shape[1]}, {i % info.Shape[1]}]");
        return ((int)info.Shape[0], Array.ConvertAll(values, v => (int)v));
    }
}
