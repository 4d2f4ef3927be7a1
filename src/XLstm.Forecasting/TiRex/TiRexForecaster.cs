namespace XLstm.Forecasting;

/// <summary>
/// Forecasts with a <see cref="TiRexModel"/>. The last <see cref="TiRexConfig.TrainCtxLen"/> values are read, as patches that end with the series.
/// A horizon of several patches is forecast in one of two ways, which give different numbers:
/// <list type="bullet">
/// <item>re-scaled window (the reference's default): the patches that were forecast count as missing, the window moves on by
/// them, is scaled anew and read from its start;</item>
/// <item>accelerated: up to <see cref="AcceleratedPatches"/> patches come from one window, each for one more token, "missing", from the state
/// where the window ends.</item>
/// </list>
/// </summary>
public sealed class TiRexForecaster : IForecaster, IPatchModel
{
    // The reference samples anew for longer horizons only.
    private const int LeastResampled = 100;

    private readonly TiRexModel _model;
    private readonly KeptPass _pass;

    /// <summary>Forecasts with a copy of <paramref name="model"/> as it is now, its matrices arranged for products.</summary>
    /// <param name="model">May be shared.</param>
    /// <param name="acceleratedPatches">Patches that one window forecasts, the reference's max_accelerated_rollout_steps; 1 for the re-scaled window.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    /// <param name="resampleFrequency">Sample long series with a long season at fewer points, see <see cref="ResampleFrequency"/>.</param>
    public TiRexForecaster(TiRexModel model, int acceleratedPatches = 1, int threads = 0, bool resampleFrequency = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfLessThan(acceleratedPatches, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        (_model, AcceleratedPatches, ResampleFrequency) = (model.Arranged(), acceleratedPatches, resampleFrequency);
        _pass = new KeptPass(new PassOptions(Threads: threads));
    }

    /// <summary>"TiRex".</summary>
    public string Name => "TiRex";

    /// <summary>Patches that one window forecasts.</summary>
    public int AcceleratedPatches { get; }

    /// <summary>
    /// The reference's resample_strategy="frequency": for a horizon of 100 steps or more a series of 2,000 values or more whose strongest
    /// period is 64 to 1,000 steps is averaged so that the period takes about 64, forecast, and its quantiles are interpolated.
    /// </summary>
    public bool ResampleFrequency { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The horizon is less than 1.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellation"/>.</exception>
    public IReadOnlyList<Forecast> Forecast(IReadOnlyList<double[]> series, int horizon, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentOutOfRangeException.ThrowIfLessThan(horizon, 1);
        using KeptPass.Loan loan = _pass.Take(cancellation);
        if (!ResampleFrequency || horizon < LeastResampled)
            return Forecast(series, horizon, loan.Pass);
        double[] rates = [.. series.Select(s => FrequencyResampling.Rate(PatchRun.Last(s, s.Length)))];
        var forecasts = new Forecast[series.Count];
        foreach (IGrouping<double, int> alike in Enumerable.Range(0, rates.Length).GroupBy(i => rates[i]))
        {
            double rate = alike.Key;
            int[] at = [.. alike];
            Forecast[] sampled = Forecast([.. at.Select(i => FrequencyResampling.Resample(PatchRun.Last(series[i], series[i].Length), rate))], (int)Math.Ceiling(horizon * rate), loan.Pass);
            for (int i = 0; i < at.Length; i++)
                forecasts[at[i]] = new Forecast([.. XLstm.Forecasting.Forecast.StandardLevels.Select((_, q) => FrequencyResampling.Resample(sampled[i][q], 1 / rate)[..horizon])]);
        }
        return forecasts;
    }

    /// <summary>A session that starts with these values and takes more as they come.</summary>
    /// <param name="history">Values in order of time, NaN where one is missing; null or none is a start, too.</param>
    public ForecastSession OpenSession(IReadOnlyList<double>? history = null) => new(this, history ?? []);

    /// <summary>
    /// What every block makes of every patch of each series: the reference's embedding of a context. Patches before a series are left out.
    /// </summary>
    /// <param name="series">Values in order of time, NaN where one is missing; of any lengths.</param>
    /// <param name="maxContext">Values that are read at most; null for <see cref="TiRexConfig.TrainCtxLen"/>, which may be exceeded.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxContext"/> is less than 1.</exception>
    public IReadOnlyList<PatchEmbeddings> EmbedPatches(IReadOnlyList<double[]> series, int? maxContext = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        int P = _model.Config.InputPatchSize, most = maxContext ?? _model.Config.TrainCtxLen;
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1, nameof(maxContext));
        int window = (Math.Max(most, _model.Config.TrainCtxLen) + P - 1) / P;
        IPatchModel model = this;
        PatchRow[] rows = [.. series.Select(s =>
        {
            double[] values = PatchRun.Last(s, most);
            int patches = model.Patches(values.Length);
            return new PatchRow(model.Code(values), values, values.Length - ((patches - 1) * P), patches, window == patches ? null : _model.AfterMissing(window - patches));
        })];
        using KeptPass.Loan loan = _pass.Take(cancellation);
        return PatchRun.Embed(this, rows, loan.Pass);
    }

    /// <summary>One vector for each series, for classifiers and searches: <see cref="SeriesEmbedding.Of(IReadOnlyList{PatchEmbeddings})"/> of its patches.</summary>
    /// <param name="series">Values in order of time, NaN where one is missing; of any lengths.</param>
    /// <param name="cancellation">Stops the work.</param>
    public IReadOnlyList<float[]> Embed(IReadOnlyList<double[]> series, CancellationToken cancellation = default) =>
        [.. EmbedPatches(series, null, cancellation).Select(patches => SeriesEmbedding.Of([patches]))];

    /// <summary>One vector for each series of several variates.</summary>
    /// <param name="series">For each series its variates, of which all have as many.</param>
    /// <param name="augment">
    /// The reference's data_augmentation: also the vector of the differences, before it, and after it statistics of eighths of
    /// the series. Those are relative to all series of the call, which must be of one length; without them each comes out as it would alone.
    /// </param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ArgumentException">The series have unequal numbers of variates or, with <paramref name="augment"/>, of values.</exception>
    public IReadOnlyList<float[]> Embed(IReadOnlyList<double[][]> series, bool augment, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        int variates = series.Count == 0 ? 0 : series[0].Length;
        if (series.Any(s => s.Length != variates || (augment && s.Any(v => v.Length != series[0][0].Length))))
            throw new ArgumentException(augment ? "The series have unequal numbers of variates or values." : "The series have unequal numbers of variates.", nameof(series));
        if (variates == 0)
            return [.. series.Select(_ => Array.Empty<float>())];
        float[][] vectors = Vectors(series);
        if (!augment)
            return vectors;
        float[][] differences = Vectors([.. series.Select(s => s.Select(v => v.Skip(1).Zip(v, (next, one) => next - one).ToArray()).ToArray())]);
        float[][] statistics = SeriesEmbedding.Statistics(series);
        return [.. vectors.Select((v, i) => (float[])[.. differences[i], .. v, .. statistics[i]])];

        float[][] Vectors(IReadOnlyList<double[][]> of) =>
            [.. EmbedPatches([.. of.SelectMany(s => s)], null, cancellation).Chunk(variates).Select(SeriesEmbedding.Of)];
    }

    private Forecast[] Forecast(IReadOnlyList<double[]> series, int horizon, Pass pass)
    {
        int P = _model.Config.InputPatchSize;
        var quantiles = new double[series.Count][][];
        for (int i = 0; i < quantiles.Length; i++)
            quantiles[i] = [.. XLstm.Forecasting.Forecast.StandardLevels.Select(_ => new double[horizon])];
        for (int done = 0; done < horizon;)
        {
            int steps = Math.Min(AcceleratedPatches * P, horizon - done);
            Forecast[] next = PatchRun.Forecast(this, [.. series.Select(s => Window(s, done))], steps, pass);
            for (int i = 0; i < next.Length; i++)
                for (int q = 0; q < quantiles[i].Length; q++)
                    next[i][q].CopyTo(quantiles[i][q].AsSpan(done));
            done += steps;
        }
        return [.. quantiles.Select(q => new Forecast(q))];
    }

    // The last values of a series and of what was forecast, which counts as missing.
    private double[] Window(double[] series, int forecast)
    {
        int most = _model.Config.TrainCtxLen, missing = Math.Min(forecast, most), known = Math.Min(series.Length, most - missing);
        return PatchRun.Context([.. series[^known..], .. Enumerable.Repeat(double.NaN, missing)], most);
    }

    int IPatchModel.Patch => _model.Config.InputPatchSize;

    int IPatchModel.Outputs => _model.Config.OutputPatchSize;

    int IPatchModel.Context => _model.Config.TrainCtxLen;

    int IPatchModel.TokenLength => 2 * _model.Config.InputPatchSize;

    SeriesCoding IPatchModel.Code(ReadOnlySpan<double> values) => new TiRexCoding(TiRexScale.Of(values), _model.Config.InputPatchSize);

    StackState? IPatchModel.Before(int patches) => patches >= _model.Config.Patches ? null : _model.AfterMissing(_model.Config.Patches - patches);

    StackState IPatchModel.CreateState(int rows) => _model.CreateState(rows);

    (Tensor Hidden, StackState State) IPatchModel.Read(Tensor tokens, StackState? state, Pass pass, int[]? lengths, Func<Tensor, Tensor> pick) =>
        _model.Read(tokens, state, pass, lengths, pick);

    Tensor IPatchModel.Quantiles(Tensor hidden, Tensor tokens, Pass pass) => _model.Quantiles(hidden, pass);

    IReadOnlyList<Tensor> IPatchModel.Layers(Tensor tokens, StackState? state, Pass pass, int[]? lengths) => _model.Layers(tokens, state, pass, lengths);
}
