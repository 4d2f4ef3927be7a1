namespace XLstm.Forecasting;

/// <summary>What a forecaster learns from.</summary>
internal interface IForecastSource
{
    /// <summary>Tells it from another source.</summary>
    string Fingerprint { get; }

    /// <summary>The batch of a step; the same one whenever it is asked for.</summary>
    ForecastBatch Draw(long step);

    /// <summary>What is never trained on.</summary>
    IEnumerable<ForecastBatch> Validation { get; }
}
