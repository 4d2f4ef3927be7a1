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
public sealed class TiRexForecaster : IForecaster
{
    private const int BatchTokens = 2048;

    private readonly TiRexModel _model;
    private readonly int _threads;

    /// <summary>Forecasts with <paramref name="model"/>, which may be shared.</summary>
    /// <param name="model">Not trained meanwhile.</param>
    /// <param name="acceleratedPatches">Patches that one window forecasts, the reference's max_accelerated_rollout_steps; 1 for the re-scaled window.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    public TiRexForecaster(TiRexModel model, int acceleratedPatches = 1, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfLessThan(acceleratedPatches, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        (_model, AcceleratedPatches, _threads) = (model, acceleratedPatches, threads);
    }

    /// <summary>"TiRex".</summary>
    public string Name => "TiRex";

    /// <summary>Patches that one window forecasts.</summary>
    public int AcceleratedPatches { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The horizon is less than 1.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellation"/>.</exception>
    public IReadOnlyList<Forecast> Forecast(IReadOnlyList<double[]> series, int horizon, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentOutOfRangeException.ThrowIfLessThan(horizon, 1);
        int P = _model.Config.InputPatchSize;
        var forecasts = new double[series.Count][][];
        for (int i = 0; i < forecasts.Length; i++)
            forecasts[i] = [.. XLstm.Forecasting.Forecast.StandardLevels.Select(_ => new double[horizon])];
        using var pass = new Pass(new PassOptions(Threads: _threads)) { Cancellation = cancellation };
        for (int done = 0; done < horizon;)
        {
            int patches = Math.Min(AcceleratedPatches, (horizon - done + P - 1) / P);
            List<Window> windows = [.. Enumerable.Range(0, series.Count).Select(i => new Window(series[i], done, _model.Config, i))];
            // Windows with as many patches of their own share a batch.
            foreach (IGrouping<int, Window> alike in windows.GroupBy(w => w.Missing))
                foreach (Window[] batch in alike.Chunk(Math.Max(1, BatchTokens / (_model.Config.Patches - alike.Key + patches - 1))))
                    Run(batch, patches, pass, done, forecasts);
            done += patches * P;
        }
        return [.. forecasts.Select(f => new Forecast(f))];
    }

    private void Run(Window[] windows, int patches, Pass pass, int done, double[][][] forecasts)
    {
        int P = _model.Config.InputPatchSize, Q = XLstm.Forecasting.Forecast.StandardLevels.Count, B = windows.Length, own = _model.Config.Patches - windows[0].Missing;
        int T = own + patches - 1;
        Tensor tokens = pass.Rent(new Shape(B, T, 2 * P));
        tokens.Span.Clear();
        for (int b = 0; b < B; b++)
            windows[b].Read(P, own, tokens.Span.Slice(b * T * 2 * P, own * 2 * P));
        StackState? before = windows[0].Missing == 0 ? null : Repeat(_model.AfterMissing(windows[0].Missing), B);
        (Tensor quantiles, _) = _model.Forward(tokens, before, pass);
        for (int b = 0; b < B; b++)
        {
            double[][] forecast = forecasts[windows[b].Index];
            for (int h = 0; h < Math.Min(patches * P, forecast[0].Length - done); h++)
            {
                ReadOnlySpan<float> row = quantiles.Span.Slice(((b * T) + own - 1 + (h / P)) * Q * P, Q * P);
                for (int q = 0; q < Q; q++)
                    forecast[q][done + h] = windows[b].Scale.Loc + (windows[b].Scale.Scale * row[(q * P) + (h % P)]);
            }
        }
        pass.Reset();
    }

    private static StackState? Repeat(StackState state, int rows) => new([.. state.Blocks.Select(block => block.Map((_, one) =>
    {
        // [4, 1, H] to [4, rows, H]
        int parts = one.Shape[0], H = one.Shape[2];
        var many = new Tensor(new Shape(parts, rows, H));
        for (int p = 0; p < parts; p++)
            for (int r = 0; r < rows; r++)
                one.Span.Slice(p * H, H).CopyTo(many.Span[(((p * rows) + r) * H)..]);
        return many;
    }))]);

    // The last values of a series and of what was forecast, which counts as missing.
    private readonly struct Window
    {
        private readonly double[] _values;

        public Window(double[] series, int forecast, TiRexConfig config, int index)
        {
            int length = config.TrainCtxLen, P = config.InputPatchSize;
            _values = new double[length];
            Array.Fill(_values, double.NaN);
            int count = Math.Clamp(length - forecast, 0, series.Length);
            // An infinity has no place on any scale.
            for (int i = 0; i < count; i++)
                _values[length - forecast - count + i] = double.IsFinite(series[series.Length - count + i]) ? series[series.Length - count + i] : double.NaN;
            Index = index;
            Scale = TiRexScale.Of(_values);
            int first = Array.FindIndex(_values, v => !double.IsNaN(v));
            Missing = first < 0 ? config.Patches - 1 : first / P;
        }

        public int Index { get; }

        public TiRexScale Scale { get; }

        /// <summary>Patches before the first value; the last patch counts as the series' own in any case.</summary>
        public int Missing { get; }

        public void Read(int P, int own, Span<float> tokens)
        {
            for (int t = 0; t < own; t++)
                Scale.Read(_values.AsSpan(_values.Length - ((own - t) * P), P), tokens.Slice(t * 2 * P, 2 * P));
        }
    }
}
