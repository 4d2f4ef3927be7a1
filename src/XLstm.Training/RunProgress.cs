namespace XLstm.Training;

/// <summary>Where a run stands, for people.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="TotalSteps">Updates planned; an estimate where the run is limited by time, 0 before the first.</param>
/// <param name="Loss">Loss of the last batch before its update, in nats per token; NaN before the first.</param>
/// <param name="MeanLoss">Mean since the last validation; where this step was followed by one, since the one before.</param>
/// <param name="ValidationLoss">Last validation in nats per token, or null.</param>
/// <param name="BestValidationLoss">Best validation, or null.</param>
/// <param name="LearningRate">Rate of the last update.</param>
/// <param name="TokensPerSecond">Tokens trained on per second, lately.</param>
/// <param name="Elapsed">Time spent, over all resumptions.</param>
/// <param name="Remaining">Time left, estimated.</param>
public sealed record RunProgress(
    long Step, long TotalSteps, double Loss, double MeanLoss, double? ValidationLoss, double? BestValidationLoss,
    double LearningRate, double TokensPerSecond, TimeSpan Elapsed, TimeSpan Remaining);

/// <summary>Watches a run. What it throws ends the run; <see cref="OperationCanceledException"/> ends it as a cancellation does.</summary>
public interface IRunObserver
{
    /// <summary>After every update.</summary>
    void Stepped(RunProgress progress);

    /// <summary>After every validation; the model is the run's own and must not be changed.</summary>
    void Validated(RunProgress progress, XLstmLanguageModel model);
}
