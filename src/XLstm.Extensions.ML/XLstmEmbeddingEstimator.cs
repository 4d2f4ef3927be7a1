using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using XLstm.Forecasting;

namespace XLstm.Extensions.ML;

/// <summary>Makes an <see cref="XLstmEmbeddingTransformer"/>. There is nothing to learn: the model is used as it is.</summary>
public sealed class XLstmEmbeddingEstimator : IEstimator<XLstmEmbeddingTransformer>
{
    private readonly EmbedSettings _settings;
    private readonly XLstmEmbeddingTransformer _transformer;

    internal XLstmEmbeddingEstimator(IHostEnvironment environment, string output, string input, Forecaster? forecaster, int threads)
    {
        ArgumentException.ThrowIfNullOrEmpty(output, "outputColumnName");
        ArgumentException.ThrowIfNullOrEmpty(input, "inputColumnName");
        _settings = new EmbedSettings(input, output);
        _transformer = new XLstmEmbeddingTransformer(environment, _settings, forecaster ?? Forecaster.Default, threads);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input column is missing, or does not have vectors of numbers.</exception>
    public XLstmEmbeddingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _ = ColumnReader.FindVectors(input.Schema, _settings.Input);
        return _transformer;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input column is missing, or does not have vectors of numbers.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        ColumnReader.CheckVectors(inputSchema, _settings.Input);
        return MLInternals.With(inputSchema, [new DataViewSchema.DetachedColumn(_settings.Output, new VectorDataViewType(NumberDataViewType.Single, _transformer.Dimension))]);
    }
}
