using System.Reflection;
using System.Text.Json;
using XLstm.Training;

namespace XLstm.Experiments;

/// <summary>
/// One model of an experiment with one seed, in a directory of its own: run.json, state.safetensors, log.jsonl, weights.safetensors (the best by the
/// validation loss) and, at its end, result.json. It may be killed at any moment and goes on to the same result, whatever the number of threads.
/// </summary>
public sealed class ExperimentRun : IDisposable
{
    private const string ResultFile = "result.json";

    private readonly ExperimentRunOptions _options;
    private readonly IExperimentTask _task;
    private readonly TokenModel _model;
    private readonly TrainingLoop _loop;
    private readonly int _threads;

    private ExperimentRun(string directory, IExperimentTask task, ExperimentRunOptions options, int threads)
    {
        (Directory, _options, _threads) = (Path.GetFullPath(directory), options, threads);
        ExperimentSetting setting = options.Setting;
        _task = task;
        _model = ExperimentModels.Create(options.Model, new ParameterSet(options.Seed), setting, _task.Vocabulary, _task.Classes, _task.ReadsVectors);
        var trainer = new Trainer(_model.Parameters, setting.Rates, setting.Schedule, threads, options.Seed);
        _loop = new TrainingLoop(Directory, setting.Plan(_task.Parts), trainer, new ExperimentTraining(_model, _task, options, WeightsFile));
    }

    /// <summary>Where the run lives.</summary>
    public string Directory { get; }

    /// <summary>Updates made.</summary>
    public long StepCount => _loop.StepCount;

    /// <summary>Trained numbers.</summary>
    public long ParameterCount => _model.Parameters.ElementCount;

    private string WeightsFile => Path.Combine(Directory, "weights.safetensors");

    /// <summary>The folder of a model and seed within that of the experiment: "1_1-3".</summary>
    public static string Folder(string model, ulong seed) => $"{model.Replace(':', '_')}-{seed}";

    /// <summary>Fails as <see cref="Open"/> would, before anything is trained: to be asked for every run of a comparison before the first.</summary>
    /// <inheritdoc cref="Open" path="/param"/>
    /// <inheritdoc cref="Open" path="/exception"/>
    public static void Check(string directory, Experiment experiment, string model, ulong seed, ExperimentSetting setting, string? data = null)
    {
        (IExperimentTask task, ExperimentRunOptions options) = Options(experiment, model, seed, setting, data);
        _ = ExperimentModels.Create(model, ParameterSet.ForSizes(), setting, task.Vocabulary, task.Classes, task.ReadsVectors);
        if (File.Exists(RunFiles.Options(directory)))
            CheckOptions(directory, options);
    }

    /// <summary>The run of a directory, at its last checkpoint; a new one where there is none.</summary>
    /// <param name="directory">Where it lives; made if it is not there.</param>
    /// <param name="experiment">What is learned.</param>
    /// <param name="model">A pattern of blocks such as "1:1", or a baseline.</param>
    /// <param name="seed">Of weights and batches.</param>
    /// <param name="setting">Sizes and rates.</param>
    /// <param name="data">Where the data are that <see cref="Experiment.Data"/> asks for.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    /// <exception cref="ArgumentException">There is no such model, the setting cannot be, or data are missing or not wanted.</exception>
    /// <exception cref="InvalidDataException">The data are not what the experiment reads.</exception>
    /// <exception cref="CheckpointException">The directory has a run with other options, or damaged files.</exception>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    public static ExperimentRun Open(string directory, Experiment experiment, string model, ulong seed, ExperimentSetting setting, string? data = null, int threads = 0)
    {
        (IExperimentTask task, ExperimentRunOptions options) = Options(experiment, model, seed, setting, data);
        bool resumes = File.Exists(RunFiles.Options(directory));
        if (resumes)
            CheckOptions(directory, options);
        var run = new ExperimentRun(directory, task, options, threads);
        try
        {
            if (resumes)
                run._loop.ReadCheckpoint(RunFiles.Options(directory), "Its data are of another version of this library: choose another directory.");
            else
                RunFiles.Replace(run.Directory, folder =>
                {
                    RunFiles.WriteOptions(folder, options, ExperimentJson.Default.ExperimentRunOptions);
                    run._loop.WriteCheckpoint(folder);
                });
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>The result of the run of a directory; null where it has not ended.</summary>
    /// <exception cref="CheckpointException">The directory has a run with other options, or damaged files.</exception>
    public static ExperimentResult? Result(string directory, Experiment experiment, string model, ulong seed, ExperimentSetting setting, string? data = null)
    {
        string path = Path.Combine(directory, ResultFile);
        if (!File.Exists(path))
            return null;
        CheckOptions(directory, Options(experiment, model, seed, setting, data).Options);
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize(stream, ExperimentJson.Default.ExperimentResult) is { Groups.Count: > 0, Curve: not null } result && result.Model == model && result.Seed == seed
                ? result : throw new JsonException($"there is no result of {model} with seed {seed} in it");
        }
        catch (JsonException e)
        {
            throw new CheckpointException(path, "the file", "the result of a run", RunFiles.Found(e), "Remove it, and it is measured again.", e);
        }
    }

    /// <summary>Trains to the end and measures. On cancellation the state is stored, then <see cref="OperationCanceledException"/> is thrown.</summary>
    /// <param name="stepped">Is told after every step, or null.</param>
    /// <param name="cancellation">Looked at between operations.</param>
    /// <exception cref="DivergedException">A loss, gradient or weight is not finite; the last checkpoint stands.</exception>
    /// <exception cref="IOException">A file cannot be written, or another process trains this run.</exception>
    public ExperimentResult Complete(Action<RunProgress>? stepped = null, CancellationToken cancellation = default)
    {
        RunProgress end = _loop.Train(stepped, null, cancellation);
        ExperimentResult result = Measure(end, cancellation);
        AtomicFile.Write(Path.Combine(Directory, ResultFile), stream => JsonSerializer.Serialize(stream, result, ExperimentJson.Default.ExperimentResult));
        return result;
    }

    public void Dispose() => _loop.Dispose();

    private static (IExperimentTask Task, ExperimentRunOptions Options) Options(Experiment experiment, string model, ulong seed, ExperimentSetting setting, string? data)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(setting);
        setting.Validate();
        IExperimentTask task = experiment.Task(setting, data);
        return (task, new ExperimentRunOptions(experiment.Name, model, seed, setting, task.Fingerprint));
    }

    private static void CheckOptions(string directory, ExperimentRunOptions expected)
    {
        ExperimentRunOptions found = RunFiles.ReadOptions(directory, ExperimentJson.Default.ExperimentRunOptions, o => (o.Setting ?? throw new ArgumentException("there is no setting.")).Validate());
        if (found != expected)
            throw new CheckpointException(
                RunFiles.Options(directory), "the file", Other(expected, found), Other(found, expected), "The directory has a run of another setting: choose another directory.");
    }

    // What one record has otherwise than the other, as "Steps = 2000".
    private static string Other(ExperimentRunOptions of, ExperimentRunOptions than) => string.Join(", ", Parts(of).Except(Parts(than), StringComparer.Ordinal));

    private static IEnumerable<string> Parts(ExperimentRunOptions options) => $"{options}".Split(", ").Select(part => part[(part.LastIndexOf('{') + 1)..].Trim(' ', '}'));

    private ExperimentResult Measure(RunProgress end, CancellationToken cancellation)
    {
        using (SafetensorsFile weights = SafetensorsFile.Open(WeightsFile))
            foreach (Parameter parameter in _model.Parameters)
            {
                if (!weights.Contains(parameter.Name) || weights.Info(parameter.Name).Count != parameter.Length)
                    throw new CheckpointException(
                        WeightsFile, $"tensor {parameter.Name}", $"{parameter.Length} numbers", weights.Contains(parameter.Name) ? $"{weights.Info(parameter.Name).Count}" : "nothing",
                        "The file is of another run: remove the directory, and this one is trained anew.");
                weights.ReadFloats(parameter.Name, parameter.Span);
            }
        using var pass = new Pass(new PassOptions(Threads: _threads)) { Cancellation = cancellation };
        var groups = new List<(string Name, long Labels, double Loss, long Right)>();
        foreach ((string name, SequenceBatch batch) in _task.Test)
        {
            cancellation.ThrowIfCancellationRequested();
            if (groups.Count == 0 || groups[^1].Name != name)
                groups.Add((name, 0, 0, 0));
            (_, long labels, double loss, long right) = groups[^1];
            (double more, long rightToo) = batch.Score(_model, pass);
            groups[^1] = (name, labels + batch.Labels, loss + more, right + rightToo);
            pass.Reset();
        }
        double all = groups.Sum(g => g.Labels), accuracy = groups.Sum(g => g.Right) / all;
        return new ExperimentResult(
            _options.Model, _options.Seed, ParameterCount, end.Step, Math.Round(end.Elapsed.TotalMinutes, 2), end.BestValidationLoss ?? double.NaN, groups.Sum(g => g.Loss) / all, accuracy,
            _task.RandomAccuracy is { } guess ? (accuracy - guess) / (1 - guess) : null,
            [.. groups.Select(g => new GroupResult(g.Name, g.Labels, g.Loss / g.Labels, g.Right / (double)g.Labels))],
            [.. MetricsLog.Validations(RunFiles.Log(Directory)).Select(v => new CurvePoint(v.Step, v.Loss))],
            typeof(ExperimentRun).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);
    }
}
