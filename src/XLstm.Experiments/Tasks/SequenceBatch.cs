namespace XLstm.Experiments;

/// <summary>Sequences side by side, padded at the end, and what is to be said at some of their steps.</summary>
internal abstract class SequenceBatch
{
    /// <summary>Steps with a label.</summary>
    public abstract int Labels { get; }

    /// <summary>Mean loss over the labels.</summary>
    public abstract Tensor Loss(TokenModel model, Pass pass);

    /// <summary>Sum of the losses, and labels that are right.</summary>
    public abstract (double Loss, long Right) Score(TokenModel model, Pass pass);
}
