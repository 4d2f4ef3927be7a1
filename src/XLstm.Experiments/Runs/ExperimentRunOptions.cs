namespace XLstm.Experiments;

/// <summary>Everything that decides what a run computes.</summary>
internal sealed record ExperimentRunOptions(string Experiment, string Model, ulong Seed, ExperimentSetting Setting);
