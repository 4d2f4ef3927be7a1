using System.Numerics.Tensors;
using Microsoft.Extensions.AI;

namespace XLstm.Extensions.AI;

/// <summary>Texts as vectors: the mean of what the last block of a language model gives over the tokens, at length 1. Thread-safe.</summary>
/// <remarks>A model that was trained to continue texts was not trained to compare them: texts of one kind lie near each other, a paraphrase need not. Long texts are read by segments, in constant memory.</remarks>
public sealed class XLstmEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private const int Segment = 512;

    private readonly TextModel _model;
    private readonly EmbeddingGeneratorMetadata _metadata;
    private readonly int _threads;

    /// <summary>A generator over a model.</summary>
    /// <param name="model">Shared, and not disposed with the generator.</param>
    /// <param name="modelId">What the model is called.</param>
    /// <param name="threads">Threads of each request, 0 for one per processor.</param>
    public XLstmEmbeddingGenerator(TextModel model, string modelId = "xlstm", int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _threads) = (model, threads);
        _metadata = new EmbeddingGeneratorMetadata("xlstm", defaultModelId: modelId, defaultModelDimensions: Embed("", CancellationToken.None).Vector.Length);
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">An option that the model cannot follow; the message names it.</exception>
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        OptionMap.Check(options, _metadata.DefaultModelId!, _metadata.DefaultModelDimensions!.Value);
        return Task.Run(
            () =>
            {
                var embeddings = new GeneratedEmbeddings<Embedding<float>>();
                long tokens = 0;
                foreach (string value in values)
                {
                    (float[] vector, int count) = Embed(value, cancellationToken);
                    tokens += count;
                    embeddings.Add(new Embedding<float>(vector) { ModelId = _metadata.DefaultModelId, CreatedAt = DateTimeOffset.UtcNow });
                }
                embeddings.Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens };
                return embeddings;
            }, cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(_model) ? _model
            : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Nothing is held.</summary>
    public void Dispose()
    {
    }

    private (float[] Vector, int Tokens) Embed(string text, CancellationToken cancellation)
    {
        using var pass = new Pass(new PassOptions(Threads: _threads)) { Cancellation = cancellation };
        int[] tokens = _model.Encode(text);
        StackState? state = null;
        float[] sum = [];
        for (int from = 0; from < tokens.Length; from += Segment)
        {
            int[] part = tokens[from..Math.Min(from + Segment, tokens.Length)];
            pass.Reset();
            (Tensor hidden, StackState next) = _model.Model.Hidden(part, 1, state, pass);
            int width = hidden.Shape.Last;
            if (sum.Length == 0)
                sum = new float[width];
            for (int t = 0; t < part.Length; t++)
                TensorPrimitives.Add(sum, hidden.Span.Slice(t * width, width), sum);
            state = next.Copy();
        }
        float length = TensorPrimitives.Norm<float>(sum);
        if (length > 0)
            TensorPrimitives.Divide(sum, length, sum);
        return (sum, tokens.Length);
    }
}
