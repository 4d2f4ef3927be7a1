namespace XLstm.Experiments;

/// <summary>The kinds of bodies that stand beside xLSTM in experiments.</summary>
internal static class BodyKinds
{
    /// <summary>Each of so many layers.</summary>
    public static IReadOnlyList<BodyKind> All(int layers) => [Lstm(layers), ResidualLstm(layers), Transformer(layers)];

    /// <summary>The plain LSTM.</summary>
    public static BodyKind Lstm(int layers) => new("lstm", 1, 0, 1, (scope, size, dropout) => new LstmBody(scope, layers, size.Width, dropout));

    /// <summary>The plain LSTM in a residual backbone.</summary>
    public static BodyKind ResidualLstm(int layers) => new("lstm-residual", 1, 0, 1, (scope, size, dropout) => new LstmBody(scope, layers, size.Width, dropout, residual: true));

    /// <summary>A causal Transformer.</summary>
    public static BodyKind Transformer(int layers, int heads = 4) => new("transformer", 2 * heads, 4, 1, (scope, size, dropout) =>
        new TransformerBody(scope, layers, size.Width, heads, size.Inner, dropout));
}
