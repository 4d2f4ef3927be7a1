using XLstm.Training;

namespace XLstm.Classification;

/// <summary>
/// Trains a classifier or a regressor in a directory of its own: run.json, data.safetensors, state.safetensors, log.jsonl, and classifier.safetensors,
/// the result. The same options give the same weights again, whatever the number of threads. It may be killed at any moment:
/// <see cref="Resume"/> continues from the last checkpoint to the same weights.
/// </summary>
public sealed class SequenceRun : IDisposable
{
    /// <summary>Name of the result.</summary>
    public const string WeightsFile = SequenceFile.Name;

    private readonly SequenceEnsemble _network;
    private readonly TrainingLoop _loop;

    private SequenceRun(string directory, SequenceOptions options, SequenceData data, int threads)
    {
        (Directory, Options) = (Path.GetFullPath(directory), options);
        IsClassifier = data.Labels is not null;
        TotalSteps = options.StepsFor(data.Series.Count);
        SequenceNetworkConfig config = Config(options, data);
        config.Validate();
        _network = new SequenceEnsemble(config, new ParameterSet(options.Seed));
        var trainer = new Trainer(_network.Parameters, new OptimizerOptions(options.LearningRate, WeightDecay: 0.05), options.ScheduleFor(data.Series.Count), threads, options.Seed);
        _loop = new TrainingLoop(Directory, options.Plan(data.Series.Count), trainer, new SequenceTask(_network, options, data, Path.Combine(Directory, WeightsFile)));
    }

    /// <summary>Where the run lives.</summary>
    public string Directory { get; }

    /// <summary>What it computes.</summary>
    public SequenceOptions Options { get; }

    /// <summary>Whether it learns classes; otherwise numbers.</summary>
    public bool IsClassifier { get; }

    /// <summary>Channels of every series.</summary>
    public int ChannelCount => _network.Config.Encoding.Channels;

    /// <summary>How the file was read that it learns from, to read others for it (<see cref="SequenceReader.Read"/>); null where it was no .csv.</summary>
    public SequenceTableOptions? Table => _network.Config.Reading;

    /// <summary>Updates made.</summary>
    public long StepCount => _loop.StepCount;

    /// <summary>Updates to make.</summary>
    public long TotalSteps { get; }

    /// <summary>Trained numbers.</summary>
    public long ParameterCount => _network.Parameters.ElementCount;

    /// <summary>A run from step 0; the directory must not hold one.</summary>
    /// <param name="directory">Where it will live; made if it is not there.</param>
    /// <param name="data">Series with labels, for a classifier, or with targets, for a regressor.</param>
    /// <param name="options">What it computes; null for the defaults.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    /// <exception cref="ArgumentException">An option is out of range, or there is nothing to learn from in the data.</exception>
    /// <exception cref="IOException">There is a run already, or the directory cannot be written.</exception>
    public static SequenceRun Create(string directory, SequenceData data, SequenceOptions? options = null, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (File.Exists(RunFiles.Options(directory)))
            throw new IOException($"{directory}: there is a run already.");
        options ??= new SequenceOptions();
        options.Validate();
        CheckData(data, options);
        var run = new SequenceRun(directory, options, data, threads);
        try
        {
            RunFiles.Replace(run.Directory, folder =>
            {
                RunFiles.WriteOptions(folder, options, SequenceJson.Default.SequenceOptions);
                DataFile.Write(folder, data);
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

    /// <summary>The run of a directory, at its last checkpoint.</summary>
    /// <exception cref="CheckpointException">There is none, or its files are damaged.</exception>
    public static SequenceRun Resume(string directory, int threads = 0)
    {
        SequenceOptions options = RunFiles.ReadOptions(directory, SequenceJson.Default.SequenceOptions, o => o.Validate());
        SequenceData data = DataFile.Read(directory);
        SequenceRun run;
        try
        {
            CheckData(data, options);
            run = new SequenceRun(directory, options, data, threads);
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(RunFiles.Options(directory), "the file", "the options of a run", e.Message, inner: e);
        }
        try
        {
            run._loop.ReadCheckpoint(RunFiles.Options(directory), "It was started with other series or by another version of this library: start anew.");
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>Trains to the end. On cancellation the state is stored, then <see cref="OperationCanceledException"/> is thrown.</summary>
    /// <param name="stepped">Is told after every step, or null.</param>
    /// <param name="cancellation">Looked at between operations.</param>
    /// <exception cref="DivergedException">A loss, gradient or weight is not finite; the last checkpoint stands.</exception>
    /// <exception cref="IOException">A file cannot be written, or another process trains this run.</exception>
    public RunProgress Train(Action<RunProgress>? stepped = null, CancellationToken cancellation = default) => _loop.Train(stepped, null, cancellation);

    /// <summary>The classifier that came out, as <see cref="WeightsFile"/> has it.</summary>
    /// <exception cref="CheckpointException">There is none: nothing was trained yet, or numbers were learned.</exception>
    public SequenceClassifier Classifier() => SequenceClassifier.Load(Path.Combine(Directory, WeightsFile));

    /// <summary>The regressor that came out, as <see cref="WeightsFile"/> has it.</summary>
    /// <exception cref="CheckpointException">There is none: nothing was trained yet, or classes were learned.</exception>
    public SequenceRegressor Regressor() => SequenceRegressor.Load(Path.Combine(Directory, WeightsFile));

    public void Dispose() => _loop.Dispose();

    /// <summary>Trains in a directory that is gone afterwards.</summary>
    internal static T Fit<T>(SequenceData data, SequenceOptions? options, Action<RunProgress>? stepped, int threads, Func<SequenceRun, T> result, CancellationToken cancellation)
    {
        string directory = System.IO.Directory.CreateTempSubdirectory("xlstm-fit").FullName;
        try
        {
            using SequenceRun run = Create(directory, data, options, threads);
            run.Train(stepped, cancellation);
            return result(run);
        }
        finally
        {
            System.IO.Directory.Delete(directory, recursive: true);
        }
    }

    private static void CheckData(SequenceData data, SequenceOptions options)
    {
        if (data.Series.Count < 2)
            throw new ArgumentException($"There is nothing to learn from: {data.Series.Count} series, expected 2 or more.", nameof(data));
        if (data.Labels is null && data.Targets is null)
            throw new ArgumentException("The series have neither labels nor targets to learn.", nameof(data));
        if (data.Labels is not null && data.Classes.Count < 2)
            throw new ArgumentException($"All series are of class {data.Classes[0]}; expected two classes or more.", nameof(data));
        if (data.Series.All(s => s.Channels.All(c => c.All(double.IsNaN))))
            throw new ArgumentException("There is nothing to learn from: no series has a value.", nameof(data));
        foreach (string name in options.Weights?.Keys ?? [])
            if (!data.Classes.Contains(name, StringComparer.Ordinal))
                throw new ArgumentException($"There is a weight for class {name}, which no series has. The classes are: {string.Join(", ", data.Classes.Take(20))}.", nameof(options));
        for (int k = 0; k < (data.Targets?[0].Length ?? 0); k++)
            if (!data.Targets!.Any(t => double.IsFinite(t[k])) || data.Targets!.Any(t => double.IsInfinity(t[k]) || Math.Abs(t[k]) > 1e100))
                throw new ArgumentException($"Target {k + 1} has no number, or one that is too large to count with.", nameof(data));
    }

    private static SequenceNetworkConfig Config(SequenceOptions options, SequenceData data)
    {
        double[][] targets = [.. data.Targets ?? []];
        int count = targets.Length == 0 ? 0 : targets[0].Length;
        double[] mean = [.. Enumerable.Range(0, count).Select(k => targets.Select(t => t[k]).Where(double.IsFinite).Average())];
        double[] unit = [.. Enumerable.Range(0, count).Select(k => Math.Sqrt(targets.Select(t => t[k]).Where(double.IsFinite).Average(x => (x - mean[k]) * (x - mean[k]))))];
        return new SequenceNetworkConfig(
            SequenceEncoding.Of(data.Series, options.Scaling, options.Patches), data.Labels is null ? null : [.. data.Classes],
            data.Labels is null ? mean : null, data.Labels is null ? [.. unit.Select(u => u > 0 ? u : 1)] : null,
            options.HiddenDim, options.EmbeddingDim, options.NumBlocks, options.Pattern, options.NumHeads, options.Pooling, (float)options.Dropout, options.Networks, data.Table);
    }
}
