namespace XLstm.Forecasting;

/// <summary>
/// Forecasts with a <see cref="PatchNetwork"/>: the last 1,024 values from the first that is there, as patches that end with the series.
/// Steps past the H of one patch come from patches in which everything is missing, read on from the state. A series
/// without values has no forecast (NaN), one whose values are all the same stays as it is, and one that was never below 0 does not go there.
/// </summary>
internal sealed class PatchForecaster(PatchNetwork network, int threads = 0) : IForecaster
{
    /// <summary>Values of history that are read: more would cost time and was not seen in training.</summary>
    public const int MostContext = 1024;

    private const int BatchTokens = 2048;

    public PatchNetwork Network => network;

    public string Name => "XLstm";

    /// <summary>Season of every series; 0 to look for it.</summary>
    public int Season { get; init; }

    public IReadOnlyList<Forecast> Forecast(IReadOnlyList<double[]> series, int horizon, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentOutOfRangeException.ThrowIfLessThan(horizon, 1);
        var forecasts = new Forecast[series.Count];
        var rows = new List<Row>();
        for (int i = 0; i < series.Count; i++)
        {
            var row = new Row(i, Usable(series[i].Length > MostContext ? series[i][^MostContext..] : series[i]));
            if (Simple(row.Context, horizon) is { } simple)
                forecasts[i] = simple;
            else
                rows.Add(row);
        }
        // Series of like lengths share a batch, which is as long as its longest.
        rows.Sort((a, b) => (a.Context.Length, a.Index).CompareTo((b.Context.Length, b.Index)));
        using var pass = new Pass(new PassOptions(Threads: threads)) { Cancellation = cancellation };
        for (int from = 0, count; from < rows.Count; from += count)
        {
            for (count = 1; from + count < rows.Count && (count + 1) * Tokens(rows[from + count].Context.Length, horizon) <= BatchTokens;)
                count++;
            Batch(pass, rows[from..(from + count)], horizon, forecasts);
        }
        return forecasts;
    }

    /// <summary>A series from its first value on, with NaN for what is none.</summary>
    public static double[] Usable(double[] series)
    {
        int first = Array.FindIndex(series, IsUsable);
        return first < 0 ? [] : [.. series[first..].Select(x => IsUsable(x) ? x : double.NaN)];
    }

    // The difference of two larger ones may be no number any more.
    private static bool IsUsable(double x) => Math.Abs(x) <= 1e300;

    // What needs no model: nothing, and always the same.
    private static Forecast? Simple(double[] context, int horizon)
    {
        double[] values = [.. context.Where(double.IsFinite)];
        if (values.Length > 0 && values.AsSpan().IndexOfAnyExcept(values[0]) >= 0)
            return null;
        double all = values.Length == 0 ? double.NaN : values[0];
        string warning = values.Length == 0 ? "The series has no values: there is nothing to forecast from."
            : values.Length == 1 ? "The series has one value: nothing says how it may change."
            : "All values of the series are the same: nothing says how it may change.";
        return new Forecast([.. XLstm.Forecasting.Forecast.StandardLevels.Select(_ => Enumerable.Repeat(all, horizon).ToArray())]) { Warnings = [warning] };
    }

    // Patches of the series, and those after it that bring the forecast to the horizon.
    private int Tokens(int length, int horizon) => ((length + network.Config.Patch - 1) / network.Config.Patch) + (Rolls(horizon) * network.Config.Outputs / network.Config.Patch);

    private int Rolls(int horizon) => (horizon - 1) / network.Config.Outputs;

    private void Batch(Pass pass, List<Row> rows, int horizon, Forecast[] forecasts)
    {
        int P = network.Config.Patch, H = network.Config.Outputs, F = PatchReader.FeatureCount(P, H), Q = XLstm.Forecasting.Forecast.StandardLevels.Count;
        int rolls = Rolls(horizon), B = rows.Count, T = rows.Max(r => Tokens(r.Context.Length, horizon));
        Tensor features = pass.Rent(new Shape(B, T, F));
        features.Span.Clear();
        var lengths = new int[B];
        var scales = new SeriesScale[B];
        var anchors = new double[B];
        Parallel.For(0, B, new ParallelOptions { MaxDegreeOfParallelism = pass.Workers.Count }, b =>
        {
            double[] context = rows[b].Context;
            scales[b] = SeriesScale.Of(context, Season);
            lengths[b] = Tokens(context.Length, horizon);
            var extended = new double[context.Length + (rolls * H)];
            Array.Fill(extended, double.NaN);
            context.CopyTo(extended, 0);
            for (int t = 0; t < lengths[b]; t++)
                anchors[b] = PatchReader.Read(extended, extended.Length - ((lengths[b] - 1 - t) * P), scales[b], P, H, features.Span.Slice(((b * T) + t) * F, F));
        });
        (Tensor quantiles, _) = network.Forward(features, null, pass, lengths);
        var sorted = new double[Q];
        for (int b = 0; b < B; b++)
        {
            double[][] values = [.. Enumerable.Range(0, Q).Select(_ => new double[horizon])];
            for (int h = 0; h < horizon; h++)
            {
                int token = lengths[b] - 1 - ((rolls - (h / H)) * H / P);
                ReadOnlySpan<float> row = quantiles.Span.Slice(((b * T) + token) * Q * H, Q * H);
                for (int q = 0; q < Q; q++)
                    sorted[q] = Math.Clamp(anchors[b] + (scales[b].Unit * SeriesScale.Expand(row[(q * H) + (h % H)])), double.MinValue, double.MaxValue);
                // A network may let neighbouring quantiles cross.
                Array.Sort(sorted);
                for (int q = 0; q < Q; q++)
                    values[q][h] = scales[b].NonNegative ? Math.Max(0, sorted[q]) : sorted[q];
            }
            forecasts[rows[b].Index] = new Forecast(values)
            {
                Warnings = rolls == 0 ? [] : [$"The model was trained to look {H} steps ahead; what lies beyond is read on from there and less certain than it says."],
            };
        }
        pass.Reset();
    }

    private readonly record struct Row(int Index, double[] Context);
}
