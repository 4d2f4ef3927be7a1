namespace XLstm;

/// <summary>Where in a file of PyTorch the parameters of the model are: training programs save them beside much else, each under a key of its own.</summary>
internal static class TorchParameters
{
    private static readonly string[] Usual = ["state_dict", "model_state_dict", "model_state", "model"];

    /// <summary>Whether parameters are usually found under this key.</summary>
    internal static bool IsUsual(string key) => Usual.Contains(key, StringComparer.Ordinal);

    /// <summary>What the names of the parameters start with.</summary>
    internal static string Prefix(TorchFile file, string? under)
    {
        if (under is not null)
        {
            var start = under.Length == 0 ? "" : under + ".";
            return file.Tensors.Any(tensor => tensor.Name.StartsWith(start, StringComparison.Ordinal))
                ? start
                : throw new CheckpointException(file.Path, under, "tensors under these keys", "none");
        }
        if (HasTensors(file.Root))
            return "";
        var keys = file.Root.Entries.Where(entry => entry.Key.Text is not null && HasTensors(entry.Value)).Select(entry => entry.Key.Text!).ToList();
        var usual = keys.Intersect(Usual, StringComparer.Ordinal).ToList();
        if ((usual.Count == 1 ? usual : keys) is [var only])
            return only + ".";
        throw new CheckpointException(file.Path, "the parameters", $"tensors at the top or under one of {string.Join(", ", Usual)}", keys.Count == 0 ? "none" : $"several dictionaries of tensors: {string.Join(", ", keys)}", "Say under which keys they are, or \"\" for all tensors of the file.");
    }

    private static bool HasTensors(TorchNode node) => node.Entries.Any(entry => entry.Value.Kind == TorchKind.Tensor);
}
