using System.Text.Json;

namespace XLstm.Experiments;

/// <summary>The results of an experiment, as <c>results.json</c> has them.</summary>
/// <param name="Experiment">Its name.</param>
/// <param name="Source">Who published it.</param>
/// <param name="Setting">Sizes and rates.</param>
/// <param name="Data">Tells what was learned from: the version of a generator, or the fingerprint of a text.</param>
/// <param name="RandomAccuracy">Accuracy of guessing; null where the loss is what counts.</param>
/// <param name="LossName">What the loss is.</param>
/// <param name="Results">One for each model and seed.</param>
public sealed record ExperimentReport(string Experiment, string Source, ExperimentSetting Setting, string Data, double? RandomAccuracy, string LossName, IReadOnlyList<ExperimentResult> Results)
{
    /// <summary>Results of an experiment that are there.</summary>
    /// <exception cref="ArgumentException">The setting does not fit the experiment.</exception>
    public static ExperimentReport Of(Experiment experiment, ExperimentSetting setting, IReadOnlyList<ExperimentResult> results, string? data = null)
    {
        ArgumentNullException.ThrowIfNull(results);
        IExperimentTask task = experiment.Task(setting, data);
        return new ExperimentReport(experiment.Name, experiment.Source, setting, task.Fingerprint, task.RandomAccuracy, task.LossName, results);
    }

    /// <summary>Writes JSON.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, ExperimentJson.Default.ExperimentReport));
}
