namespace XLstm;

/// <summary>
/// What most people train with the <c>xlstm</c> Python package besides language models: a stack of blocks over numbers, with a
/// linear map before it and one after it, <c>y = output(stack(input(x)))</c>. Either map may be missing. Immutable and
/// thread-safe while nobody trains it.
/// </summary>
public sealed class XLstmStackModel
{
    private XLstmStackModel(ParameterSet parameters, XLstmStack stack, Linear? input, Linear? output) =>
        (Parameters, Stack, Input, Output) = (parameters, stack, input, output);

    /// <summary>All parameters, by their names in the file.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Features [..., F] to the width of the stack [..., D], or null.</summary>
    public Linear? Input { get; }

    /// <summary>The blocks.</summary>
    public XLstmStack Stack { get; }

    /// <summary>The width of the stack [..., D] to outputs [..., O], or null.</summary>
    public Linear? Output { get; }

    /// <summary>
    /// Reads a file of PyTorch (<c>.pt</c>, <c>.pth</c>, <c>.ckpt</c>), a safetensors file, or a directory of such weights. No config is needed: blocks, their kinds and all sizes
    /// follow from names and shapes of the tensors; of the feed-forward's activation and the sLSTM's cell function, which do not, a config in the directory or beside the
    /// file, and the hyper-parameters in a file of PyTorch, are asked, and the defaults of the package taken.
    /// </summary>
    /// <param name="path">The file or directory.</param>
    /// <param name="prefix">Where there are several stacks, what the names of the one that is meant start with, such as "model_state.encoder"; "" for the top.</param>
    /// <param name="input">Name of the linear map before the stack, "" for none; null to find it by its shape.</param>
    /// <param name="output">Name of the linear map after the stack, "" for none; null to find it by its shape.</param>
    /// <exception cref="CheckpointException">
    /// The file is damaged, has no stack or several, has blocks that were changed, or has more around the stack than the two maps and nobody said which they are.
    /// </exception>
    public static XLstmStackModel Load(string path, string? prefix = null, string? input = null, string? output = null)
    {
        using ModelWeights weights = ModelWeights.Open(path, under: "");
        var tensors = StackTensors.Find(weights, prefix);
        var maps = new StackMaps(weights, tensors);
        maps.Name(input, output);
        if (maps.Others.Count > 0 && (input is null || output is null))
            throw new CheckpointException(
                path, $"tensor {maps.Others[0]}", "a stack, at most one linear map before it and one after it", maps.Others.Count == 1 ? "this, too" : $"{maps.Others.Count} tensors more",
                "Say which maps are before and after the stack, or load the stack alone with XLstmStack.Load and add what its author had around it.");
        var parameters = new ParameterSet(weights);
        Linear? before = Map(parameters, weights, maps.Input), after = Map(parameters, weights, maps.Output);
        return new(parameters, tensors.Build(parameters, TrainerConfig.Find(path)), before, after);
    }

    /// <summary>x [B, T, F], the state before it or null, and the steps of each row or null for T; returns the outputs of every step [B, T, O] and the state after each row's last one.</summary>
    public (Tensor Output, StackState State) Forward(Tensor x, StackState? state, Pass pass, int[]? lengths = null)
    {
        (Tensor hidden, StackState next) = Stack.Forward(Input?.Forward(x, pass) ?? x, state, pass, lengths);
        return (Output?.Forward(hidden, pass) ?? hidden, next);
    }

    private static Linear? Map(ParameterSet parameters, ModelWeights weights, string? name)
    {
        if (name is null)
            return null;
        IReadOnlyList<long> shape = weights.Info(name + ".weight").Shape;
        return new(parameters.Root.At(name), (int)shape[1], (int)shape[0], weights.Contains(name + ".bias"));
    }
}
