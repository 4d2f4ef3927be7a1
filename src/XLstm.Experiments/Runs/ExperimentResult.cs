namespace XLstm.Experiments;

/// <summary>What a model reached in an experiment.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Seed">Of weights and batches.</param>
/// <param name="Parameters">Trained numbers.</param>
/// <param name="Steps">Updates.</param>
/// <param name="Minutes">Training and validation, on as many cores as it was given.</param>
/// <param name="ValidationLoss">The least mean cross-entropy on what decides which weights are kept.</param>
/// <param name="Loss">Mean cross-entropy of all labels in nats.</param>
/// <param name="Accuracy">Share of all labels that got the largest logit.</param>
/// <param name="ScaledAccuracy">(accuracy - guess) / (1 - guess); null where the loss is what counts.</param>
/// <param name="Groups">The same by length, or whatever the experiment tells apart.</param>
/// <param name="Curve">The loss of each validation.</param>
/// <param name="Version">Of the library that trained the last step and measured.</param>
public sealed record ExperimentResult(
    string Model, ulong Seed, long Parameters, long Steps, double Minutes, double ValidationLoss, double Loss, double Accuracy, double? ScaledAccuracy, IReadOnlyList<GroupResult> Groups,
    IReadOnlyList<CurvePoint> Curve, string Version);

/// <summary>A validation.</summary>
/// <param name="Step">Updates made before it.</param>
/// <param name="Loss">Its mean loss, in nats where the model tells classes or tokens.</param>
public sealed record CurvePoint(long Step, double Loss);

/// <summary>A part of what a model was measured on.</summary>
/// <param name="Name">"40-66": lengths in tokens.</param>
/// <param name="Labels">Answers asked for.</param>
/// <param name="Loss">Mean cross-entropy in nats.</param>
/// <param name="Accuracy">Share that got the largest logit.</param>
public sealed record GroupResult(string Name, long Labels, double Loss, double Accuracy);
