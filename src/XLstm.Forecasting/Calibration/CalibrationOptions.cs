namespace XLstm.Forecasting;

/// <summary>From what <see cref="CalibratedForecaster"/> learns.</summary>
/// <param name="Windows">
/// Of each series, at most; null for 20, and fewer where there are many series. They overlap where the longest series has no room for so many beside each other.
/// </param>
/// <param name="MinHistory">Known values before a window, at least 1.</param>
public sealed record CalibrationOptions(int? Windows = null, int MinHistory = 5);
