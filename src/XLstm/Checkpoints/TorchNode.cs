using System.Numerics;
using System.Text;

namespace XLstm;

/// <summary>What a <see cref="TorchNode"/> is.</summary>
public enum TorchKind
{
    None,
    Boolean,
    Whole,
    Real,
    Text,
    Bytes,
    List,
    Dictionary,
    Tensor,
    Instance,
}

/// <summary>One value in the tree of a PyTorch file. Nothing of it was executed: what would have been an object of some Python class is the name of the class and what it would have been given.</summary>
/// <remarks>A value may stand in several places of the tree, and even within itself.</remarks>
public sealed class TorchNode
{
    internal TorchNode(TorchKind kind, object? content = null) => (Kind, Content) = (kind, content);

    public TorchKind Kind { get; }

    /// <summary>The value of a Boolean, or null.</summary>
    public bool? Boolean => Content as bool?;

    /// <summary>The value of a Whole number of up to 64 bits, or null.</summary>
    public long? Whole => Content as long?;

    /// <summary>The value of a Real or Whole number, or null.</summary>
    public double? Real => Content switch
    {
        double value => value,
        long value => value,
        BigInteger value => (double)value,
        _ => null,
    };

    /// <summary>The value of a Text, or null.</summary>
    public string? Text => Kind == TorchKind.Text ? (string)Content! : null;

    /// <summary>The value of Bytes, or nothing.</summary>
    // Old protocols write bytes as a text; turned only here, because a file may name one text many times.
    public ReadOnlyMemory<byte> Bytes => Content as byte[] ?? (Kind == TorchKind.Bytes ? Encoding.Latin1.GetBytes((string)Content!) : null);

    /// <summary>The tensor under the first of its names, or null.</summary>
    public TensorInfo? Tensor => (Content as TorchTensor)?.Info;

    /// <summary>The elements of a List (a list, tuple or set), or those that an Instance was given like a list.</summary>
    public IReadOnlyList<TorchNode> Items => Content as IReadOnlyList<TorchNode> ?? (Content as TorchObject)?.Items ?? [];

    /// <summary>Keys and values of a Dictionary, or those that an Instance was given like a dictionary, in the order of the file.</summary>
    public IReadOnlyList<KeyValuePair<TorchNode, TorchNode>> Entries => Table?.Entries ?? [];

    /// <summary>Module and name of the class of an Instance, or null.</summary>
    public string? TypeName => (Content as TorchObject)?.TypeName;

    /// <summary>What the class of an Instance was called with.</summary>
    public IReadOnlyList<TorchNode> Arguments => (Content as TorchObject)?.Arguments?.Items ?? [];

    /// <summary>The state of an Instance, usually a Dictionary of its attributes, or null.</summary>
    public TorchNode? State => (Content as TorchObject)?.State;

    /// <summary>The value under a key of a Dictionary, or under a key or attribute of an Instance; null where there is none.</summary>
    public TorchNode? Find(string key) =>
        Table?.Find(key) ?? (State is { Kind: TorchKind.Dictionary } attributes ? attributes.Find(key) : null);

    /// <summary>What it is, in a few words.</summary>
    public override string ToString() => Kind switch
    {
        TorchKind.None => "None",
        TorchKind.Text => $"\"{(Text!.Length <= 60 ? Text : Text[..57] + "...")}\"",
        TorchKind.Bytes => $"{Bytes.Length} bytes",
        TorchKind.List => $"a list of {Items.Count}",
        TorchKind.Dictionary => $"a dictionary of {Entries.Count}",
        TorchKind.Tensor => Tensor?.ToString() ?? "a tensor",
        TorchKind.Instance => $"{TypeName}",
        _ => FormattableString.Invariant($"{Content}"),
    };

    internal object? Content { get; }

    /// <summary>The table of a dictionary or of an object that is filled like one; null where there is none.</summary>
    internal TorchTable? Table => Content as TorchTable ?? (Content as TorchObject)?.Table;
}

/// <summary>The class of an object, and what it was given.</summary>
internal sealed class TorchObject(string module, string name)
{
    internal string Module => module;

    internal string Name => name;

    internal string TypeName => $"{module}.{name}";

    /// <summary>What it was called with, a list; null for the class itself.</summary>
    internal TorchNode? Arguments { get; init; }

    internal TorchStorage? Storage { get; init; }

    internal TorchNode? State { get; set; }

    internal List<TorchNode>? Items { get; set; }

    internal TorchTable? Table { get; set; }
}

/// <summary>Keys and values in their order, and the values of text keys at hand.</summary>
internal sealed class TorchTable
{
    private Dictionary<string, TorchNode>? byText;

    internal List<KeyValuePair<TorchNode, TorchNode>> Entries { get; } = [];

    internal TorchNode? Find(string key) => byText?.GetValueOrDefault(key);

    /// <summary>False where the text is a key already.</summary>
    internal bool TryAdd(TorchNode key, TorchNode value)
    {
        if (key.Text is { } text && !(byText ??= new(StringComparer.Ordinal)).TryAdd(text, value))
            return false;
        Entries.Add(new(key, value));
        return true;
    }
}
