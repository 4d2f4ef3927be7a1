namespace XLstm.Experiments;

/// <summary>Sequences of tokens, with classes as labels: of the whole, or the next token.</summary>
internal sealed class TokenBatch : SequenceBatch
{
    private readonly int[] _places, _targets;

    /// <summary>Rows of equal length.</summary>
    /// <param name="rows">B.</param>
    /// <param name="tokens">[B * T], row by row.</param>
    /// <param name="labels">[B * T]: the class of each step, -1 for none.</param>
    public TokenBatch(int rows, int[] tokens, int[] labels)
    {
        (Rows, Tokens) = (rows, tokens);
        _places = [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] >= 0)];
        _targets = [.. _places.Select(i => labels[i])];
    }

    /// <summary>B.</summary>
    public int Rows { get; }

    /// <summary>[B * T].</summary>
    public int[] Tokens { get; }

    /// <inheritdoc/>
    public override int Labels => _targets.Length;

    /// <summary>Where labels are, in all tokens.</summary>
    public IReadOnlyList<int> Places => _places;

    /// <summary>The labels, in the order of their steps.</summary>
    public IReadOnlyList<int> Targets => _targets;

    /// <summary>Mean cross-entropy over the labels, in nats.</summary>
    public override Tensor Loss(TokenModel model, Pass pass) => Ops.CrossEntropy(pass, Logits(model, pass), _targets);

    /// <summary>Sum of the cross-entropies in nats, and labels that have the largest logit.</summary>
    public override (double Loss, long Right) Score(TokenModel model, Pass pass)
    {
        Tensor logits = Logits(model, pass);
        double loss = Ops.CrossEntropy(pass, logits, _targets).Item * (double)Labels;
        long right = 0;
        int classes = logits.Shape.Last;
        for (int i = 0; i < Labels; i++)
            right += Largest(logits.Span.Slice(i * classes, classes)) == _targets[i] ? 1 : 0;
        return (loss, right);
    }

    private Tensor Logits(TokenModel model, Pass pass) =>
        Labels == Tokens.Length ? model.Logits(Tokens, Rows, pass) : model.Logits(Tokens, Rows, _places, pass);

    private static int Largest(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
            best = logits[i] > logits[best] ? i : best;
        return best;
    }
}
