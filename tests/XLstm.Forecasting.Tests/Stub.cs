namespace XLstm.Forecasting.Tests;

/// <summary>A forecaster that says what a test wants.</summary>
internal sealed class Stub(Func<double[], int, Forecast> say) : IForecaster
{
    public string Name => "stub";

    /// <summary>All quantiles alike, at every step.</summary>
    public static Forecast All(double value, int horizon) => Quantiles([.. Enumerable.Repeat(value, 9)], horizon);

    /// <summary>The same at every step.</summary>
    public static Forecast Quantiles(double[] values, int horizon) => new([.. values.Select(value => Enumerable.Repeat(value, horizon).ToArray())]);

    public IReadOnlyList<Forecast> Forecast(IReadOnlyList<double[]> series, int horizon, CancellationToken cancellation = default) => [.. series.Select(s => say(s, horizon))];
}

/// <summary>Progress without a thread of its own.</summary>
internal sealed class Told(Action<double> tell) : IProgress<double>
{
    public void Report(double value) => tell(value);
}
