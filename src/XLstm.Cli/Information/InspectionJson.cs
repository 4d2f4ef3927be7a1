using System.Text.Encodings.Web;
using System.Text.Json;

namespace XLstm.Cli;

/// <summary>A report for programs.</summary>
internal static class InspectionJson
{
    public static void Write(CheckpointReport report, TextWriter output, bool tensors)
    {
        using var stream = new MemoryStream();
        // For files and terminals, not for web pages: quotes and "+" stay readable.
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            Write(json, report, tensors);
        output.WriteLine(System.Text.Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length));
    }

    private static void Write(Utf8JsonWriter json, CheckpointReport report, bool tensors)
    {
        json.WriteStartObject();
        json.WriteString("path", report.Path);
        json.WriteString("kind", JsonNamingPolicy.SnakeCaseLower.ConvertName($"{report.Kind}"));
        json.WriteString("description", report.Description);
        json.WriteBoolean("usable", report.IsUsable);
        json.WriteNumber("parameters", report.Parameters);
        if (report.StateBytes is { } bytes)
            json.WriteNumber("state_bytes", bytes);
        else
            json.WriteNull("state_bytes");
        json.WriteString("prefix", report.Prefix);
        json.WriteString("license", report.License);
        json.WriteStartArray("facts");
        foreach (CheckpointFact fact in report.Facts)
            Pair(json, "label", fact.Label, fact.Text);
        json.WriteEndArray();
        json.WriteStartArray("findings");
        foreach (CheckpointFinding finding in report.Findings)
            Pair(json, "severity", JsonNamingPolicy.SnakeCaseLower.ConvertName($"{finding.Severity}"), finding.Text);
        json.WriteEndArray();
        json.WriteStartArray("next");
        foreach (string next in report.Next)
            json.WriteStringValue(next);
        json.WriteEndArray();
        if (tensors)
            Tensors(json, report);
        json.WriteEndObject();
    }

    private static void Tensors(Utf8JsonWriter json, CheckpointReport report)
    {
        json.WriteStartArray("tensors");
        foreach (TensorInfo tensor in report.Tensors)
        {
            json.WriteStartObject();
            json.WriteString("name", tensor.Name);
            json.WriteString("dtype", $"{tensor.DType}".ToUpperInvariant());
            json.WriteStartArray("shape");
            foreach (long size in tensor.Shape)
                json.WriteNumberValue(size);
            json.WriteEndArray();
            json.WriteString("file", tensor.File);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Pair(Utf8JsonWriter json, string name, string value, string text)
    {
        json.WriteStartObject();
        json.WriteString(name, value);
        json.WriteString("text", text);
        json.WriteEndObject();
    }
}
