using System.Text.Json;
using XLstm.Forecasting;

namespace XLstm.Cli.Forecasts;

/// <summary>Forecasts as CSV or JSON; what is not known is empty, or null.</summary>
internal static class ForecastFile
{
    public static void Write(string path, SeriesTable table, IReadOnlyList<Forecast> forecasts, double[] levels) => AtomicFile.Write(path, stream =>
    {
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            Json(stream, table, forecasts, levels);
        else
            Csv(stream, table, forecasts, levels);
    });

    private static void Json(Stream stream, SeriesTable table, IReadOnlyList<Forecast> forecasts, double[] levels)
    {
        using Utf8JsonWriter json = SeriesText.Json(stream);
        json.WriteStartObject();
        json.WriteStartArray("series");
        for (int i = 0; i < forecasts.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("name", table.Series[i].Name);
            SeriesText.Texts(json, "time", table.Series[i].NextTimes(forecasts[i].Horizon));
            SeriesText.Numbers(json, "median", forecasts[i].Median);
            json.WriteStartObject("quantiles");
            foreach (double level in levels)
                SeriesText.Numbers(json, SeriesText.Number(level), forecasts[i].Quantile(level));
            json.WriteEndObject();
            json.WriteEndObject();
            json.Flush();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Csv(Stream stream, SeriesTable table, IReadOnlyList<Forecast> forecasts, double[] levels)
    {
        using StreamWriter text = SeriesText.Csv(stream);
        text.WriteLine(string.Join(',', ["series", "time", "median", .. levels.Select(SeriesText.Number)]));
        for (int i = 0; i < forecasts.Count; i++)
        {
            string name = SeriesText.Quoted(table.Series[i].Name);
            IReadOnlyList<string> times = table.Series[i].NextTimes(forecasts[i].Horizon);
            double[][] columns = [forecasts[i].Median.ToArray(), .. levels.Select(forecasts[i].Quantile)];
            for (int t = 0; t < times.Count; t++)
                text.WriteLine(string.Join(',', [name, times[t], .. columns.Select(c => SeriesText.Cell(c[t]))]));
        }
    }
}
