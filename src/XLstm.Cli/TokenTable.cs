namespace XLstm.Cli;

/// <summary>Whole numbers [rows, steps] from a safetensors file.</summary>
internal sealed class TokenTable
{
    private readonly string _file, _name;
    private readonly long[] _values;

    private TokenTable(string file, string name, long[] values, int rows, int steps) =>
        (_file, _name, _values, Rows, Steps) = (file, name, values, rows, steps);

    public int Rows { get; }

    public int Steps { get; }

    /// <exception cref="CheckpointException">No such file or tensor, or one of another rank or type, or without elements.</exception>
    public static TokenTable Read(string path, string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (!file.Contains(name))
            throw new CheckpointException(
                path, "the file", $"a tensor \"{name}\", I64 [B, T]",
                file.Tensors.Count == 0 ? "no tensors" : string.Join(", ", file.Tensors.Take(5)) + (file.Tensors.Count > 5 ? ", ..." : ""));
        TensorInfo info = file.Info(name);
        if (info.Shape.Count != 2 || info.Count is 0 or > int.MaxValue / 2)
            throw new CheckpointException(path, $"tensor {name}", "I64 [B, T] with at least one token", $"{info.DType} [{string.Join(", ", info.Shape)}]");
        if (info.DType != DType.I64)
            throw new CheckpointException(path, $"tensor {name}", "I64", info.DType.ToString(), "Write it as 64-bit whole numbers.");
        var values = new long[info.Count];
        file.ReadInt64(name, values);
        return new TokenTable(path, name, values, (int)info.Shape[0], (int)info.Shape[1]);
    }

    /// <summary>Checks that every value is from <paramref name="least"/> to below <paramref name="limit"/>.</summary>
    /// <exception cref="CheckpointException">One is not; the message has its row and position.</exception>
    public void Check(long least, long limit, string what)
    {
        int wrong = Array.FindIndex(_values, v => v < least || v >= limit);
        if (wrong >= 0)
            throw new CheckpointException(
                _file, $"{_name}[{wrong / Steps}, {wrong % Steps}]", $"{what}, {least} to {limit - 1}", $"{_values[wrong]}", "Are the tokens of another tokenizer?");
    }

    /// <summary>Steps of some rows, one row after the other.</summary>
    public int[] Part(int row, int rows, int step, int steps)
    {
        var part = new int[rows * steps];
        for (int i = 0; i < part.Length; i++)
            part[i] = (int)_values[(long)(row + i / steps) * Steps + step + i % steps];
        return part;
    }
}
