namespace XLstm.Forecasting;

/// <summary>A series as a <see cref="PatchNetwork"/> reads it, with the scale of its first values.</summary>
internal sealed class PatchCoding : SeriesCoding
{
    private readonly PatchNetworkConfig _config;
    private readonly SeriesScale _scale;

    // Of finite values, how many there are, and the only one if they are all the same.
    private readonly int _count;
    private readonly double _only = double.NaN;

    public PatchCoding(PatchNetworkConfig config, ReadOnlySpan<double> values, int season)
    {
        (_config, _scale) = (config, SeriesScale.Of(values, season));
        bool same = true;
        foreach (double x in values)
            if (double.IsFinite(x))
            {
                same &= _count == 0 || x == _only;
                _only = x;
                _count++;
            }
        IsConstant = same;
    }

    // No value, or always the same.
    private bool IsConstant { get; }

    public override void Read(ReadOnlySpan<double> values, int end, Span<float> token) => PatchReader.Read(values, end, _scale, _config.Patch, _config.Outputs, token);

    public override void Write(ReadOnlySpan<double> values, ReadOnlySpan<float> outputs, int from, double[][] quantiles)
    {
        double anchor = PatchReader.Anchor(values, values.Length, _scale);
        int H = _config.Outputs, Q = quantiles.Length;
        Span<double> sorted = stackalloc double[Q];
        for (int h = 0; h < Math.Min(H, quantiles[0].Length - from); h++)
        {
            for (int q = 0; q < Q; q++)
                sorted[q] = Math.Clamp(anchor + (_scale.Unit * SeriesScale.Expand(outputs[(q * H) + h])), double.MinValue, double.MaxValue);
            // A network may let neighbouring quantiles cross.
            sorted.Sort();
            for (int q = 0; q < Q; q++)
                quantiles[q][from + h] = _scale.NonNegative ? Math.Max(0, sorted[q]) : sorted[q];
        }
    }

    public override bool Holds(double value) => IsConstant ? value == _only : value >= 0 || !_scale.NonNegative;

    public override Forecast? Simple(int horizon)
    {
        if (!IsConstant)
            return null;
        string warning = _count == 0 ? "The series has no values: there is nothing to forecast from."
            : _count == 1 ? "The series has one value: nothing says how it may change."
            : "All values of the series are the same: nothing says how it may change.";
        return new Forecast([.. Forecasting.Forecast.StandardLevels.Select(_ => Enumerable.Repeat(_only, horizon).ToArray())]) { Warnings = [warning] };
    }

    public override IReadOnlyList<string> Warnings(int horizon) => horizon <= _config.Outputs
        ? []
        : [$"The model was trained to look {_config.Outputs} steps ahead; what lies beyond is read on from there and less certain than it says."];
}
