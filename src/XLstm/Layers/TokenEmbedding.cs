namespace XLstm;

/// <summary>A vector for each token: weight [vocabulary, width].</summary>
public sealed class TokenEmbedding
{
    /// <summary>Parameter "weight", "small init".</summary>
    public TokenEmbedding(ParameterScope scope, int vocabulary, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabulary, 1);
        Weight = scope.Get("weight", new Shape(vocabulary, width), Initializer.Small(width));
    }

    /// <summary>[vocabulary, width].</summary>
    public Parameter Weight { get; }

    /// <summary>Tokens of <paramref name="batch"/> rows, one row after the other, to [batch, T, width].</summary>
    public Tensor Forward(int[] tokens, int batch, Pass pass) => Ops.Embed(pass, tokens, batch, Weight);
}
