namespace XLstm.Forecasting;

/// <summary>
/// Forecasts with a <see cref="PatchNetwork"/>: the last 1,024 values, from the first of these that is there, as patches that end with the series.
/// Steps past the H of one patch come from patches in which everything is missing, read on from the state. A series
/// without values has no forecast (NaN), one whose values are all the same stays as it is, and one that was never below 0 does not go there.
/// </summary>
internal sealed class PatchForecaster : IForecaster, IPatchModel
{
    private readonly PatchNetwork _arranged;
    private readonly KeptPass _pass;

    /// <summary>Forecasts with <paramref name="network"/> as it is now.</summary>
    public PatchForecaster(PatchNetwork network, int threads = 0) : this(network, network.Arranged(), new KeptPass(new PassOptions(Threads: threads)))
    {
    }

    private PatchForecaster(PatchNetwork network, PatchNetwork arranged, KeptPass pass) => (Network, _arranged, _pass) = (network, arranged, pass);

    /// <summary>What was given.</summary>
    public PatchNetwork Network { get; }

    public string Name => "XLstm";

    /// <summary>Season of every series; 0 to look for it.</summary>
    public int Season { get; private init; }

    /// <summary>The same network with other options.</summary>
    public PatchForecaster With(int threads, int season) =>
        new(Network, _arranged, threads == _pass.Options.Threads ? _pass : new KeptPass(new PassOptions(Threads: threads))) { Season = season };

    public int Patch => _arranged.Config.Patch;

    public int Outputs => _arranged.Config.Outputs;

    public int Context => MostContext(Patch);

    public int TokenLength => PatchReader.FeatureCount(Patch, Outputs);

    /// <summary>Values of history that are read: more would cost time and was not seen in training.</summary>
    public static int MostContext(int patch) => 1024 / patch * patch;

    public IReadOnlyList<Forecast> Forecast(IReadOnlyList<double[]> series, int horizon, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentOutOfRangeException.ThrowIfLessThan(horizon, 1);
        using KeptPass.Loan loan = _pass.Take(cancellation);
        return PatchRun.Forecast(this, [.. series.Select(s => PatchRun.Context(s, Context))], horizon, loan.Pass);
    }

    public IReadOnlyList<float[]> Embed(IReadOnlyList<double[]> series, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        using KeptPass.Loan loan = _pass.Take(cancellation);
        return [.. PatchRun.Embed(this, [.. series.Select(s => this.Row(PatchRun.Context(s, Context)))], loan.Pass).Select(patches => SeriesEmbedding.Of([patches]))];
    }

    public SeriesCoding Code(ReadOnlySpan<double> values) => new PatchCoding(_arranged.Config, values, Season);

    public StackState? Before(int patches) => null;

    public StackState CreateState(int rows) => _arranged.CreateState(rows);

    public (Tensor Hidden, StackState State) Read(Tensor tokens, StackState? state, Pass pass, int[]? lengths, Func<Tensor, Tensor> pick) =>
        _arranged.Read(tokens, state, pass, lengths, pick);

    public Tensor Quantiles(Tensor hidden, Tensor tokens, Pass pass) => _arranged.Quantiles(hidden, tokens, pass);

    public IReadOnlyList<Tensor> Layers(Tensor tokens, StackState? state, Pass pass, int[]? lengths) => _arranged.Layers(tokens, state, pass, lengths);
}
