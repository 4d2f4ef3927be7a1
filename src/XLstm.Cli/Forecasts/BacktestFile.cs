using System.Globalization;
using System.Text.Json;
using XLstm.Forecasting;

namespace XLstm.Cli.Forecasts;

/// <summary>Every forecast of a back-test beside what came, as CSV or JSON; JSON has the scores, too.</summary>
internal static class BacktestFile
{
    public static void Write(string path, SeriesTable table, Comparison comparison, IReadOnlyList<BacktestResult> results) => AtomicFile.Write(path, stream =>
    {
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            Json(stream, table, comparison.Test, results);
        else
            Csv(stream, table, comparison.Test, results);
    });

    private static void Json(Stream stream, SeriesTable table, Backtest test, IReadOnlyList<BacktestResult> results)
    {
        using Utf8JsonWriter json = SeriesText.Json(stream);
        json.WriteStartObject();
        json.WriteNumber("horizon", test.Options.Horizon);
        json.WriteNumber("stride", test.Options.Stride!.Value);
        json.WriteNumber("season", test.Options.Season);
        json.WriteStartArray("scores");
        foreach (BacktestResult result in results)
        {
            json.WriteStartObject();
            json.WriteString("forecaster", result.Forecaster);
            Scores(json, result.Pooled);
            json.WriteStartArray("windows");
            foreach (EvaluationResult window in result.ByWindow)
            {
                json.WriteStartObject();
                json.WriteNumber("series", window.Series);
                Scores(json, window);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("series");
        foreach (IGrouping<int, (BacktestWindow Window, int Index)> series in test.Windows.Select((window, i) => (window, i)).GroupBy(w => w.window.Series))
        {
            json.WriteStartObject();
            json.WriteString("name", test.Names[series.Key]);
            json.WriteStartArray("windows");
            foreach ((BacktestWindow window, int index) in series)
            {
                json.WriteStartObject();
                json.WriteNumber("window", window.Number + 1);
                SeriesText.Texts(json, "time", Times(table, test, window));
                SeriesText.Numbers(json, "value", test.Actual(window));
                json.WriteStartArray("forecasts");
                foreach (BacktestResult result in results)
                {
                    json.WriteStartObject();
                    json.WriteString("forecaster", result.Forecaster);
                    SeriesText.Numbers(json, "median", result.Forecasts[index].Median);
                    json.WriteStartObject("quantiles");
                    for (int level = 0; level < Forecast.StandardLevels.Count; level++)
                        SeriesText.Numbers(json, SeriesText.Number(Forecast.StandardLevels[level]), result.Forecasts[index][level]);
                    json.WriteEndObject();
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
            json.Flush();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Scores(Utf8JsonWriter json, EvaluationResult result)
    {
        SeriesText.Number(json, "mase", result.Mase);
        SeriesText.Number(json, "smape", result.Smape);
        SeriesText.Number(json, "wql", result.Wql);
        SeriesText.Number(json, "coverage80", result.Coverage80);
    }

    private static void Csv(Stream stream, SeriesTable table, Backtest test, IReadOnlyList<BacktestResult> results)
    {
        using StreamWriter text = SeriesText.Csv(stream);
        text.WriteLine(string.Join(',', ["series", "window", "forecaster", "time", "value", "median", .. Forecast.StandardLevels.Select(SeriesText.Number)]));
        for (int i = 0; i < test.Windows.Count; i++)
        {
            BacktestWindow window = test.Windows[i];
            string[] times = [.. Times(table, test, window)];
            foreach (BacktestResult result in results)
                for (int h = 0; h < times.Length; h++)
                {
                    Forecast forecast = result.Forecasts[i];
                    IEnumerable<double> quantiles = Enumerable.Range(0, Forecast.StandardLevels.Count).Select(level => forecast[level][h]);
                    text.WriteLine(string.Join(',', [
                        SeriesText.Quoted(test.Names[window.Series]), (window.Number + 1).ToString(CultureInfo.InvariantCulture), SeriesText.Quoted(result.Forecaster), times[h],
                        SeriesText.Cell(test.Actual(window)[h]), SeriesText.Cell(forecast.Median[h]), .. quantiles.Select(SeriesText.Cell)]));
                }
        }
    }

    private static IEnumerable<string> Times(SeriesTable table, Backtest test, BacktestWindow window) =>
        Enumerable.Range(window.Start, test.Options.Horizon).Select(table.Series[window.Series].Time);
}
