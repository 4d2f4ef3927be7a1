using XLstm.Forecasting;

namespace XLstm.Cli.Plotting;

/// <summary>A series, the interval its values were expected in, and those that are flagged.</summary>
internal static class AnomalyChart
{
    /// <summary>The chart of the judged values, of which there is at least one.</summary>
    public static TerminalPicture Picture(TableSeries series, IReadOnlyList<JudgedValue> judged)
    {
        var values = judged.Select(v => ((double)v.Index, v.Value)).ToList();
        var band = judged.Where(v => double.IsFinite(v.Lower) && double.IsFinite(v.Upper)).Select(v => ((double)v.Index, v.Lower, v.Upper)).ToList();
        return new TerminalPicture([new TerminalLine(values)], series.Time(judged[0].Index), series.Time(judged[^1].Index), $"{series.Name}; o: not as expected")
        {
            Band = band,
            Marks = [.. judged.Where(v => v.IsAnomaly).Select(v => ((double)v.Index, v.Value))],
            Number = Figures.For([.. values.Select(v => v.Value), .. band.Select(b => b.Upper)]),
        };
    }
}
