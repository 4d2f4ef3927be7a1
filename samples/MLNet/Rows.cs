using Microsoft.ML.Data;

namespace XLstm.Samples.MLNet;

/// <summary>A row of air-passengers.csv.</summary>
internal sealed class Month
{
    [LoadColumn(0)]
    public string Date { get; set; } = "";

    [LoadColumn(1)]
    public float Passengers { get; set; }
}

/// <summary>A series that is a row of its own.</summary>
internal sealed class Series
{
    public float[] Values { get; set; } = [];
}

/// <summary>What a forecaster adds to a row.</summary>
internal sealed class Outlook
{
    public float[] Forecast { get; set; } = [];

    public float[] Low { get; set; } = [];

    public float[] High { get; set; } = [];
}
