namespace XLstm;

/// <summary>A vector for each token: weight [vocabulary, width].</summary>
public sealed class TokenEmbedding
{
    private readonly Parameter? _weight;

    /// <summary>Parameter "weight", "small init".</summary>
    public TokenEmbedding(ParameterScope scope, int vocabulary, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabulary, 1);
        Matrix = scope.GetMatrix("weight", vocabulary, width);
        if (Matrix is null)
            _weight = scope.Get("weight", new Shape(vocabulary, width), Initializer.Small(width));
    }

    /// <summary>[vocabulary, width].</summary>
    /// <exception cref="InvalidOperationException">The layer holds a <see cref="Matrix"/> instead.</exception>
    public Parameter Weight => _weight ?? throw new InvalidOperationException($"{Matrix} is for inference only: it is no parameter.");

    /// <summary>The table where the layer was made for inference only (<see cref="ParameterSet.OpenForInference"/>); otherwise null.</summary>
    public WeightMatrix? Matrix { get; }

    /// <summary>Tokens of <paramref name="batch"/> rows, one row after the other, to [batch, T, width].</summary>
    public Tensor Forward(int[] tokens, int batch, Pass pass) =>
        Matrix is null ? Ops.Embed(pass, tokens, batch, Weight) : Ops.Embed(pass, tokens, batch, Matrix);
}
