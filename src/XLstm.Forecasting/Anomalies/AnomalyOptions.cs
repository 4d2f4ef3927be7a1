namespace XLstm.Forecasting;

/// <summary>How <see cref="AnomalyDetector"/> judges.</summary>
/// <param name="Rate">Share of the values of an undisturbed series that may be flagged, between 0 and 1.</param>
/// <param name="Coverage">Share of the values that lie between lower and upper, between 0 and 1; it does not decide what is flagged.</param>
/// <param name="Horizon">Steps from the last value a forecast has seen to the value it is held against, at least 1.</param>
/// <param name="MinHistory">Values that have to be there before the first forecast, at least 1.</param>
/// <param name="Calibration">Earlier scores a score is compared with, at most; at least 1. To flag by rank takes 1 / Rate - 1 of them.</param>
public sealed record AnomalyOptions(double Rate = 0.01, double Coverage = 0.8, int Horizon = 1, int MinHistory = 16, int Calibration = 1000);
