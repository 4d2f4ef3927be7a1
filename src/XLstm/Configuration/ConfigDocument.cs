using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace XLstm;

/// <summary>The text of a configuration file as JSON: JSON as it is, YAML translated.</summary>
internal static class ConfigDocument
{
    private const int DeepestNesting = 64;
    private const long LargestFile = 16 << 20;

    private static readonly JsonDocumentOptions Options = new()
    {
        AllowDuplicateProperties = false,
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
        MaxDepth = DeepestNesting,
    };

    internal static JsonElement Read(string path)
    {
        if (new FileInfo(path).Length > LargestFile)
            throw new CheckpointException(path, "the file", $"a configuration of at most {LargestFile >> 20} MB", $"{new FileInfo(path).Length} bytes");
        return Parse(System.IO.File.ReadAllText(path), path);
    }

    internal static JsonElement Parse(string text, string path)
    {
        try
        {
            return Element(Encoding.UTF8.GetBytes(text));
        }
        catch (JsonException e)
        {
            try
            {
                return Element(YamlAsJson(text));
            }
            catch (Exception other) when (other is YamlException or JsonException or InvalidOperationException)
            {
                // Of the two complaints, the one about the format that was meant.
                var meant = text.AsSpan().TrimStart() is ['{', ..] ? e : other;
                throw new CheckpointException(path, "the file", "JSON or YAML", meant.Message, inner: meant);
            }
        }
    }

    /// <summary>JSON whose texts can all be read: the parser of the framework looks at them only when they are asked for, and fails then.</summary>
    /// <exception cref="JsonException">A text is no UTF-8, or half of a pair of surrogates.</exception>
    internal static void CheckTexts(ReadOnlySpan<byte> json, JsonReaderOptions options)
    {
        if (!Utf8.IsValid(json))
            throw new JsonException("The text is not UTF-8.");
        var reader = new Utf8JsonReader(json, options);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                    reader.GetString();
            }
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    private static JsonElement Element(ReadOnlyMemory<byte> json)
    {
        CheckTexts(json.Span, new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = DeepestNesting });
        using var document = JsonDocument.Parse(json, Options);
        return document.RootElement.Clone();
    }

    private static ReadOnlyMemory<byte> YamlAsJson(string text)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, new() { MaxDepth = DeepestNesting });
        var parser = new Parser(new StringReader(text));
        // Per open collection: whether the next scalar is a key (1), a value (0), or an item of a list (-1).
        var open = new Stack<int>();
        while (parser.MoveNext())
        {
            var node = parser.Current;
            if (node is Scalar key && open.TryPeek(out var place) && place == 1)
            {
                json.WritePropertyName(key.Value);
                Turn(open);
                continue;
            }
            switch (node)
            {
                case Scalar scalar:
                    WriteScalar(json, scalar);
                    Turn(open);
                    break;
                case MappingStart:
                    json.WriteStartObject();
                    open.Push(1);
                    break;
                case SequenceStart:
                    json.WriteStartArray();
                    open.Push(-1);
                    break;
                case MappingEnd:
                    json.WriteEndObject();
                    open.Pop();
                    Turn(open);
                    break;
                case SequenceEnd:
                    json.WriteEndArray();
                    open.Pop();
                    Turn(open);
                    break;
                case AnchorAlias alias:
                    throw new YamlException(alias.Start, alias.End, "aliases (*name) are not read here: write the value out");
            }
        }
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void Turn(Stack<int> open)
    {
        if (open.TryPop(out var place))
            open.Push(place < 0 ? place : 1 - place);
    }

    private static void WriteScalar(Utf8JsonWriter json, Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain)
            json.WriteStringValue(text);
        else if (text is "" or "~" or "null" or "Null" or "NULL")
            json.WriteNullValue();
        // yes, no, on and off are booleans to the YAML 1.1 readers that these files are written for.
        else if (text is "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON")
            json.WriteBooleanValue(true);
        else if (text is "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF")
            json.WriteBooleanValue(false);
        else if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            json.WriteNumberValue(whole);
        else if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            json.WriteNumberValue(number);
        else
            json.WriteStringValue(text);
    }
}
