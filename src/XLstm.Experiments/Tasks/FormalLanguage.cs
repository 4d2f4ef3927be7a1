namespace XLstm.Experiments;

/// <summary>
/// Sequences of tokens, and what is to be said about them at some of their steps: what an <see cref="Experiment"/> of yours learns. Weights are trained on
/// lengths of <see cref="ExperimentSetting.ShortestTraining"/> to <see cref="ExperimentSetting.LongestTraining"/> and measured on other sequences, of
/// <see cref="ExperimentSetting.ShortestEvaluation"/> to <see cref="ExperimentSetting.LongestEvaluation"/>.
/// </summary>
public abstract class FormalLanguage
{
    /// <summary>Name and number of what is drawn, "parity 1": change it when that changes. A run does not go on with sequences of another version.</summary>
    public abstract string Version { get; }

    /// <summary>Tokens there are: 0 to one less.</summary>
    public abstract int Vocabulary { get; }

    /// <summary>Classes of a label, 0 to one less: as many as tokens where the answer is read again as an input.</summary>
    public abstract int Classes { get; }

    /// <summary>Share of the labels that a guess gets right: the 0 of scaled accuracy.</summary>
    public abstract double RandomAccuracy { get; }

    /// <summary>Fewest tokens of a sequence.</summary>
    public virtual int ShortestLength => 3;

    /// <summary>Whether only the last label of a sequence counts in evaluation, since those before it are shorter questions.</summary>
    public virtual bool LastCounts => false;

    /// <summary>A sequence of as many tokens as there are places, or the most below that which the language has; returns how many.</summary>
    /// <param name="random">Where all chance comes from: the same source has to give the same sequence. Called by several threads, each with its own.</param>
    /// <param name="tokens">Is written; at least <see cref="ShortestLength"/> places.</param>
    /// <param name="labels">As long as tokens, all -1: gets the class of each step that is asked, of one at least.</param>
    public abstract int Draw(ref RandomSource random, Span<int> tokens, Span<int> labels);
}
