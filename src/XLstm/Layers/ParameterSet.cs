using System.Collections;

namespace XLstm;

/// <summary>
/// The parameters of a model, in the order its layers asked for them. A layer asks a <see cref="ParameterScope"/> for each
/// parameter by name, shape and initialiser; behind it stands either a seed or the weights of a checkpoint, so the names in
/// files and the shapes in memory come from one place.
/// </summary>
public sealed class ParameterSet : IReadOnlyList<Parameter>
{
    private readonly List<Parameter> _parameters = [];
    private readonly Dictionary<string, Parameter> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WeightMatrix> _matrices = new(StringComparer.Ordinal);
    private readonly ModelWeights? _weights;
    private readonly ParameterSet? _trained;
    private readonly ulong _seed;

    /// <summary>New parameters, filled by their initialisers.</summary>
    public ParameterSet(ulong seed) => _seed = seed;

    /// <summary>Parameters read from a checkpoint as they are asked for.</summary>
    public ParameterSet(ModelWeights weights) => _weights = weights;

    private ParameterSet(ModelWeights weights, bool forInference) => (_weights, ForInference) = (weights, forInference);

    private ParameterSet(ParameterSet trained) => (_trained, ForInference) = (trained, true);

    /// <summary>
    /// Parameters read from a checkpoint, but for the matrices of linear layers: those stay as they are stored, of any
    /// <see cref="WeightMatrix.Format"/> and mapped where they can be, and have no gradient.
    /// </summary>
    public static ParameterSet OpenForInference(ModelWeights weights) => new(weights, forInference: true);

    /// <summary>
    /// The parameters of a model as they are now, for one to run: copies, those of the matrices of linear layers arranged once for all products
    /// (<see cref="WeightMatrix.Pack"/>).
    /// </summary>
    internal static ParameterSet Arrange(ParameterSet trained) => new(trained);

    /// <summary>Parameters for their names and sizes only: all 0, which costs next to nothing.</summary>
    internal static ParameterSet ForSizes() => new(0) { Fills = false };

    private bool Fills { get; init; } = true;

    /// <summary>Whether layers get their matrices as they are stored.</summary>
    public bool ForInference { get; }

    /// <summary>The matrices that layers took as they are stored.</summary>
    public IReadOnlyCollection<WeightMatrix> Matrices => _matrices.Values;

    /// <summary>The scope with an empty prefix.</summary>
    public ParameterScope Root => new(this, "");

    /// <summary>Number of parameters (tensors).</summary>
    public int Count => _parameters.Count;

    /// <summary>Number of trained numbers, those of <see cref="Matrices"/> included.</summary>
    public long ElementCount => _parameters.Sum(p => (long)p.Length) + _matrices.Values.Sum(m => (long)m.Outputs * m.Inputs);

    /// <summary>The parameter at <paramref name="index"/>.</summary>
    public Parameter this[int index] => _parameters[index];

    /// <summary>The parameter called <paramref name="name"/>.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Parameter this[string name] => _byName.TryGetValue(name, out Parameter? p) ? p : throw new KeyNotFoundException($"The model has no parameter \"{name}\".");

    /// <summary>The parameter called <paramref name="name"/>, or null.</summary>
    public Parameter? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Fills every gradient with zeros, in the memory it has.</summary>
    public void ClearGradients()
    {
        foreach (Parameter parameter in _parameters)
            parameter.Gradient?.Span.Clear();
    }

    /// <summary>Tensors of the checkpoint that no layer asked for.</summary>
    public IReadOnlyList<string> Unexpected(params IReadOnlyCollection<string> known) =>
        _weights is null ? [] : [.. _weights.Tensors.Select(t => t.Name).Where(n => !_byName.ContainsKey(n) && !_matrices.ContainsKey(n) && !known.Contains(n, StringComparer.Ordinal))];

    public IEnumerator<Parameter> GetEnumerator() => _parameters.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal ModelWeights? Weights => _weights;

    internal Parameter Get(string name, Shape shape, Initializer initializer)
    {
        if (_trained is not null)
        {
            Parameter copy = Create(name, _trained[name].Shape);
            _trained[name].Span.CopyTo(copy.Span);
            return copy;
        }
        // Before memory is asked for: a config may say anything.
        if (_weights is not null)
            CheckStored(name, shape);
        Parameter parameter = Create(name, shape);
        if (_weights is not null)
        {
            _weights.ReadFloats(name, parameter.Span);
        }
        else if (Fills)
        {
            var random = new RandomSource(RandomSource.SeedFor(_seed, name));
            initializer.Fill(parameter.Span, ref random);
        }
        return parameter;
    }

    internal WeightMatrix? GetMatrix(string name, int outputs, int inputs)
    {
        if (!ForInference)
            return null;
        CheckNew(name);
        WeightMatrix matrix;
        if (_trained is not null)
            matrix = WeightMatrix.Pack(name, outputs, inputs, _trained[name].Span);
        else
        {
            CheckStored(name, new Shape(outputs, inputs));
            matrix = _weights!.Matrix(name);
        }
        _matrices.Add(name, matrix);
        return matrix;
    }

    internal Parameter Create(string name, Shape shape)
    {
        CheckNew(name);
        var parameter = new Parameter(name, shape)
        {
            Decays = name.Contains("weight", StringComparison.Ordinal) && !name.Contains("norm", StringComparison.Ordinal),
        };
        Add(parameter);
        return parameter;
    }

    internal IReadOnlyList<long>? StoredShape(string name) =>
        _trained?.Find(name) is { } trained ? [.. Enumerable.Range(0, trained.Shape.Rank).Select(i => (long)trained.Shape[i])]
        : _weights is not null && _weights.Contains(name) ? _weights.Info(name).Shape : null;

    private void Add(Parameter parameter)
    {
        _parameters.Add(parameter);
        _byName.Add(parameter.Name, parameter);
    }

    private void CheckNew(string name)
    {
        if (_byName.ContainsKey(name) || _matrices.ContainsKey(name))
            throw new ArgumentException($"A parameter called \"{name}\" exists already.", nameof(name));
    }

    private void CheckStored(string name, Shape shape)
    {
        if (StoredShape(name) is not { } stored)
            throw new CheckpointException(_weights!.Path, $"tensor {name}", shape.ToString(), "nothing", "The weights do not belong to this config, or the file is incomplete.");
        bool same = stored.Count == shape.Rank;
        for (int i = 0; same && i < shape.Rank; i++)
            same = stored[i] == shape[i];
        if (!same)
            throw new CheckpointException(_weights!.Path, $"tensor {name}", shape.ToString(), $"[{string.Join(", ", stored)}]", "The weights do not belong to this config.");
    }
}

/// <summary>A place in the tree of names: "blocks.0.xlstm" and what is below it.</summary>
public sealed class ParameterScope
{
    private readonly ParameterSet _set;
    private readonly string _prefix;

    internal ParameterScope(ParameterSet set, string prefix) => (_set, _prefix) = (set, prefix);

    /// <summary>The set that this scope adds to.</summary>
    public ParameterSet Set => _set;

    /// <summary>The scope <paramref name="name"/> below this one.</summary>
    public ParameterScope At(string name) => new(_set, Full(name));

    /// <summary>The parameter <paramref name="name"/> of this scope: from the checkpoint, or new.</summary>
    /// <exception cref="CheckpointException">The checkpoint has no such tensor, or one of another shape.</exception>
    public Parameter Get(string name, Shape shape, Initializer initializer) => _set.Get(Full(name), shape, initializer);

    /// <summary>
    /// The matrix <paramref name="name"/> of this scope as it is stored, where the set is for inference; null otherwise: then the
    /// layer asks for a parameter.
    /// </summary>
    /// <exception cref="CheckpointException">The checkpoint has no such tensor, or one of another shape.</exception>
    public WeightMatrix? GetMatrix(string name, int outputs, int inputs) => _set.GetMatrix(Full(name), outputs, inputs);

    /// <summary>The shape that the checkpoint has for <paramref name="name"/>, or null where there is none.</summary>
    internal IReadOnlyList<long>? StoredShape(string name) => _set.StoredShape(Full(name));

    internal Parameter Create(string name, Shape shape) => _set.Create(Full(name), shape);

    internal void Read(string name, Span<float> values) => _set.Weights!.ReadFloats(Full(name), values);

    private string Full(string name) => _prefix.Length == 0 ? name : $"{_prefix}.{name}";
}
