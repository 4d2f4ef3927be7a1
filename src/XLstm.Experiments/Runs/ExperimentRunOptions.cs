namespace XLstm.Experiments;

/// <summary>Everything that decides what a run computes.</summary>
/// <param name="Experiment">Its name.</param>
/// <param name="Model">That of the model.</param>
/// <param name="Seed">Of weights and batches.</param>
/// <param name="Setting">Sizes and rates.</param>
/// <param name="Data">Tells what it learns from, and in which version.</param>
internal sealed record ExperimentRunOptions(string Experiment, string Model, ulong Seed, ExperimentSetting Setting, string Data);
