namespace XLstm.Forecasting;

/// <summary>
/// Forecasts with a <see cref="PatchNetwork"/>: the last 1,024 values, from the first of these that is there, as patches that end with the series.
/// Steps past the H of one patch come from patches in which everything is missing, read on from the state. A series
/// without values has no forecast (NaN), one whose values are all the same stays as it is, and one that was never below 0 does not go there.
/// </summary>
internal sealed class PatchForecaster(PatchNetwork network, int threads = 0) : IForecaster, IPatchModel
{
    public PatchNetwork Network => network;

    public string Name => "XLstm";

    /// <summary>Season of every series; 0 to look for it.</summary>
    public int Season { get; init; }

    public int Patch => network.Config.Patch;

    public int Outputs => network.Config.Outputs;

    public int Context => MostContext(Patch);

    public int TokenLength => PatchReader.FeatureCount(Patch, Outputs);

    /// <summary>Values of history that are read: more would cost time and was not seen in training.</summary>
    public static int MostContext(int patch) => 1024 / patch * patch;

    public IReadOnlyList<Forecast> Forecast(IReadOnlyList<double[]> series, int horizon, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentOutOfRangeException.ThrowIfLessThan(horizon, 1);
        using var pass = new Pass(new PassOptions(Threads: threads)) { Cancellation = cancellation };
        return PatchRun.Forecast(this, [.. series.Select(s => PatchRun.Context(s, Context))], horizon, pass);
    }

    public IReadOnlyList<float[]> Embed(IReadOnlyList<double[]> series, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        using var pass = new Pass(new PassOptions(Threads: threads)) { Cancellation = cancellation };
        return [.. PatchRun.Embed(this, [.. series.Select(s => this.Row(PatchRun.Context(s, Context)))], pass).Select(patches => SeriesEmbedding.Of([patches]))];
    }

    public SeriesCoding Code(ReadOnlySpan<double> values) => new PatchCoding(network.Config, values, Season);

    public StackState? Before(int patches) => null;

    public StackState CreateState(int rows) => network.CreateState(rows);

    public (Tensor Hidden, StackState State) Read(Tensor tokens, StackState? state, Pass pass, int[]? lengths) => network.Read(tokens, state, pass, lengths);

    public Tensor Quantiles(Tensor hidden, Tensor tokens, Pass pass) => network.Quantiles(hidden, tokens, pass);

    public IReadOnlyList<Tensor> Layers(Tensor tokens, StackState? state, Pass pass, int[]? lengths) => network.Layers(tokens, state, pass, lengths);
}
