namespace XLstm;

/// <summary>y = x W^T + b over the last dimension; W [outputs, inputs].</summary>
public sealed class Linear
{
    private readonly Parameter? _weight;

    /// <summary>Parameters "weight" and, with <paramref name="bias"/>, "bias" (zeros).</summary>
    public Linear(ParameterScope scope, int inputs, int outputs, bool bias = true, Initializer? initializer = null)
        : this(scope, inputs, outputs, initializer, bias ? Initializer.Zeros : null)
    {
    }

    /// <summary>With biases as <paramref name="biases"/> fills them; null for none.</summary>
    internal Linear(ParameterScope scope, int inputs, int outputs, Initializer? initializer, Initializer? biases)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(outputs, 1);
        Matrix = scope.GetMatrix("weight", outputs, inputs);
        if (Matrix is null)
            _weight = scope.Get("weight", new Shape(outputs, inputs), initializer ?? Initializer.Small(inputs));
        Bias = biases is null ? null : scope.Get("bias", new Shape(outputs), biases);
    }

    /// <summary>A map without biases over a weight that there is already: a head that shares the embedding's.</summary>
    internal Linear(TokenEmbedding embedding)
    {
        Matrix = embedding.Matrix;
        if (Matrix is null)
            _weight = embedding.Weight;
    }

    /// <summary>Numbers that come out.</summary>
    public int Outputs => Matrix?.Outputs ?? Weight.Shape[0];

    /// <summary>W [outputs, inputs].</summary>
    /// <exception cref="InvalidOperationException">The layer holds a <see cref="Matrix"/> instead.</exception>
    public Parameter Weight => _weight ?? throw new InvalidOperationException($"{Matrix} is for inference only: it is no parameter.");

    /// <summary>W where the layer was made for inference only (<see cref="ParameterSet.OpenForInference"/>); otherwise null.</summary>
    public WeightMatrix? Matrix { get; }

    /// <summary>b [outputs], or null.</summary>
    public Parameter? Bias { get; }

    /// <summary>x [..., inputs] to [..., outputs].</summary>
    public Tensor Forward(Tensor x, Pass pass) => Matrix is null ? Ops.Linear(pass, x, Weight, Bias) : Ops.Linear(pass, x, Matrix, Bias);

    /// <summary>Outputs <paramref name="from"/> to from + count only.</summary>
    internal Tensor Forward(Tensor x, Pass pass, int from, int count) =>
        Matrix is null ? Ops.Linear(pass, x, Weight, Bias, from, count) : Ops.Linear(pass, x, Matrix, Bias, from, count);
}

/// <summary>A linear map within each block of features: W [blocks, outputs of a block, inputs of a block].</summary>
public sealed class BlockDiagonalLinear
{
    /// <summary>Parameters "weight" and, with <paramref name="bias"/>, "bias" (zeros).</summary>
    /// <exception cref="ArgumentException">The blocks do not divide inputs and outputs.</exception>
    public BlockDiagonalLinear(ParameterScope scope, int inputs, int outputs, int blocks, bool bias = false, Initializer? initializer = null)
    {
        if (blocks < 1 || inputs % blocks != 0 || outputs % blocks != 0)
            throw new ArgumentException($"{blocks} blocks do not divide {inputs} inputs and {outputs} outputs.", nameof(blocks));
        Weight = scope.Get("weight", new Shape(blocks, outputs / blocks, inputs / blocks), initializer ?? Initializer.Small(inputs / blocks));
        Bias = bias ? scope.Get("bias", new Shape(outputs), Initializer.Zeros) : null;
    }

    /// <summary>W [blocks, outputs / blocks, inputs / blocks].</summary>
    public Parameter Weight { get; }

    /// <summary>b [outputs], or null.</summary>
    public Parameter? Bias { get; }

    /// <summary>x [..., inputs] to [..., outputs].</summary>
    public Tensor Forward(Tensor x, Pass pass) => Ops.BlockDiagonalLinear(pass, x, Weight, Bias);
}
