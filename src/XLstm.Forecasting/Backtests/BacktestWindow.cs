namespace XLstm.Forecasting;

/// <summary>A part of a series that a <see cref="Backtest"/> holds back.</summary>
/// <param name="Series">Which series.</param>
/// <param name="Number">Which window: the last one of every series has the same number, the highest; the earliest of any series is 0.</param>
/// <param name="Start">The place of its first value; a forecast sees those before it.</param>
public readonly record struct BacktestWindow(int Series, int Number, int Start);
