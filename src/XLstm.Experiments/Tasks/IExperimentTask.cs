namespace XLstm.Experiments;

/// <summary>
/// What the models of an experiment learn and are measured on. To add an experiment: implement this (a formal language is a
/// <see cref="FormalLanguage"/> only) and name it in <see cref="ExperimentCatalog"/>; docs/extending.md has the steps.
/// </summary>
internal interface IExperimentTask
{
    /// <summary>Tells its data from other data, and from those of other versions: a run must not go on with them.</summary>
    string Fingerprint { get; }

    /// <summary>Tokens there are; numbers of a vector where it has vectors.</summary>
    int Vocabulary { get; }

    /// <summary>Classes of a label; numbers of a target where the answer is no class.</summary>
    int Classes { get; }

    /// <summary>Whether sequences are of vectors instead of tokens.</summary>
    bool ReadsVectors => false;

    /// <summary>What the loss is, for tables.</summary>
    string LossName => "cross-entropy, nats";

    /// <summary>Accuracy of guessing, which scaled accuracy is measured from; null where the loss is what counts.</summary>
    double? RandomAccuracy { get; }

    /// <summary>Parts of a batch, whose gradients are averaged.</summary>
    int Parts { get; }

    /// <summary>The batch of a step in <see cref="Parts"/>; the same one whenever it is asked for, and from any thread.</summary>
    IReadOnlyList<SequenceBatch> Draw(ulong seed, long step);

    /// <summary>What decides which weights are kept; never trained on.</summary>
    IEnumerable<SequenceBatch> Validation { get; }

    /// <summary>What the results are from; never trained on, nor validated on. Batches of one group are reported together.</summary>
    IEnumerable<(string Group, SequenceBatch Batch)> Test { get; }
}
