using XLstm.Training;

namespace XLstm.Forecasting;

/// <summary>
/// Trains a forecaster in a directory of its own, on generated series or on given ones, from nothing or from a trained one: run.json,
/// series.safetensors (given series), state.safetensors, log.jsonl, and forecaster.safetensors, the best by the loss on what is never trained on. The
/// same options give the same weights again, whatever the number of threads. It may be killed at any moment:
/// <see cref="Resume"/> continues from the last checkpoint to the same weights.
/// </summary>
public sealed class ForecasterRun : IDisposable
{
    /// <summary>Name of the result.</summary>
    public const string WeightsFile = "forecaster.safetensors";

    private readonly PatchNetwork _network;
    private readonly TrainingLoop _loop;

    private ForecasterRun(string directory, ForecasterRunOptions options, IReadOnlyList<double[]>? series, PatchNetwork? start, int threads)
    {
        (Directory, Options) = (Path.GetFullPath(directory), options);
        _network = start?.Copy() ?? new PatchNetwork(options.Network, new ParameterSet(options.Seed));
        IForecastSource source = series is null
            ? new GeneratedSeries(_network.Config, options.Seed, options.BatchTokens)
            : new OwnSeries(_network.Config, options, series);
        var trainer = new Trainer(_network.Parameters, new OptimizerOptions(options.LearningRate, WeightDecay: 0.05), options.Schedule, threads, options.Seed);
        _loop = new TrainingLoop(Directory, options.Plan, trainer, new ForecastTask(_network, source, options.BatchTokens, Path.Combine(Directory, WeightsFile)));
    }

    /// <summary>Where the run lives.</summary>
    public string Directory { get; }

    /// <summary>What it computes.</summary>
    public ForecasterRunOptions Options { get; }

    /// <summary>Updates made.</summary>
    public long StepCount => _loop.StepCount;

    /// <summary>Trained numbers.</summary>
    public long ParameterCount => _network.Parameters.ElementCount;

    /// <summary>The loss at the start on what is never trained on; null before it is known.</summary>
    public double? FirstValidationLoss => _loop.FirstValidation;

    /// <summary>A run from step 0; the directory must not hold one.</summary>
    /// <param name="directory">Where it will live; made if it is not there.</param>
    /// <param name="options">What it computes; for a trained forecaster <see cref="ForecasterRunOptions.FineTuning"/> is a good start.</param>
    /// <param name="series">What it learns from, NaN where a value is missing; null for generated series. Their last parts are held out to validate on.</param>
    /// <param name="start">The forecaster that learns, which stays as it is; null for a new one. It decides all sizes.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    /// <exception cref="ArgumentException">An option is out of range, or there is nothing to learn from in the series.</exception>
    /// <exception cref="NotSupportedException">The forecaster is TiRex: only those of this library are trained.</exception>
    /// <exception cref="IOException">There is a run already, or the directory cannot be written.</exception>
    public static ForecasterRun Create(string directory, ForecasterRunOptions options, IReadOnlyList<double[]>? series = null, Forecaster? start = null, int threads = 0)
    {
        if (File.Exists(RunFiles.Options(directory)))
            throw new IOException($"{directory}: there is a run already.");
        PatchNetwork? network = start?.TrainedNetwork();
        options = network is null ? options : options.WithSizesOf(network.Config);
        options.Validate();
        var run = new ForecasterRun(directory, options, series, network, threads);
        try
        {
            RunFiles.Replace(run.Directory, folder =>
            {
                RunFiles.WriteOptions(folder, options, ForecasterJson.Default.ForecasterRunOptions);
                if (series is not null)
                    SeriesFile.Write(folder, series);
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
    public static ForecasterRun Resume(string directory, int threads = 0)
    {
        ForecasterRunOptions options = RunFiles.ReadOptions(directory, ForecasterJson.Default.ForecasterRunOptions, o => o.Validate());
        var run = new ForecasterRun(directory, options, SeriesFile.Read(directory), null, threads);
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

    /// <summary>The best forecaster so far, as <see cref="WeightsFile"/> has it.</summary>
    /// <exception cref="CheckpointException">There is none: nothing was trained yet.</exception>
    public Forecaster Forecaster() => Forecasting.Forecaster.Load(Path.Combine(Directory, WeightsFile));

    public void Dispose() => _loop.Dispose();
}
