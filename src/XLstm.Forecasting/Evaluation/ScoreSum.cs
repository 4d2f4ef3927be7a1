namespace XLstm.Forecasting;

/// <summary>Scores of forecasts one after the other, gathered to those of all of them.</summary>
/// <param name="season">Scales the errors.</param>
internal sealed class ScoreSum(int season)
{
    private double _mase, _smape, _loss, _deviation, _size, _inside;
    private int _series, _scaled, _compared, _values;

    /// <param name="history">What the forecast was made from.</param>
    /// <param name="actual">What came.</param>
    /// <param name="forecast">Of as many steps.</param>
    public void Add(ReadOnlySpan<double> history, ReadOnlySpan<double> actual, Forecast forecast)
    {
        _series++;
        int known = 0;
        foreach (double value in actual)
            known += double.IsNaN(value) ? 0 : 1;
        if (known == 0)
            return;
        double error = ForecastMetrics.MeanAbsoluteError(actual, forecast.Median), scale = ForecastMetrics.Scale(history, season);
        if (!double.IsNaN(scale))
        {
            _mase += error / scale;
            _scaled++;
        }
        _compared++;
        _smape += ForecastMetrics.Smape(actual, forecast.Median);
        _loss += ForecastMetrics.QuantileLoss(actual, forecast);
        _deviation += known * error;
        _size += ForecastMetrics.AbsoluteSum(actual);
        _inside += known * ForecastMetrics.Coverage(actual, forecast[0], forecast[Forecast.StandardLevels.Count - 1]);
        _values += known;
    }

    public EvaluationResult Result(string set, string forecaster) => new(
        set, forecaster, _series, _mase / _scaled, _size > 0 ? _loss / _size : double.NaN, _size > 0 ? _deviation / _size : double.NaN,
        _smape / _compared, _inside / _values, _series - _scaled);
}
