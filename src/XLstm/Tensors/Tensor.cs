namespace XLstm;

/// <summary>
/// Numbers with a shape. Tensors that a <see cref="Pass"/> hands out belong to it and are reused after
/// <see cref="Pass.Reset"/>; tensors made with <c>new</c> are the caller's. <see cref="Clone"/> turns one into the other.
/// </summary>
public class Tensor
{
    private readonly float[] _data;

    /// <summary>A tensor of zeros.</summary>
    public Tensor(Shape shape) : this(shape, new float[shape.Length])
    {
    }

    /// <summary>A tensor over <paramref name="data"/>, which is not copied.</summary>
    /// <exception cref="ArgumentException">The array is shorter than the shape.</exception>
    public Tensor(Shape shape, float[] data)
    {
        if (data.Length < shape.Length)
            throw new ArgumentException($"data has {data.Length} elements, shape {shape} needs {shape.Length}.", nameof(data));
        (Shape, _data) = (shape, data);
    }

    /// <summary>Sizes.</summary>
    public Shape Shape { get; internal set; }

    /// <summary>The numbers, row-major.</summary>
    public Span<float> Span => _data.AsSpan(0, Shape.Length);

    /// <summary>Number of elements.</summary>
    public int Length => Shape.Length;

    /// <summary>Whether the backward pass computes a gradient for this tensor.</summary>
    public bool RequiresGradient { get; set; }

    /// <summary>
    /// The gradient after <see cref="Pass.Backward"/>, or null where none was computed. Set it to null to start anew. Parameters
    /// and inputs keep it; that of an operation's result is gone as soon as the operation's own backward has used it.
    /// </summary>
    public Tensor? Gradient { get; set; }

    /// <summary>The only number of a tensor of length 1, such as a loss.</summary>
    public float Item => Length == 1 ? _data[0] : throw new InvalidOperationException($"Item needs a tensor of one element; this one is {Shape}.");

    /// <summary>Whether the memory goes back to a pass: so does that of its gradient then.</summary>
    internal bool Pooled { get; init; }

    internal int Capacity => _data.Length;

    /// <summary>Number of the loan that the tensor is out on.</summary>
    internal long RentedAs { get; set; }

    /// <summary>A copy that is the caller's, cut off from any gradient.</summary>
    public Tensor Clone() => new(Shape, Span.ToArray());

    /// <summary>"Tensor [2, 3]".</summary>
    public override string ToString() => $"Tensor {Shape}";
}

/// <summary>A trained tensor, known by the name it has in checkpoints.</summary>
public sealed class Parameter : Tensor
{
    internal Parameter(string name, Shape shape) : base(shape)
    {
        Name = name;
        RequiresGradient = true;
    }

    /// <summary>Full name, for example "xlstm_block_stack.blocks.0.xlstm.proj_up.weight".</summary>
    public string Name { get; }

    /// <summary>
    /// Whether weight decay applies, by the reference's rule: the name contains "weight" and not "norm". Models change it
    /// for embeddings.
    /// </summary>
    public bool Decays { get; set; }

    /// <summary>Name and shape.</summary>
    public override string ToString() => $"{Name} {Shape}";
}
