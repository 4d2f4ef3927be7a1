using System.Globalization;
using System.Text;
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
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteStartArray("series");
        for (int i = 0; i < forecasts.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("name", table.Series[i].Name);
            json.WriteStartArray("time");
            foreach (string time in table.Series[i].NextTimes(forecasts[i].Horizon))
                json.WriteStringValue(time);
            json.WriteEndArray();
            Numbers(json, "median", forecasts[i].Median);
            json.WriteStartObject("quantiles");
            foreach (double level in levels)
                Numbers(json, Text(level), forecasts[i].Quantile(level));
            json.WriteEndObject();
            json.WriteEndObject();
            json.Flush();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Numbers(Utf8JsonWriter json, string name, ReadOnlySpan<double> values)
    {
        json.WriteStartArray(name);
        foreach (double value in values)
        {
            if (double.IsFinite(value))
                json.WriteNumberValue(value);
            else
                json.WriteNullValue();
        }
        json.WriteEndArray();
    }

    private static void Csv(Stream stream, SeriesTable table, IReadOnlyList<Forecast> forecasts, double[] levels)
    {
        using var text = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\n" };
        text.WriteLine(string.Join(',', ["series", "time", "median", .. levels.Select(Text)]));
        for (int i = 0; i < forecasts.Count; i++)
        {
            string name = Quoted(table.Series[i].Name);
            IReadOnlyList<string> times = table.Series[i].NextTimes(forecasts[i].Horizon);
            double[][] columns = [forecasts[i].Median.ToArray(), .. levels.Select(forecasts[i].Quantile)];
            for (int t = 0; t < times.Count; t++)
                text.WriteLine(string.Join(',', [name, times[t], .. columns.Select(c => double.IsFinite(c[t]) ? Text(c[t]) : "")]));
        }
    }

    private static string Quoted(string name) => name.AsSpan().ContainsAny(",\"\r\n;") ? $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : name;

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
