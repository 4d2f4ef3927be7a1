using System.Text.Json;
using XLstm.Classification;
using XLstm.Cli.Forecasts;

namespace XLstm.Cli.Classification;

/// <summary>Predictions as CSV or JSON, one for each series in the order of the file.</summary>
internal static class PredictionFile
{
    /// <param name="path">.csv or .json.</param>
    /// <param name="series">What the file calls its series; null for their numbers, from 1.</param>
    /// <param name="names">Of classes or targets.</param>
    /// <param name="rows">One for each series.</param>
    public static void Write(string path, IReadOnlyList<string>? series, IReadOnlyList<string> names, IReadOnlyList<(string? Label, IReadOnlyList<double> Values)> rows) => AtomicFile.Write(path, stream =>
    {
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            Json(stream, series, names, rows);
        else
            Csv(stream, series, names, rows);
    });

    private static void Json(Stream stream, IReadOnlyList<string>? series, IReadOnlyList<string> names, IReadOnlyList<(string? Label, IReadOnlyList<double> Values)> rows)
    {
        using Utf8JsonWriter json = SeriesText.Json(stream);
        json.WriteStartObject();
        json.WriteStartArray("series");
        for (int i = 0; i < rows.Count; i++)
        {
            (string? label, IReadOnlyList<double> values) = rows[i];
            json.WriteStartObject();
            if (series is not null)
                json.WriteString("name", series[i]);
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

    private static void Csv(Stream stream, IReadOnlyList<string>? series, IReadOnlyList<string> names, IReadOnlyList<(string? Label, IReadOnlyList<double> Values)> rows)
    {
        using StreamWriter text = SeriesText.Csv(stream);
        bool labels = rows.Any(r => r.Label is not null);
        text.WriteLine(string.Join(',', [.. labels ? new[] { "series", "label" } : ["series"], .. names.Select(SeriesText.Quoted)]));
        for (int i = 0; i < rows.Count; i++)
            text.WriteLine(string.Join(',', [series is null ? SeriesText.Number(i + 1) : SeriesText.Quoted(series[i]), .. labels ? new[] { SeriesText.Quoted(rows[i].Label!) } : [], .. rows[i].Values.Select(SeriesText.Number)]));
    }
}
