namespace XLstm.Forecasting;

/// <summary>A value of a series and what was to be expected in its place.</summary>
/// <param name="Index">Its place in the series.</param>
/// <param name="Value">What is there; NaN where it is missing.</param>
/// <param name="Expected">The median of the forecast.</param>
/// <param name="Lower">Of the interval of <see cref="AnomalyOptions.Coverage"/>.</param>
/// <param name="Upper">Of that interval.</param>
/// <param name="Score">
/// How far above (positive) or below the median, in standard deviations of a normal distribution with the same 0.1 and 0.9 quantiles:
/// (y - q50) / ((q90 - q10) / 2.563). 0 for y = q50; infinite for another y where q10 = q90; NaN where y or the forecast is missing.
/// </param>
/// <param name="PValue">How often an undisturbed series has a value at least as far off, see <see cref="AnomalyDetector"/>; NaN where there is no score.</param>
/// <param name="IsAnomaly">PValue is at most <see cref="AnomalyOptions.Rate"/>.</param>
public readonly record struct JudgedValue(int Index, double Value, double Expected, double Lower, double Upper, double Score, double PValue, bool IsAnomaly);
