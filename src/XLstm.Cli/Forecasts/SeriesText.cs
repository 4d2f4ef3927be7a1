using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace XLstm.Cli.Forecasts;

/// <summary>Numbers and texts in the files that commands write about series; what is not known is empty, or null.</summary>
internal static class SeriesText
{
    public static Utf8JsonWriter Json(Stream stream) => new(stream, new JsonWriterOptions { NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static StreamWriter Csv(Stream stream) => new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\n" };

    public static string Quoted(string name) => name.AsSpan().ContainsAny(",\"\r\n;") ? $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : name;

    /// <summary>A name on one line of a terminal, whatever the file has in it.</summary>
    public static string Line(string name) => string.Concat(name.Select(c => char.IsControl(c) ? ' ' : c));

    public static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public static string Cell(double value) => double.IsFinite(value) ? Number(value) : "";

    public static void Number(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }

    public static void Texts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    public static void Numbers(Utf8JsonWriter json, string name, ReadOnlySpan<double> values)
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
}
