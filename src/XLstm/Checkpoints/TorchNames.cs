using System.Globalization;

namespace XLstm;

/// <summary>The tensors of a tree by the keys, attributes and places that lead to them.</summary>
internal sealed class TorchNames
{
    private const int Deepest = 256;

    private readonly Dictionary<string, (TensorInfo Info, TorchTensor Tensor)> named = new(StringComparer.Ordinal);
    private readonly List<TensorInfo> tensors = [];
    private readonly HashSet<TorchNode> above = [];
    private readonly string path;
    private long left;

    internal TorchNames(TorchNode root, string path, long fileLength)
    {
        this.path = path;
        // Nodes that stand in many places make a small file a large tree, of many or long names.
        left = (16 * fileLength) + (1 << 20);
        Visit(root, "", 0);
    }

    internal IReadOnlyList<TensorInfo> Tensors => tensors;

    internal (TensorInfo Info, TorchTensor Tensor)? Find(string name) => named.TryGetValue(name, out var found) ? found : null;

    private void Visit(TorchNode node, string name, int depth)
    {
        if (node.Content is TorchTensor tensor)
        {
            Add(tensor, name);
            return;
        }
        if (node.Kind is not (TorchKind.List or TorchKind.Dictionary or TorchKind.Instance) || !above.Add(node))
            return;
        if (depth > Deepest)
            throw new CheckpointException(path, "what was saved", $"at most {Deepest} levels of nesting", "more");
        Members(node.Items, name, depth);
        foreach (var (key, value) in node.Entries)
            Member(value, name, key.Text ?? (key.Whole is { } number ? number.ToString(CultureInfo.InvariantCulture) : $"{key.Kind}"), depth);
        if (node.Arguments.Count > 0)
            Members(node.Arguments, name.Length == 0 ? "args" : name + ".args", depth);
        if (node.State is { } state)
            Visit(state, name, depth + 1);
        above.Remove(node);
    }

    private void Members(IReadOnlyList<TorchNode> items, string name, int depth)
    {
        for (var i = 0; i < items.Count; i++)
            Member(items[i], name, i.ToString(CultureInfo.InvariantCulture), depth);
    }

    private void Member(TorchNode node, string name, string key, int depth)
    {
        left--;
        if (node.Kind is TorchKind.Tensor or TorchKind.List or TorchKind.Dictionary or TorchKind.Instance)
        {
            left -= name.Length + key.Length;
            if (left >= 0)
                Visit(node, name.Length == 0 ? key : $"{name}.{key}", depth + 1);
        }
        if (left < 0)
            throw new CheckpointException(path, "what was saved", "a tree about as large as the file", "values that stand within others again and again");
    }

    private void Add(TorchTensor tensor, string name)
    {
        var info = new TensorInfo(name, tensor.DType, tensor.Shape, path);
        if (!named.TryAdd(name, (info, tensor)))
        {
            // An object may have the same tensor as an item and as an attribute.
            if (named[name].Tensor == tensor)
                return;
            throw new CheckpointException(path, $"tensor {name}", "one of that name", "two");
        }
        tensors.Add(info);
        tensor.Info ??= info;
    }
}
