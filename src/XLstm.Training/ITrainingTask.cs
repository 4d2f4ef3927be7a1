namespace XLstm.Training;

/// <summary>What a <see cref="TrainingLoop"/> trains: its data, its loss, and the file of its weights.</summary>
internal interface ITrainingTask : IDisposable
{
    /// <summary>Tells its data from other data.</summary>
    string Fingerprint();

    /// <summary>Tokens that one loss is the mean of.</summary>
    long Tokens { get; }

    /// <summary>Whether there is anything to validate on.</summary>
    bool Validates { get; }

    /// <summary>Where <see cref="SaveWeights"/> writes.</summary>
    string WeightsFile { get; }

    /// <summary>The loss of a batch; the same step and micro-batch give the same one again.</summary>
    Tensor Loss(Pass pass, long step, int microBatch);

    /// <summary>The loss on data that is never trained on.</summary>
    double Validate(Pass pass);

    void SaveWeights();
}
