namespace XLstm.Experiments;

/// <summary>The kinds of bodies that experiments compare.</summary>
internal static class BodyKinds
{
    private const double FeedForwardFactor = 4.0 / 3;

    /// <summary>xLSTM[a:b] of the paper; the sLSTM blocks stand where <see cref="XLstmStackConfig.SlstmPositions"/> puts them.</summary>
    public static BodyKind XLstm(string pattern, int blocks, int heads = 4) => XLstm($"xLSTM[{pattern}]", pattern, blocks, heads, "slstm");

    /// <summary>The plain LSTM.</summary>
    public static BodyKind Lstm(int layers) => new("LSTM", 1, 0, 1, (scope, size, dropout) => new LstmBody(scope, layers, size.Width, dropout));

    /// <summary>The plain LSTM in a residual backbone.</summary>
    public static BodyKind ResidualLstm(int layers) => new("LSTM, residual", 1, 0, 1, (scope, size, dropout) => new LstmBody(scope, layers, size.Width, dropout, residual: true));

    /// <summary>A causal Transformer.</summary>
    public static BodyKind Transformer(int layers, int heads = 4) => new("Transformer", 2 * heads, 4, 1, (scope, size, dropout) =>
        new TransformerBody(scope, layers, size.Width, heads, size.Inner, dropout));

    /// <summary>
    /// From LSTM to xLSTM in the steps of the paper's ablation (arXiv 2405.04517, table 2): residual backbone, up-projection backbone,
    /// exponential gating, matrix memory. The third has the whole block of the sLSTM (convolution, heads, head-wise norm, gated feed-forward
    /// of 4/3) around LSTM cells, so that between it and the fourth nothing but the gating changes.
    /// </summary>
    public static IReadOnlyList<BodyKind> Ladder(int layers, int heads = 4, string matrixMemory = "7:1") =>
    [
        Lstm(layers),
        ResidualLstm(layers),
        XLstm("LSTM, up-projection", "0:1", layers, heads, "lstm"),
        XLstm("0:1", layers, heads),
        XLstm(matrixMemory, layers, heads),
    ];

    // Inner is the width of the mLSTM where there is one, otherwise that of the feed-forward.
    private static BodyKind XLstm(string name, string pattern, int blocks, int heads, string function)
    {
        int[] slstmAt = XLstmStackConfig.SlstmPositions(pattern, blocks);
        bool mlstm = slstmAt.Length < blocks;
        return mlstm ? new(name, heads, 2, heads % 4 == 0 ? heads : 4 * heads, Create) : new(name, heads, FeedForwardFactor, 1, Create);

        XLstmBody Create(ParameterScope scope, BodySize size, float dropout)
        {
            var feedForward = mlstm ? new FeedForwardConfig(FeedForwardFactor) : new FeedForwardConfig(Factor(size), RoundProjUpDimUp: false, RoundProjUpToMultipleOf: 1);
            return new XLstmBody(scope, new XLstmStackConfig(
                blocks, size.Width,
                mlstm ? new MLstmBlockConfig(new MLstmLayerConfig(heads, ProjFactor: Factor(size), RoundProjUpDimUp: false, RoundProjUpToMultipleOf: 1)) : null,
                slstmAt.Length == 0 ? null : new SLstmBlockConfig(new SLstmLayerConfig(heads, Function: function), feedForward),
                mlstm ? slstmAt : null, Dropout: dropout));
        }
    }

    // The half keeps the product from falling below a whole number.
    private static double Factor(BodySize size) => (size.Inner + 0.5) / size.Width;
}
