using System.Text.Json;
using XLstm.Classification;
using XLstm.Cli.Forecasts;

namespace XLstm.Cli.Classification;

/// <summary>Predictions as CSV or JSON, one for each series in the order of the file.</summary>
internal static class PredictionFile
{
    public static void Write(string path, IReadOnlyList<string> names, IReadOnlyList<(string? Label, IReadOnlyList<double> Values)> rows) => AtomicFile.Write(path, stream =>
    {
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            Json(stream, names, rows);
        else
            Csv(stream, names, rows);
    });

    private static void Json(Stream stream, IReadOnlyList<string> names, IReadOnlyList<(string? Label, IReadOnlyList<double> Values)> rows)
    {
        using Utf8JsonWriter json = SeriesText.Json(stream);
        json.WriteStartObject();
        json.WriteStartArray("series");
        foreach ((string? label, IReadOnlyList<double> values) in rows)
        {
            json.WriteStartObject();
            if (label is not null)
                json.WriteString("label", label);
            json.WriteStartObject(label is null ? "values" : "probabilities");
            for (int k = 0; k < names.Count; k++)
                json.WriteNumber(names[k], values[k]);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Csv(Stream stream, IReadOnlyList<string> names, IReadOnlyList<(string? Label, IReadOnlyList<double> Values)> rows)
    {
        using StreamWriter text = SeriesText.Csv(stream);
        bool labels = rows.Any(r => r.Label is not null);
        text.WriteLine(string.Join(',', [.. labels ? new[] { "series", "label" } : ["series"], .. names.Select(SeriesText.Quoted)]));
        for (int i = 0; i < rows.Count; i++)
            text.WriteLine(string.Join(',', [SeriesText.Number(i + 1), .. labels ? new[] { SeriesText.Quoted(rows[i].Label!) } : [], .. rows[i].Values.Select(SeriesText.Number)]));
    }
}
