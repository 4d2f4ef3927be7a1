using XLstm.Experiments;
using XLstm.Samples.OwnExperiment;

// What does a model need to know whether the light is on? Learned from 3 to 20 presses, asked after up to 160.
#region Compare
var setting = new ExperimentSetting(
    "sample", Steps: 400, LearningRate: 5e-3, Batch: 64, Width: 32, LongestTraining: 20, ShortestEvaluation: 21, LongestEvaluation: 160, EvaluationRows: 512, Goal: 1e-3);
var experiment = new Experiment("light", "whether the light is on after many presses of three buttons", new Light(), setting);
string directory = Path.Combine(Path.GetTempPath(), $"light-{Guid.NewGuid():N}");
var results = new List<ExperimentResult>();
foreach (string model in new[] { "0:1", "1:0", "lstm" })
{
    // A run can be stopped at any moment; opened again in the same directory it goes on.
    using ExperimentRun run = ExperimentRun.Open(Path.Combine(directory, ExperimentRun.Folder(model, seed: 1)), experiment, model, seed: 1, setting);
    ExperimentResult result = run.Complete();
    Console.WriteLine($"{model,-5} {result.ScaledAccuracy,6:F3} of all, {result.Groups[^1].Accuracy:P0} right after {result.Groups[^1].Name} presses, {result.Steps} steps, {result.Parameters} parameters");
    results.Add(result);
}
ExperimentReport.Of(experiment, setting, results).Save(Path.Combine(directory, "results.json"));
#endregion
Directory.Delete(directory, recursive: true);
