namespace XLstm.Forecasting;

/// <summary>What a forecaster said in a <see cref="Backtest"/>, and how far it was off.</summary>
/// <param name="Forecaster">Its name.</param>
/// <param name="Forecasts">One for each of <see cref="Backtest.Windows"/>.</param>
/// <param name="Pooled">Scores of all windows of all series; every window of a series counts as a series.</param>
/// <param name="ByWindow">Scores of the windows of one number, each of all series that have it.</param>
public sealed record BacktestResult(string Forecaster, IReadOnlyList<Forecast> Forecasts, EvaluationResult Pooled, IReadOnlyList<EvaluationResult> ByWindow);
