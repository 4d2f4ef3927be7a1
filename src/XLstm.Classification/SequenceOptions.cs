using XLstm.Training;

namespace XLstm.Classification;

/// <summary>How the outputs of all steps become one vector.</summary>
public enum SequencePooling
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>The largest of each number.</summary>
    Max,

    /// <summary>Both, side by side.</summary>
    MeanAndMax,

    /// <summary>Where either direction ends.</summary>
    Last,
}

/// <summary>What the network reads a value in units of.</summary>
public enum SequenceScaling
{
    /// <summary>Mean and deviation of the channel in its own series; these two are read beside it.</summary>
    PerSeries,

    /// <summary>Mean and deviation of the channel in all series of the training.</summary>
    TrainingSet,
}

/// <summary>What a series counts in the loss.</summary>
public enum ClassWeighting
{
    /// <summary>All the same.</summary>
    None,

    /// <summary>All classes the same, however many series they have: n / (K n_k).</summary>
    Balanced,
}

/// <summary>Everything that decides what the training of a classifier or regressor computes.</summary>
/// <param name="Steps">Updates to make; null for 150 times through the data, at least 600 and at most 6,000.</param>
/// <param name="Seed">Of the weights, of the order of series and of what is done to them.</param>
/// <param name="Batch">Series of a batch.</param>
/// <param name="LearningRate">Largest rate; it rises over the first tenth and falls along half a cosine.</param>
/// <param name="EmbeddingDim">Width of the blocks.</param>
/// <param name="NumBlocks">Blocks of each direction.</param>
/// <param name="Pattern">mLSTM to sLSTM blocks: "1:1".</param>
/// <param name="NumHeads">Heads of either cell.</param>
/// <param name="HiddenDim">Width between the two layers of the embedding.</param>
/// <param name="Patches">Patches that a series of middle length is read as; longer ones have more.</param>
/// <param name="Pooling">How the outputs of all patches become one vector.</param>
/// <param name="Scaling">What values are in units of.</param>
/// <param name="Weighting">What a series counts.</param>
/// <param name="Weights">What a series of a class counts, times its <paramref name="Weighting"/>; 1 for classes that are not named.</param>
/// <param name="Dropout">In the blocks and before the head.</param>
/// <param name="LabelSmoothing">Share of a label that all classes have.</param>
/// <param name="Mixup">Chance of a series to be mixed with another one (arXiv 1710.09412).</param>
/// <param name="Augmentation">Strength of noise, shifts, stretches and gaps that series are given: 0 for none, 1 for strong ones.</param>
/// <param name="Validation">Share of the series, of each class, that is held out: the weights are then those that are the best on it. 0 for none: the last ones.</param>
/// <param name="ValidateEvery">Updates between validations.</param>
/// <param name="Patience">Validations without improvement after which the run ends; 0 for never.</param>
/// <param name="Networks">Networks that are trained side by side and answer together by the mean of their outputs (arXiv 1612.01474); time grows with them.</param>
public sealed record SequenceOptions(
    long? Steps = null, ulong Seed = 1, int Batch = 16, double LearningRate = 2e-3, int EmbeddingDim = 64, int NumBlocks = 2, string Pattern = "1:1", int NumHeads = 4,
    int HiddenDim = 128, int Patches = 48, SequencePooling Pooling = SequencePooling.MeanAndMax, SequenceScaling Scaling = SequenceScaling.PerSeries,
    ClassWeighting Weighting = ClassWeighting.None, IReadOnlyDictionary<string, double>? Weights = null, double Dropout = 0.2, double LabelSmoothing = 0.1, double Mixup = 0.5,
    double Augmentation = 0.5, double Validation = 0, int ValidateEvery = 50, int Patience = 0,
    int Networks = 3)
{
    internal const int MostDim = 4096, MostBlocks = 256, MostNetworks = 64;

    internal RunPlan Plan(int series) => new(StepsFor(series), ValidateEvery: ValidateEvery, Patience: Patience, Accumulation: Networks);

    internal long StepsFor(int series) => Steps ?? Math.Clamp(150L * series / Batch, 600, 6000);

    internal LearningRateSchedule ScheduleFor(int series) => new(ScheduleKind.Cosine, (int)Math.Min(300, StepsFor(series) / 10), 0.01);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Steps ?? 1, 1, nameof(Steps));
        ArgumentOutOfRangeException.ThrowIfLessThan(Batch, 1, nameof(Batch));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Batch, 4096, nameof(Batch));
        ArgumentOutOfRangeException.ThrowIfLessThan(Patches, 1, nameof(Patches));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Patches, 1 << 16, nameof(Patches));
        Size(nameof(EmbeddingDim), EmbeddingDim, MostDim);
        Size(nameof(HiddenDim), HiddenDim, MostDim);
        Size(nameof(NumBlocks), NumBlocks, MostBlocks);
        Size(nameof(Networks), Networks, MostNetworks);
        ArgumentOutOfRangeException.ThrowIfLessThan(ValidateEvery, 1, nameof(ValidateEvery));
        ArgumentOutOfRangeException.ThrowIfNegative(Patience, nameof(Patience));
        Share(nameof(Dropout), Dropout, 0.95);
        Share(nameof(LabelSmoothing), LabelSmoothing, 0.95);
        Share(nameof(Mixup), Mixup, 1);
        Share(nameof(Augmentation), Augmentation, 10);
        Share(nameof(Validation), Validation, 0.9);
        foreach (Enum choice in new Enum[] { Pooling, Scaling, Weighting })
            if (!Enum.IsDefined(choice.GetType(), choice))
                throw new ArgumentOutOfRangeException(choice.GetType().Name, choice, $"{choice.GetType().Name} is {choice}, expected one of {string.Join(", ", Enum.GetNames(choice.GetType()))}.");
        foreach ((string name, double weight) in Weights ?? new Dictionary<string, double>(StringComparer.Ordinal))
            if (!(weight > 0 && weight <= 1e6))
                throw new ArgumentOutOfRangeException(nameof(Weights), weight, $"The weight of class {name} is {weight}, expected more than 0 and at most 1000000.");
    }

    private static void Size(string name, int value, int most)
    {
        if (value < 1 || value > most)
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}, expected 1 to {most}.");
    }

    private static void Share(string name, double value, double most)
    {
        if (!(value >= 0 && value <= most))
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}, expected 0 to {most}.");
    }
}
