namespace XLstm.Forecasting;

/// <summary>What a <see cref="Backtest"/> holds back.</summary>
/// <param name="Horizon">Steps of a window, at least 1.</param>
/// <param name="Windows">Of a series, at most: the last one ends with the series, and there are as many before it as fit. At least 1.</param>
/// <param name="Stride">Steps from the beginning of a window to that of the next, at least 1; null for the horizon, so that windows do not overlap.</param>
/// <param name="Season">Scales the errors (<see cref="ForecastMetrics.Mase"/>), at least 1.</param>
/// <param name="MinHistory">Known values before a window, at least 1; null for two seasons, 5 at least.</param>
public sealed record BacktestOptions(int Horizon, int Windows = 5, int? Stride = null, int Season = 1, int? MinHistory = null);
