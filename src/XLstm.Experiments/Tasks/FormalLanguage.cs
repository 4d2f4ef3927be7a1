namespace XLstm.Experiments;

/// <summary>Sequences of tokens, and what is to be said about them at some of their steps.</summary>
internal abstract class FormalLanguage
{
    /// <summary>Name in fingerprints; its number changes with what is drawn.</summary>
    public abstract string Version { get; }

    /// <summary>Tokens there are.</summary>
    public abstract int Vocabulary { get; }

    /// <summary>Classes of a label: as many as tokens where the answer is read again as an input.</summary>
    public abstract int Classes { get; }

    /// <summary>Share of the labels that a guess gets right.</summary>
    public abstract double RandomAccuracy { get; }

    /// <summary>Fewest tokens of a sequence.</summary>
    public virtual int ShortestLength => 3;

    /// <summary>Whether only the last label of a sequence counts in evaluation, since those before it are shorter questions.</summary>
    public virtual bool LastCounts => false;

    /// <summary>A sequence of as many tokens as there are places, or the most below that which the language has; returns how many.</summary>
    /// <param name="random">Where it comes from.</param>
    /// <param name="tokens">Is written; at least <see cref="ShortestLength"/> places.</param>
    /// <param name="labels">As long as tokens, all -1: gets the class of each step that is asked.</param>
    public abstract int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels);
}
