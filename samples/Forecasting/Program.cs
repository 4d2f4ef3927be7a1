using System.Globalization;
using XLstm.Forecasting;
using XLstm.Samples.Forecasting;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

// Eleven years are known, the twelfth is to be forecast.
double[] known = AirPassengers.Monthly[..^12], year = AirPassengers.Monthly[^12..];

#region Forecast
Forecast forecast = Forecaster.Default.Forecast(known, horizon: 12);
for (int month = 0; month < forecast.Horizon; month++)
    Console.WriteLine($"month {month + 1,2}: {forecast.Median[month]:F0}, in four cases of five {forecast[0][month]:F0} to {forecast[8][month]:F0}");
#endregion

#region Compare
double ours = ForecastMetrics.Mase(year, forecast.Median, known, season: 12);
Forecast last = Baselines.SeasonalNaive(12).Forecast([known], horizon: 12)[0];
double naive = ForecastMetrics.Mase(year, last.Median, known, season: 12);
Console.WriteLine($"MASE {ours:F2}; the year before again: {naive:F2}");
#endregion

#region Backtest
var test = new Backtest([("passengers", known)], new BacktestOptions(Horizon: 12, Windows: 4, Season: 12));
BacktestResult model = test.Run(Forecaster.Default), theta = test.Run(Baselines.Theta(12));
Console.WriteLine($"four years, each forecast from those before: MASE {model.Pooled.Mase:F2}, Theta {theta.Pooled.Mase:F2}");
#endregion

#region Session
using ForecastSession session = Forecaster.Default.OpenSession(known, season: 12);
foreach (double passengers in year)
{
    Forecast next = session.Forecast(horizon: 1);
    Console.WriteLine($"expected {next.Median[0]:F0}, in four cases of five {next[0][0]:F0} to {next[8][0]:F0}; it was {passengers}");
    session.Append(passengers);
}
#endregion

#region Fit
double[][] series = [known];
Forecaster fitted = Forecaster.Default.Fit(series, ForecasterRunOptions.FineTuning with { Steps = 60, Horizon = 12, Season = 12 });
#endregion
Console.WriteLine($"after learning the eleven years: MASE {ForecastMetrics.Mase(year, fitted.Forecast(known, horizon: 12).Median, known, season: 12):F2}");
