namespace XLstm.Forecasting;

/// <summary>
/// A network that reads a series as patches of P values, which end with it, and forecasts the H steps after each patch. What is made of
/// patches and states - forecasts, sessions, embeddings - is made once, for every such network.
/// </summary>
internal interface IPatchModel
{
    /// <summary>P.</summary>
    int Patch { get; }

    /// <summary>H, a multiple of P.</summary>
    int Outputs { get; }

    /// <summary>Values of history that are read at most, a multiple of P.</summary>
    int Context { get; }

    /// <summary>F, what the network reads of a patch.</summary>
    int TokenLength { get; }

    /// <summary>How a series is read whose first and only known values are these; missing ones are NaN.</summary>
    SeriesCoding Code(ReadOnlySpan<double> values);

    /// <summary>The state before a context of so many patches, in its only row; null for none.</summary>
    StackState? Before(int patches);

    /// <summary>A state of zeros.</summary>
    StackState CreateState(int rows);

    /// <summary>tokens [B, T, F] to what the blocks make of those that are picked of [B, T, D], and the state after each row.</summary>
    (Tensor Hidden, StackState State) Read(Tensor tokens, StackState? state, Pass pass, int[]? lengths, Func<Tensor, Tensor> pick);

    /// <summary>The quantiles of the H steps after each patch [B, T, 9 H], levels outermost, of <see cref="Read"/> and the tokens themselves.</summary>
    Tensor Quantiles(Tensor hidden, Tensor tokens, Pass pass);

    /// <summary>One vector for each series.</summary>
    IReadOnlyList<float[]> Embed(IReadOnlyList<double[]> series, CancellationToken cancellation = default);

    /// <summary>What each block makes of the tokens, [B, T, D] for each.</summary>
    IReadOnlyList<Tensor> Layers(Tensor tokens, StackState? state, Pass pass, int[]? lengths);
}

/// <summary>How one series becomes tokens, and outputs become its quantiles: fixed with its scale, whatever values follow.</summary>
internal abstract class SeriesCoding
{
    /// <summary>Writes the token of the patch that ends before <paramref name="end"/>; values before the first are missing.</summary>
    public abstract void Read(ReadOnlySpan<double> values, int end, Span<float> token);

    /// <summary>Writes outputs [9 H] after <paramref name="values"/> to the steps from <paramref name="from"/>, as far as there are steps.</summary>
    public abstract void Write(ReadOnlySpan<double> values, ReadOnlySpan<float> outputs, int from, double[][] quantiles);

    /// <summary>Whether a series that goes on with this value may still be read so.</summary>
    public virtual bool Holds(double value) => true;

    /// <summary>The forecast of a series that needs no network.</summary>
    public virtual Forecast? Simple(int horizon) => null;

    /// <summary>What the reader of a forecast should know.</summary>
    public virtual IReadOnlyList<string> Warnings(int horizon) => [];
}
