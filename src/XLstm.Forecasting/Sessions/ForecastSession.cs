namespace XLstm.Forecasting;

/// <summary>
/// A series in progress: takes new values as they come, at a cost and in a memory that do not grow. A network reads patches of P values, which
/// end with the series, so the session keeps P states, one for each place where a patch can end: every value completes one patch, and a forecast
/// always comes from the state whose patch has just ended, as in training.
/// <para>
/// The scale is that of the values that were known when it was fixed, the context. When a quarter as many new values have come as the context holds (missing
/// ones do not count), or a quarter of the points that a context can have, it is fixed anew with the last points, and these are read anew. So it is at
/// once, where a value shows that it no longer holds: the first that differs from a constant or, for the model in the package, is negative.
/// Right after that, and at the start, the forecast is bit for bit that of <see cref="Forecaster"/> for the same values; in between it is what the
/// network says of all values since the start of the context with the scale as it was.
/// </para>
/// <para>
/// TiRex reads on from the state where the horizon exceeds a patch: its accelerated way (<see cref="ForecastOptions.AcceleratedPatches"/>). Not thread-safe; works
/// on the thread that calls. Make as many sessions over one forecaster as you like, on any threads.
/// </para>
/// </summary>
public sealed class ForecastSession : IDisposable
{
    private readonly IPatchModel _model;
    private readonly Pass _pass = new(new PassOptions(Threads: 1));

    // From the start of the context: as many as are known when the scale is fixed, then at most a quarter more.
    private readonly double[] _values;

    // Row p: after the last patch that ends at p modulo P and was read.
    private readonly StackState _states;
    private readonly bool[] _started;

    // What the blocks made of the last patch that was read, and its token: what a forecast starts from.
    private Tensor _hidden = null!, _token = null!;
    private SeriesCoding _coding = null!;
    private int _count, _read, _fixedAt, _known, _fresh;
    private bool _closed;

    internal ForecastSession(IPatchModel model, IReadOnlyList<double> history)
    {
        _model = model;
        _values = new double[model.Context + Quarter(model.Context)];
        (_states, _started) = (model.CreateState(model.Patch), new bool[model.Patch]);
        for (int i = Math.Max(0, history.Count - model.Context); i < history.Count; i++)
            _values[_count++] = PatchRun.Usable(history[i]);
        Count = history.Count;
        Fix();
    }

    /// <summary>Points so far, those of the history and missing ones included.</summary>
    public long Count { get; private set; }

    internal long HeldBytes => _pass.HeldBytes;

    /// <summary>The next value, NaN if it is missing.</summary>
    /// <exception cref="ObjectDisposedException">The session is closed.</exception>
    public void Append(double value) => Append([value]);

    /// <summary>The next values. Many cost no more than reading a context anew, and a little for each.</summary>
    /// <exception cref="ObjectDisposedException">The session is closed.</exception>
    public void Append(ReadOnlySpan<double> values)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        foreach (double value in values)
            Push(PatchRun.Usable(value));
        Count += values.Length;
        // Nobody has asked yet, and patches that are read together cost less each: but no call should have more to do than a few.
        if (_count - _read >= _model.Patch)
            ReadOn();
    }

    /// <summary>What comes after the values so far. The session stays as it is.</summary>
    /// <param name="horizon">Steps to forecast, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The horizon is less than 1.</exception>
    /// <exception cref="ObjectDisposedException">The session is closed.</exception>
    public Forecast Forecast(int horizon)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(horizon, 1);
        if (_coding.Simple(horizon) is { } simple)
            return simple;
        try
        {
            if (_count == 0)
                return PatchRun.Forecast(_model, [[]], horizon, _pass)[0];
            if (_read < _count)
                ReadOn();
            StackState state = StateRows.Gather([(_states, _count % _model.Patch)], _pass);
            return PatchRun.Forecast(_model, [new PatchRow(_coding, _values.AsMemory(0, _count), _count, 1, null)], (_hidden, _token, state), horizon, _pass)[0];
        }
        finally
        {
            _pass.Reset();
        }
    }

    /// <summary>Closes the session.</summary>
    public void Dispose()
    {
        _closed = true;
        _pass.Dispose();
    }

    private void Push(double value)
    {
        bool there = !double.IsNaN(value);
        if (_count == 0 && !there)
            return;
        _values[_count++] = value;
        _fresh += there ? 1 : 0;
        if (_count - _fixedAt == Quarter(_model.Context) || (there && (_fresh >= Quarter(_known) || !_coding.Holds(value))))
            Fix();
    }

    // New values after which a context is read anew: all at once a patch costs a tenth of one alone, so that this adds little to each value.
    private static int Quarter(int values) => Math.Max(1, values / 4);

    // The last values become the context, of which nothing is read yet.
    private void Fix()
    {
        double[] context = PatchRun.Context(_values[.._count], _model.Context);
        context.CopyTo(_values, 0);
        (_count, _fixedAt, _read, _fresh) = (context.Length, context.Length, 0, 0);
        _known = context.Count(x => !double.IsNaN(x));
        _coding = _model.Code(context);
        Array.Clear(_started);
    }

    // Reads the patches that end with the values since the last that was read.
    private void ReadOn()
    {
        int P = _model.Patch, first = _read + 1, rows = Math.Min(P, _count - _read);
        bool anew = _read == 0;
        PatchRow[] all = [.. Enumerable.Range(first, rows).Select(end => new PatchRow(
            _coding, _values.AsMemory(0, _count), end, (_count - end + P) / P, _started[end % P] ? _states : BeforeFirst(end), _started[end % P] ? end % P : 0))];
        // Read anew, the patches that end with the series go alone: the same rows through the same products as in a forecast, the same bits.
        int newest = (_count - first) % P;
        foreach (PatchRow[] group in anew ? [[all[newest]], [.. all.Where((_, i) => i != newest)]] : new[] { all })
            foreach (int[] batch in PatchRun.Batches(group))
                Run([.. batch.Select(i => group[i])]);
        _read = _count;
    }

    // As in a forecast of the values that were known when the scale was fixed.
    private StackState? BeforeFirst(int end) => _model.Before(Math.Max(1, (_fixedAt - end + _model.Patch) / _model.Patch));

    private void Run(PatchRow[] rows)
    {
        int P = _model.Patch;
        // The memory of a long batch is not kept for the single patches to come.
        bool many = rows.Sum(r => r.Count) > P;
        Pass pass = many ? new Pass(_pass.Options) : _pass;
        try
        {
            (Tensor hidden, Tensor token, StackState state) = PatchRun.Read(_model, rows, pass);
            for (int b = 0; b < rows.Length; b++)
            {
                StateRows.Copy(state, b, _states, rows[b].End % P);
                _started[rows[b].End % P] = true;
                if ((_count - rows[b].End) % P == 0)
                    (_hidden, _token) = (Row(hidden, b), Row(token, b));
            }
        }
        finally
        {
            if (many)
                pass.Dispose();
            pass.Reset();
        }
    }

    private static Tensor Row(Tensor tensor, int row)
    {
        int D = tensor.Shape.Last;
        return new Tensor(new Shape(1, 1, D), tensor.Span.Slice(row * D, D).ToArray());
    }
}
