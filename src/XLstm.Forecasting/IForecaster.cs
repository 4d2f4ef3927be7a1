namespace XLstm.Forecasting;

/// <summary>Anything that forecasts: a trained model, or one of the baselines to hold it against. Thread-safe.</summary>
public interface IForecaster
{
    /// <summary>What tables call it.</summary>
    string Name { get; }

    /// <summary>Forecasts of every series, each as if it were alone.</summary>
    /// <param name="series">Values in order of time, NaN where one is missing; of any lengths.</param>
    /// <param name="horizon">Steps to forecast, at least 1.</param>
    /// <param name="cancellation">Stops the work.</param>
    IReadOnlyList<Forecast> Forecast(IReadOnlyList<double[]> series, int horizon, CancellationToken cancellation = default);
}
