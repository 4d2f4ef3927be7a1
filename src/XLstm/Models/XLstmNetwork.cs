namespace XLstm;

/// <summary>The blocks that an <see cref="XLstmNetwork"/> is made of.</summary>
public enum BlockKind
{
    /// <summary>sLSTM and mLSTM in turn.</summary>
    Mixed,

    /// <summary>sLSTM only: memory mixing, state tracking.</summary>
    SLstm,

    /// <summary>mLSTM only: matrix memory, parallel over time.</summary>
    MLstm,
}

/// <summary>
/// For people who know nn.LSTM: inputs [B, T, inputSize] in, outputs [B, T, hiddenSize] (twice that if bidirectional) and a
/// state out. A projection to hiddenSize, <c>layers</c> xLSTM blocks, a norm. (A type called like its root namespace could
/// not be named without qualification in C#; hence not just "XLstm".)
/// </summary>
public sealed class XLstmNetwork
{
    private readonly float _dropout;

    /// <summary>A new network.</summary>
    /// <param name="inputSize">Features of a step.</param>
    /// <param name="hiddenSize">Width of the blocks and of the output of one direction; a multiple of <paramref name="heads"/>.</param>
    /// <param name="layers">Blocks.</param>
    /// <param name="bidirectional">A second stack reads each row from its end.</param>
    /// <param name="dropout">On the output of every block, and of the network.</param>
    /// <param name="blocks">Kinds of blocks.</param>
    /// <param name="heads">Heads of every block.</param>
    /// <param name="seed">Of the initial parameters.</param>
    public XLstmNetwork(int inputSize, int hiddenSize, int layers = 1, bool bidirectional = false, float dropout = 0f, BlockKind blocks = BlockKind.Mixed, int heads = 4, ulong seed = 0)
        : this(new ParameterSet(seed).Root, inputSize, hiddenSize, layers, bidirectional, dropout, blocks, heads)
    {
    }

    /// <summary>A network as a part of a larger model.</summary>
    public XLstmNetwork(ParameterScope scope, int inputSize, int hiddenSize, int layers = 1, bool bidirectional = false, float dropout = 0f, BlockKind blocks = BlockKind.Mixed, int heads = 4)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(hiddenSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(layers, 1);
        Parameters = scope.Set;
        _dropout = dropout;
        Input = new Linear(scope.At("input"), inputSize, hiddenSize);
        var config = new XLstmStackConfig(
            layers, hiddenSize,
            blocks == BlockKind.SLstm ? null : new MLstmBlockConfig(new MLstmLayerConfig(NumHeads: heads)),
            blocks == BlockKind.MLstm ? null : new SLstmBlockConfig(new SLstmLayerConfig(NumHeads: heads), new FeedForwardConfig()),
            blocks == BlockKind.Mixed ? [.. Enumerable.Range(0, layers).Where(i => i % 2 == 0)] : null,
            Dropout: dropout);
        Forwards = new XLstmStack(scope.At("forward"), config);
        Backwards = bidirectional ? new XLstmStack(scope.At("backward"), config) : null;
    }

    /// <summary>All parameters.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>From inputSize to hiddenSize.</summary>
    public Linear Input { get; }

    /// <summary>The stack that reads from the start.</summary>
    public XLstmStack Forwards { get; }

    /// <summary>The stack that reads from the end, or null.</summary>
    public XLstmStack? Backwards { get; }

    /// <summary>
    /// x [B, T, inputSize], the state before it or null, and the steps of each row or null for T. Returns the output of every
    /// step ([B, T, hiddenSize], or both directions side by side) and the state of the forward direction after each row's
    /// last step. Rows padded on the right give the same numbers as each row alone.
    /// </summary>
    public (Tensor Output, StackState State) Forward(Tensor x, StackState? state, Pass pass, int[]? lengths = null)
    {
        Tensor input = Input.Forward(x, pass);
        (Tensor output, StackState next) = Forwards.Forward(input, state, pass, lengths);
        if (Backwards is not null)
            output = Ops.Concatenate(pass, output, new Bidirectional(Forwards, Backwards).Reversed(input, pass, lengths));
        return (Ops.Dropout(pass, output, _dropout), next);
    }
}

/// <summary>Two stacks over the same input, one of them from the end of each row; outputs side by side, [B, T, 2 D].</summary>
public sealed class Bidirectional(XLstmStack forwards, XLstmStack backwards)
{
    /// <summary>x [B, T, D]; returns both directions and the forward state after each row's last step.</summary>
    public (Tensor Output, StackState State) Forward(Tensor x, StackState? state, Pass pass, int[]? lengths = null)
    {
        (Tensor output, StackState next) = forwards.Forward(x, state, pass, lengths);
        return (Ops.Concatenate(pass, output, Reversed(x, pass, lengths)), next);
    }

    internal Tensor Reversed(Tensor x, Pass pass, int[]? lengths) =>
        Ops.Reverse(pass, backwards.Forward(Ops.Reverse(pass, x, lengths), null, pass, lengths).Output, lengths);
}
