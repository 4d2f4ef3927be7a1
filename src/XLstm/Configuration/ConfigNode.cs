using System.Globalization;
using System.Text.Json;

namespace XLstm;

/// <summary>One object of a configuration file, read key by key; every error names the file, the key, what is there and what is expected.</summary>
/// <remarks>The keys that were asked for are the known ones: in our own files <see cref="Done"/> refuses the others, which are misspellings more often than not.</remarks>
internal sealed class ConfigNode(JsonElement element, string file, string path, bool strict)
{
    private readonly List<string> asked = [];

    internal string File => file;

    internal JsonElement Element => element;

    internal bool Strict => strict;

    internal bool Has(string key)
    {
        asked.Add(key);
        return element.TryGetProperty(key, out _);
    }

    internal int Int(string key, int? fallback = null)
    {
        if (!Find(key, fallback is null, "a whole number", out var value))
            return fallback!.Value;
        // Whole numbers written as 64.0 come from tools that keep every number as a float.
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number == Math.Truncate(number) && Math.Abs(number) <= int.MaxValue)
            return (int)number;
        throw Wrong(key, value, "a whole number of 32 bits");
    }

    /// <summary>A whole number, or the first of a list of them.</summary>
    internal int IntOrFirst(string key)
    {
        if (Raw(key) is not { ValueKind: JsonValueKind.Array } list)
            return Int(key);
        if (list.GetArrayLength() == 0 || list.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out _)))
            throw Wrong(key, list, "a whole number, or a list of them");
        return list[0].GetInt32();
    }

    internal double Double(string key, double fallback)
    {
        if (!Find(key, required: false, "a number", out var value))
            return fallback;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number))
            return number;
        throw Wrong(key, value, "a finite number");
    }

    /// <summary>As <see cref="Double"/>, with a value of its own for null.</summary>
    internal double DoubleOr(string key, double fallback, double ofNull) =>
        element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Null ? ofNull : Double(key, fallback);

    internal float Float(string key, float fallback) => (float)Double(key, fallback);

    internal bool Bool(string key, bool fallback)
    {
        if (!Find(key, required: false, "true or false", out var value))
            return fallback;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(key, value, "true or false");
    }

    internal string String(string key, string fallback)
    {
        if (!Find(key, required: false, "text", out var value))
            return fallback;
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(key, value, "text");
    }

    /// <summary>The object under a key; null when it is absent or null: ask <see cref="Has"/> where these differ.</summary>
    internal ConfigNode? Object(string key)
    {
        asked.Add(key);
        if (!element.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == JsonValueKind.Object ? new(value, file, Full(key), strict) : throw Wrong(key, value, "an object");
    }

    /// <summary>The object under a key, or an empty one, whose keys then all have their defaults.</summary>
    internal ConfigNode ObjectOrEmpty(string key) => Object(key) ?? new(EmptyObject, file, Full(key), strict);

    internal JsonElement? Raw(string key)
    {
        asked.Add(key);
        return element.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    internal CheckpointException Wrong(string key, JsonElement found, string expected) => new(file, Full(key), expected, Short(found));

    internal void Done()
    {
        if (!strict)
            return;
        foreach (var property in element.EnumerateObject())
        {
            if (asked.Contains(property.Name, StringComparer.Ordinal))
                continue;
            var nearest = asked.MinBy(known => Distance(known, property.Name));
            throw new CheckpointException(file, "unknown key " + Full(property.Name), advice: nearest is null ? null : $"Did you mean {nearest}?");
        }
    }

    private static JsonElement EmptyObject { get; } = JsonDocument.Parse("{}").RootElement;

    private bool Find(string key, bool required, string expected, out JsonElement value)
    {
        asked.Add(key);
        if (element.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null)
            return true;
        return required ? throw new CheckpointException(file, Full(key), expected, "nothing") : false;
    }

    private string Full(string key) => path.Length == 0 ? key : $"{path}.{key}";

    private static string Short(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 40 ? text : string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, 37)}...");
    }

    // Levenshtein's distance, one row at a time.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
