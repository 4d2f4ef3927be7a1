namespace XLstm.Forecasting;

/// <summary>Series as features [rows, tokens, F] and targets [rows, tokens, H] of every patch; NaN where there is no target.</summary>
internal sealed class ForecastBatch
{
    private readonly PatchNetworkConfig _config;
    private readonly int _featuresOfPatch;

    public ForecastBatch(PatchNetworkConfig config, int rows, int tokens)
    {
        (_config, Rows, Tokens) = (config, rows, tokens);
        _featuresOfPatch = PatchReader.FeatureCount(config.Patch, config.Outputs);
        Features = new float[rows * tokens * _featuresOfPatch];
        Targets = new float[rows * tokens * config.Outputs];
        Array.Fill(Targets, float.NaN);
        Lengths = new int[rows];
    }

    public int Rows { get; }

    /// <summary>Patches of the longest row.</summary>
    public int Tokens { get; }

    /// <summary>Patches of every row.</summary>
    public int[] Lengths { get; }

    public float[] Features { get; }

    public float[] Targets { get; }

    /// <summary>Patches that have a target.</summary>
    public int Known => Enumerable.Range(0, Rows * Tokens).Count(t => Targets.AsSpan(t * _config.Outputs, _config.Outputs).ContainsAnyExcept(float.NaN));

    /// <summary>
    /// Fills a row with a series whose patches end at <paramref name="length"/>. Its scale is that of its first <paramref name="known"/>
    /// patches, as a forecast's is that of its context; the last of them and all after it have targets.
    /// </summary>
    /// <param name="row">Which.</param>
    /// <param name="read">The series as the network sees it.</param>
    /// <param name="series">The series as it is; what comes after <paramref name="length"/> is only forecast.</param>
    /// <param name="length">Values that are read.</param>
    /// <param name="known">Patches, at least 1.</param>
    /// <param name="season">0 to look for it.</param>
    /// <param name="horizon">Steps after a patch that are targets.</param>
    public void Read(int row, double[] read, double[] series, int length, int known, int season, int horizon = int.MaxValue)
    {
        int P = _config.Patch, H = _config.Outputs, F = _featuresOfPatch, T = (length + P - 1) / P, absent = (T * P) - length;
        Lengths[row] = T;
        SeriesScale scale = SeriesScale.Of(series.AsSpan(0, (known * P) - absent), season);
        for (int t = 0; t < T; t++)
        {
            int end = ((t + 1) * P) - absent, at = (row * Tokens) + t;
            double anchor = PatchReader.Read(read, end, scale, P, H, Features.AsSpan(at * F, F));
            if (t < known - 1)
                continue;
            for (int h = 0; h < Math.Min(Math.Min(H, horizon), series.Length - end); h++)
                Targets[(at * H) + h] = SeriesScale.Compress((series[end + h] - anchor) / scale.Unit);
        }
    }

    /// <summary>The loss of what a network says about it.</summary>
    public Tensor Loss(PatchNetwork network, ForecastLoss loss, Pass pass)
    {
        var features = new Tensor(new Shape(Rows, Tokens, _featuresOfPatch), Features);
        int[]? lengths = Array.TrueForAll(Lengths, length => length == Tokens) ? null : Lengths;
        return loss.Of(pass, network.Forward(features, null, pass, lengths).Quantiles, Targets);
    }
}
