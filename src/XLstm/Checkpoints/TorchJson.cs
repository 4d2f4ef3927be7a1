using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace XLstm;

/// <summary>A tree of a PyTorch file as JSON: hyper-parameters are read like any other configuration.</summary>
internal sealed class TorchJson(string path, long fileLength)
{
    private const int Deepest = 64;

    // Nodes that stand in many places make a small file a large text.
    private readonly long longest = (16 * fileLength) + (1 << 20);
    private readonly ArrayBufferWriter<byte> buffer = new();

    internal JsonElement Write(TorchNode node)
    {
        using (var json = new Utf8JsonWriter(buffer))
            Write(json, node, 0);
        using var document = JsonDocument.Parse(buffer.WrittenMemory, new() { MaxDepth = Deepest + 1 });
        return document.RootElement.Clone();
    }

    private void Write(Utf8JsonWriter json, TorchNode node, int depth)
    {
        if (depth > Deepest || json.BytesCommitted + json.BytesPending > longest)
            throw Bad($"at most {Deepest} levels and {longest} bytes", "more");
        switch (node.Content)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool value:
                json.WriteBooleanValue(value);
                break;
            case long value:
                json.WriteNumberValue(value);
                break;
            case BigInteger value:
                json.WriteRawValue(value.ToString(CultureInfo.InvariantCulture));
                break;
            case double value when double.IsFinite(value):
                json.WriteNumberValue(value);
                break;
            case string value when node.Kind == TorchKind.Text:
                json.WriteStringValue(value);
                break;
            case IReadOnlyList<TorchNode> items:
                WriteItems(json, items, depth);
                break;
            case TorchTable table:
                WriteTable(json, table, depth);
                break;
            case TorchObject value when Inner(value) is { } inner:
                Write(json, inner, depth + 1);
                break;
            case TorchObject { Table: { } table }:
                WriteTable(json, table, depth);
                break;
            case TorchObject { Arguments: not null } value:
                WriteItems(json, value.Items ?? node.Arguments, depth);
                break;
            default:
                json.WriteStringValue($"{node}");
                break;
        }
    }

    // OmegaConf has the value in one of these attributes, beside one that leads back up; Namespace and the like are their attributes.
    private static TorchNode? Inner(TorchObject value) =>
        value.State?.Find("_content") ?? value.State?.Find("_val") ?? (value.Table is null && value.State is { Kind: TorchKind.Dictionary } attributes ? attributes : null);

    private void WriteItems(Utf8JsonWriter json, IReadOnlyList<TorchNode> items, int depth)
    {
        json.WriteStartArray();
        foreach (var item in items)
            Write(json, item, depth + 1);
        json.WriteEndArray();
    }

    private void WriteTable(Utf8JsonWriter json, TorchTable table, int depth)
    {
        json.WriteStartObject();
        foreach (var (key, value) in table.Entries)
        {
            json.WritePropertyName(key.Text ?? (key.Kind is TorchKind.Whole or TorchKind.Real or TorchKind.Boolean or TorchKind.None ? $"{key}" : throw Bad("keys that are texts or numbers", $"{key}")));
            Write(json, value, depth + 1);
        }
        json.WriteEndObject();
    }

    private CheckpointException Bad(string expected, string found) => new(path, "values to be written as JSON", expected, found);
}
