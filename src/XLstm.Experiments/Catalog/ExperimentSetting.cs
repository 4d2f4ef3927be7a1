using XLstm.Training;

namespace XLstm.Experiments;

/// <summary>Sizes and rates of an experiment; everything beside model and seed that decides its figures.</summary>
/// <param name="Name">"published", "laptop", or whatever tells it from these.</param>
/// <param name="Steps">Updates of a run.</param>
/// <param name="LearningRate">Largest rate: it rises over the first tenth of the steps and falls along half a cosine.</param>
/// <param name="FinalLearningRate">The rate at the end.</param>
/// <param name="Batch">Sequences of an update.</param>
/// <param name="Width">D.</param>
/// <param name="Blocks">Blocks.</param>
/// <param name="Heads">Heads of each cell.</param>
/// <param name="ShortestTraining">Tokens of the shortest sequence that is trained on.</param>
/// <param name="LongestTraining">Tokens of the longest.</param>
/// <param name="ShortestEvaluation">Tokens of the shortest sequence that counts.</param>
/// <param name="LongestEvaluation">Tokens of the longest.</param>
/// <param name="EvaluationRows">Sequences that count.</param>
/// <param name="SlstmConvolution">Width of the convolution of sLSTM blocks; 0 for none.</param>
/// <param name="SlstmRecurrentInit">Recurrent weights of sLSTM blocks at the start: <c>standard</c> or <c>zeros</c>.</param>
/// <param name="Beta2">Of AdamW; beta1 is 0.9.</param>
/// <param name="WeightDecay">Of AdamW.</param>
/// <param name="Clip">Largest norm of all gradients together; 0 for no limit.</param>
/// <param name="Goal">Validation loss at which a run ends early, since there is nothing left to learn; 0 for none.</param>
/// <param name="Dropout">On what each layer or block adds, while training.</param>
/// <param name="TiedHead">The head uses the weight of the embedding.</param>
/// <param name="Minutes">
/// Time to train for instead of <paramref name="Steps"/>, over all resumptions: to compare what models reach in the same time. How many steps
/// that makes depends on the machine, and so do the figures; the rate rises over a tenth of <paramref name="Steps"/> all the same.
/// </param>
public sealed record ExperimentSetting(
    string Name, long Steps, double LearningRate = 1e-3, double FinalLearningRate = 1e-5, int Batch = 256, int Width = 64, int Blocks = 2, int Heads = 1,
    int ShortestTraining = 3, int LongestTraining = 40, int ShortestEvaluation = 40, int LongestEvaluation = 256, int EvaluationRows = 2048,
    int SlstmConvolution = 0, string SlstmRecurrentInit = "standard", double Beta2 = 0.99, double WeightDecay = 0.1, double Clip = 1, double Goal = 0,
    float Dropout = 0f, bool TiedHead = false, double? Minutes = null)
{
    private const int MostLength = 1 << 20, MostTokens = 1 << 26;

    internal OptimizerOptions Rates => new(LearningRate, Beta2: Beta2, WeightDecay: WeightDecay, Clip: Clip);

    internal LearningRateSchedule Schedule => new(ScheduleKind.Cosine, (int)Math.Min(int.MaxValue, Steps / 10), Math.Min(1, FinalLearningRate / LearningRate));

    internal RunPlan Plan(int accumulation) => new(Minutes is null ? Steps : null, Minutes, Accumulation: accumulation, Goal: Goal);

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Name);
        AtLeast(nameof(Steps), Steps, 1);
        AtLeast(nameof(Batch), Batch, 1);
        AtLeast(nameof(EvaluationRows), EvaluationRows, 1);
        AtLeast(nameof(ShortestTraining), ShortestTraining, 1);
        AtLeast(nameof(LongestTraining), LongestTraining, ShortestTraining);
        AtLeast(nameof(ShortestEvaluation), ShortestEvaluation, 1);
        AtLeast(nameof(LongestEvaluation), LongestEvaluation, ShortestEvaluation);
        if (Math.Max(LongestTraining, LongestEvaluation) > MostLength || (long)Batch * LongestTraining > MostTokens)
            throw new ArgumentOutOfRangeException(nameof(LongestTraining), LongestTraining, $"Batches of {Batch} sequences of {LongestTraining} to {LongestEvaluation} tokens are too large.");
        if (!(FinalLearningRate >= 0 && double.IsFinite(FinalLearningRate)))
            throw new ArgumentOutOfRangeException(nameof(FinalLearningRate), FinalLearningRate, $"FinalLearningRate is {FinalLearningRate}, expected 0 or more.");
        if (!(Goal >= 0 && double.IsFinite(Goal)))
            throw new ArgumentOutOfRangeException(nameof(Goal), Goal, $"Goal is {Goal}, expected 0 or more.");
        if (Minutes is { } minutes && !(minutes > 0 && double.IsFinite(minutes)))
            throw new ArgumentOutOfRangeException(nameof(Minutes), Minutes, $"Minutes is {Minutes}, expected more than 0.");
        Rates.Validate();
        ExperimentModels.Config("1:1", this).Validate();
    }

    private static void AtLeast(string name, long value, long least)
    {
        if (value < least)
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}, expected {least} or more.");
    }
}
