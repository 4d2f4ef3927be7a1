using XLstm.Forecasting;

namespace XLstm.Extensions.ML;

/// <summary>What else <see cref="XLstmCatalog.ForecastByXLstm"/> can do.</summary>
/// <param name="ConfidenceLowerBoundColumn">Name of an output column of the lower ends of the intervals; null for none.</param>
/// <param name="ConfidenceUpperBoundColumn">Name of an output column of the upper ends of the intervals; null for none.</param>
/// <param name="ConfidenceLevel">
/// Share of cases in which the value is to lie between them: 0.8 for the quantiles 0.1 and 0.9. Beyond these the tails of a normal distribution are
/// assumed (<see cref="Forecast.Quantile"/>).
/// </param>
/// <param name="QuantilesColumn">Name of an output column of all quantiles, 9 x horizon, levels 0.1 to 0.9 outermost; null for none.</param>
/// <param name="Forecaster">The model; null for <see cref="Forecaster.Default"/>. What stands in its own <see cref="ForecastOptions"/> is not taken over.</param>
/// <param name="Season">Steps after which a series repeats; null to look for it in each.</param>
/// <param name="FineTuning">
/// To let the model learn the series that it is fitted to (<see cref="Forecaster.Fit"/>), for example <see cref="ForecasterRunOptions.FineTuning"/>; null to
/// use it as it is. Its horizon and season, where they are null, are those that are forecast with.
/// </param>
/// <param name="Threads">0 for one per processor; results do not depend on it. It is not saved with the model.</param>
/// <param name="Cancellation">Stops <see cref="XLstmForecastEstimator.Fit"/>.</param>
public sealed record XLstmForecastOptions(
    string? ConfidenceLowerBoundColumn = null, string? ConfidenceUpperBoundColumn = null, double ConfidenceLevel = 0.8, string? QuantilesColumn = null,
    Forecaster? Forecaster = null, int? Season = null, ForecasterRunOptions? FineTuning = null, int Threads = 0, CancellationToken Cancellation = default);
