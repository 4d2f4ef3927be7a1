namespace XLstm;

/// <summary>What a file or directory is.</summary>
public enum CheckpointKind
{
    /// <summary>Nothing that is known here, or too damaged to tell.</summary>
    Unknown,

    /// <summary>A file without bytes.</summary>
    Empty,

    /// <summary>A Git LFS pointer: the text that stands for a file that was not downloaded.</summary>
    GitLfsPointer,

    /// <summary>A file of another program: ONNX, GGUF, Keras, an archive.</summary>
    Foreign,

    /// <summary>A language model of the paper's blocks.</summary>
    LanguageModel,

    /// <summary>A stack of the paper's blocks without tokens.</summary>
    Stack,

    /// <summary>An xLSTM Large (xLSTM 7B and its family), in the layout of Hugging Face or of its authors.</summary>
    XLstmLarge,

    /// <summary>A TiRex forecaster.</summary>
    TiRex,

    /// <summary>A TiRex-2 forecaster, which is not supported.</summary>
    TiRex2,

    /// <summary>A forecaster of this library.</summary>
    Forecaster,

    /// <summary>A text in progress.</summary>
    Session,

    /// <summary>A training run: its directory, or the state of it.</summary>
    TrainingRun,

    /// <summary>Tensors of a model that is not known here.</summary>
    Tensors,

    /// <summary>A configuration without weights.</summary>
    Config,

    /// <summary>A tokenizer.</summary>
    Tokenizer,
}

/// <summary>How much a finding matters.</summary>
public enum FindingSeverity
{
    /// <summary>Good to know.</summary>
    Note,

    /// <summary>Unusual: perhaps not what was meant.</summary>
    Warning,

    /// <summary>It cannot be used as it is.</summary>
    Error,
}

/// <summary>One thing that was found.</summary>
public sealed record CheckpointFinding(FindingSeverity Severity, string Text);

/// <summary>One line of a report: "blocks", "4: m s m m". Several facts in a row may have the same label.</summary>
public sealed record CheckpointFact(string Label, string Text);

/// <summary>What is in a file or directory, as <see cref="CheckpointInspector"/> found it.</summary>
/// <param name="Path">The file or directory.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Description">The kind in words, with whose layout it is.</param>
public sealed record CheckpointReport(string Path, CheckpointKind Kind, string Description)
{
    /// <summary>Sizes and all else that can be said, in the order of its importance.</summary>
    public IReadOnlyList<CheckpointFact> Facts { get; init; } = [];

    /// <summary>What is missing, unexpected, unusual or good to know.</summary>
    public IReadOnlyList<CheckpointFinding> Findings { get; init; } = [];

    /// <summary>What to do with it: command lines and calls, the most useful first.</summary>
    public IReadOnlyList<string> Next { get; init; } = [];

    /// <summary>Every tensor.</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; init; } = [];

    /// <summary>The architecture, where it is one of the paper's blocks, from the config or, without one, from the tensors.</summary>
    public XLstmStackConfig? Config { get; init; }

    /// <summary>What the names of the stack's tensors start with, "" or a text that ends with a point; null where there is none or it is not the only one.</summary>
    public string? Prefix { get; init; }

    /// <summary>Numbers in all tensors.</summary>
    public long Parameters => Tensors.Sum(tensor => tensor.Count);

    /// <summary>Bytes of the state of one sequence, whatever its length; null where it has none or it is not known.</summary>
    public long? StateBytes { get; init; }

    /// <summary>The licence of the weights, and where it is stated; null where none was found.</summary>
    public string? License { get; init; }

    /// <summary>Whether nothing was found that keeps it from being used.</summary>
    public bool IsUsable => Findings.All(finding => finding.Severity != FindingSeverity.Error);
}
