using System.Text.Json;
using System.Text.Json.Serialization;

namespace XLstm.Classification;

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(SequenceOptions))]
[JsonSerializable(typeof(SequenceNetworkConfig))]
[JsonSerializable(typeof(SequenceTableOptions))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class SequenceJson : JsonSerializerContext;
