using System.Text.Json;
using System.Text.Json.Serialization;

namespace XLstm.Forecasting;

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ForecasterRunOptions))]
[JsonSerializable(typeof(PatchNetworkConfig))]
internal sealed partial class ForecasterJson : JsonSerializerContext;
