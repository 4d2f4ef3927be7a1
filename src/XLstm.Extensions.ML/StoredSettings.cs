using System.Text.Json.Serialization;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace XLstm.Extensions.ML;

/// <summary>Everything about a transformer but its weights.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(ForecastSettings), "forecast")]
[JsonDerivedType(typeof(EmbedSettings), "embedding")]
[JsonDerivedType(typeof(ClassificationSettings), "classification")]
[JsonDerivedType(typeof(RegressionSettings), "regression")]
internal abstract record StoredSettings
{
    /// <summary>The transformer with the weights of a file, which is not needed afterwards.</summary>
    public abstract ITransformer Load(IHostEnvironment environment, string weights);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(StoredSettings))]
internal sealed partial class StoreJson : JsonSerializerContext;
