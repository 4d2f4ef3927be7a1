namespace XLstm.Experiments;

/// <summary>Embedding, body and head: tokens, or vectors, to the logits of classes or of the next token, or to any other numbers.</summary>
internal sealed class TokenModel
{
    private readonly TokenEmbedding? _embedding;
    private readonly Linear? _projection;
    private readonly ISequenceBody _body;
    private readonly Linear _head;

    /// <summary>A model with new weights.</summary>
    /// <param name="parameters">Seeded; holds all parameters afterwards.</param>
    /// <param name="vocabulary">Tokens there are; numbers of a vector where it reads vectors.</param>
    /// <param name="classes">Logits of each step.</param>
    /// <param name="width">D.</param>
    /// <param name="body">Makes the body in its scope.</param>
    /// <param name="vectors">Whether it reads vectors instead of tokens.</param>
    /// <param name="tied">The head uses the weight of the embedding: as many classes as tokens, no bias.</param>
    public TokenModel(ParameterSet parameters, int vocabulary, int classes, int width, Func<ParameterScope, ISequenceBody> body, bool vectors = false, bool tied = false)
    {
        Parameters = parameters;
        if (vectors)
            _projection = new Linear(parameters.Root.At("embedding"), vocabulary, width, bias: false);
        else
            _embedding = new TokenEmbedding(parameters.Root.At("embedding"), vocabulary, width);
        _body = body(parameters.Root.At("body"));
        _head = tied ? new Linear(_embedding!) : new Linear(parameters.Root.At("head"), width, classes);
    }

    public ParameterSet Parameters { get; }

    /// <summary>tokens [B * T], row by row, to [B, T, classes].</summary>
    public Tensor Logits(int[] tokens, int rows, Pass pass) => _head.Forward(Hidden(tokens, rows, pass), pass);

    /// <summary>As <see cref="Logits(int[], int, Pass)"/>, of the given places in tokens only: [places, classes].</summary>
    public Tensor Logits(int[] tokens, int rows, int[] places, Pass pass) => _head.Forward(Ops.Gather(pass, Hidden(tokens, rows, pass), places), pass);

    /// <summary>x [B, T, numbers of a vector] to the outputs at the given steps, counted over all rows: [places, classes].</summary>
    public Tensor Outputs(Tensor x, int[] places, Pass pass) => _head.Forward(Ops.Gather(pass, _body.Forward(_projection!.Forward(x, pass), pass), places), pass);

    /// <summary>Bytes that have to be kept after so many tokens for the next one.</summary>
    public long StateBytes(int tokens) => _body.StateBytes(tokens);

    private Tensor Hidden(int[] tokens, int rows, Pass pass) => _body.Forward(_embedding!.Forward(tokens, rows, pass), pass);
}
