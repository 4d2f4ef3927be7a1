namespace XLstm;

/// <summary>The linear maps around a stack, told by their shapes, [D, F] before it and [O, D] after it; where both fit, by their names and their order.</summary>
internal sealed class StackMaps
{
    private const string Weight = ".weight", Bias = ".bias";
    private static readonly string[] Before = ["in", "input", "embed", "embedding", "encoder"], After = ["out", "output", "head", "fc", "decoder", "classifier", "regressor"];

    private readonly ModelWeights weights;
    private readonly int width;
    private readonly List<string> around;

    internal StackMaps(ModelWeights weights, StackTensors stack)
    {
        this.weights = weights;
        width = stack.Config().EmbeddingDim;
        List<TensorInfo> tensors = [.. weights.Tensors];
        int first = tensors.FindIndex(t => stack.Owns(t.Name));
        around = [.. tensors.Where(t => t.Name.StartsWith(stack.Parent, StringComparison.Ordinal) && !stack.Owns(t.Name) && !IsOfTraining(t.Name)).Select(t => t.Name)];
        List<string> inputs = [.. Maps(IsInput)], outputs = [.. Maps(IsOutput)];
        // A square map fits both places.
        foreach (string both in inputs.Intersect(outputs, StringComparer.Ordinal).ToList())
        {
            bool before = Says(both, Before) || (!Says(both, After) && tensors.FindIndex(t => t.Name == both + Weight) < first);
            (before ? outputs : inputs).Remove(both);
        }
        (Input, Output) = (Only(inputs, Before), Only(outputs, After));
    }

    /// <summary>Name of the map before the stack, or null.</summary>
    internal string? Input { get; private set; }

    /// <summary>Name of the map after the stack, or null.</summary>
    internal string? Output { get; private set; }

    /// <summary>Tensors around the stack that are of neither map.</summary>
    internal IReadOnlyList<string> Others => [.. around.Where(name => name != Input + Weight && name != Input + Bias && name != Output + Weight && name != Output + Bias)];

    /// <summary>What the caller says of the maps: a name, "" for none, null for what was found.</summary>
    internal void Name(string? input, string? output)
    {
        Input = Named(input, Input, IsInput, $"[{width}, features]");
        Output = Named(output, Output, IsOutput, $"[outputs, {width}]");
    }

    private string? Named(string? name, string? found, Func<IReadOnlyList<long>, bool> fits, string expected)
    {
        if (string.IsNullOrEmpty(name))
            return name is null ? found : null;
        if (!weights.Contains(name + Weight))
            throw new CheckpointException(weights.Path, $"the map {name}", $"a tensor {name}{Weight} {expected}", "none of that name");
        IReadOnlyList<long> shape = weights.Info(name + Weight).Shape;
        return fits(shape) ? name : throw new CheckpointException(weights.Path, $"tensor {name}{Weight}", expected, $"[{string.Join(", ", shape)}]");
    }

    private IEnumerable<string> Maps(Func<IReadOnlyList<long>, bool> fits) =>
        around.Where(name => name.EndsWith(Weight, StringComparison.Ordinal) && fits(weights.Info(name).Shape)).Select(name => name[..^Weight.Length]);

    private bool IsInput(IReadOnlyList<long> shape) => shape is [var rows, > 0 and < int.MaxValue] && rows == width;

    private bool IsOutput(IReadOnlyList<long> shape) => shape is [> 0 and < int.MaxValue, var columns] && columns == width;

    private static string? Only(List<string> names, string[] words) =>
        names.Count == 1 ? names[0] : names.Where(name => Says(name, words)).ToList() is [var only] ? only : null;

    // "model.in_proj" says "in", "main" does not.
    private static bool Says(string name, string[] words) => name[(name.LastIndexOf('.') + 1)..].Split('_').Intersect(words, StringComparer.OrdinalIgnoreCase).Any();

    private static bool IsOfTraining(string name) => name.Contains("optim", StringComparison.OrdinalIgnoreCase) || name.Contains("exp_avg", StringComparison.Ordinal);
}
