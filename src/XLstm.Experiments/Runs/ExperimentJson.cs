using System.Text.Json;
using System.Text.Json.Serialization;

namespace XLstm.Experiments;

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ExperimentRunOptions))]
[JsonSerializable(typeof(ExperimentResult))]
[JsonSerializable(typeof(ExperimentReport))]
[JsonSerializable(typeof(LengthCostReport))]
internal sealed partial class ExperimentJson : JsonSerializerContext;
