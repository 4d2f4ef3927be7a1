using System.Globalization;
using XLstm.Forecasting;

namespace XLstm.Cli.Forecasts;

/// <summary>The first steps of the first series, below each other.</summary>
internal sealed class ForecastTable(TextWriter output, double[]? chosen, string? file)
{
    private const int MostSeries = 3, MostSteps = 24, MostLevels = 7, LeastWidth = 11;

    // Where there are many, the outermost and the median stand for all.
    private readonly double[] _levels = chosen is null ? [0.1, 0.5, 0.9] : chosen.Length <= MostLevels ? chosen : [chosen[0], 0.5, chosen[^1]];

    private string Rest => file is null ? "--output writes them all" : $"all are in {file}";

    public void Write(SeriesTable table, IReadOnlyList<Forecast> forecasts)
    {
        for (int i = 0; i < Math.Min(MostSeries, forecasts.Count); i++)
            Write(table.TimeName ?? "step", table.Series[i], forecasts[i]);
        if (forecasts.Count > MostSeries)
            output.WriteLine($"... and {Report.Count(forecasts.Count - MostSeries)} more series: {Rest}.");
    }

    private void Write(string timeName, TableSeries series, Forecast forecast)
    {
        int steps = forecast.Horizon <= MostSteps ? forecast.Horizon : MostSteps - 1;
        double[][] columns = [.. _levels.Select(forecast.Quantile)];
        Func<double, string> number = Figures.For(columns.SelectMany(c => c));
        IReadOnlyList<string> times = series.NextTimes(steps);
        int width = Math.Max(timeName.Length, times.Max(t => t.Length)), cell = Math.Max(LeastWidth, 2 + columns.Max(c => c.Take(steps).Max(v => number(v).Length)));
        output.WriteLine();
        output.WriteLine(SeriesText.Line(series.Name));
        output.WriteLine("  " + timeName.PadRight(width) + string.Concat(_levels.Select(level => Heading(level).PadLeft(cell))));
        for (int t = 0; t < steps; t++)
            output.WriteLine("  " + times[t].PadRight(width) + string.Concat(columns.Select(c => number(c[t]).PadLeft(cell))));
        if (steps < forecast.Horizon)
            output.WriteLine($"  ... and {Report.Count(forecast.Horizon - steps)} more steps: {Rest}.");
    }

    private static string Heading(double level) => level == 0.5 ? "median" : (level * 100).ToString("0.###", CultureInfo.InvariantCulture) + "%";
}
