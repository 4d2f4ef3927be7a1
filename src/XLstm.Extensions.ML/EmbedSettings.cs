using Microsoft.ML;
using Microsoft.ML.Runtime;
using XLstm.Forecasting;

namespace XLstm.Extensions.ML;

/// <summary>What an embedding transformer does with its model.</summary>
/// <param name="Input">Column that is read.</param>
/// <param name="Output">Column of the embeddings.</param>
internal sealed record EmbedSettings(string Input, string Output) : StoredSettings
{
    public override ITransformer Load(IHostEnvironment environment, string weights) =>
        new XLstmEmbeddingTransformer(environment, this, Forecaster.Load(weights), threads: 0);
}
