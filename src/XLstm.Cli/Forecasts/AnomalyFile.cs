using System.Text.Json;
using XLstm.Forecasting;

namespace XLstm.Cli.Forecasts;

/// <summary>Every judged value, as CSV or JSON.</summary>
internal static class AnomalyFile
{
    public static void Write(string path, SeriesTable table, IReadOnlyList<IReadOnlyList<JudgedValue>> judged) => AtomicFile.Write(path, stream =>
    {
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            Json(stream, table, judged);
        else
            Csv(stream, table, judged);
    });

    private static void Json(Stream stream, SeriesTable table, IReadOnlyList<IReadOnlyList<JudgedValue>> judged)
    {
        using Utf8JsonWriter json = SeriesText.Json(stream);
        json.WriteStartObject();
        json.WriteStartArray("series");
        for (int i = 0; i < judged.Count; i++)
        {
            TableSeries series = table.Series[i];
            IReadOnlyList<JudgedValue> values = judged[i];
            json.WriteStartObject();
            json.WriteString("name", series.Name);
            SeriesText.Texts(json, "time", values.Select(v => series.Time(v.Index)));
            SeriesText.Numbers(json, "value", [.. values.Select(v => v.Value)]);
            SeriesText.Numbers(json, "expected", [.. values.Select(v => v.Expected)]);
            SeriesText.Numbers(json, "lower", [.. values.Select(v => v.Lower)]);
            SeriesText.Numbers(json, "upper", [.. values.Select(v => v.Upper)]);
            SeriesText.Numbers(json, "score", [.. values.Select(v => v.Score)]);
            SeriesText.Numbers(json, "p", [.. values.Select(v => v.PValue)]);
            SeriesText.Texts(json, "anomalies", values.Where(v => v.IsAnomaly).Select(v => series.Time(v.Index)));
            json.WriteEndObject();
            json.Flush();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Csv(Stream stream, SeriesTable table, IReadOnlyList<IReadOnlyList<JudgedValue>> judged)
    {
        using StreamWriter text = SeriesText.Csv(stream);
        text.WriteLine("series,time,value,expected,lower,upper,score,p,anomaly");
        for (int i = 0; i < judged.Count; i++)
        {
            string name = SeriesText.Quoted(table.Series[i].Name);
            foreach (JudgedValue v in judged[i])
            {
                double[] numbers = [v.Value, v.Expected, v.Lower, v.Upper, v.Score, v.PValue];
                text.WriteLine(string.Join(',', [name, table.Series[i].Time(v.Index), .. numbers.Select(SeriesText.Cell), v.IsAnomaly ? "1" : "0"]));
            }
        }
    }
}
