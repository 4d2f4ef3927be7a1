using System.Text.Json;
using XLstm.Training;

namespace XLstm.Forecasting;

/// <summary>Where the training of a forecaster stands.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="Steps">Updates to make.</param>
/// <param name="Loss">Mean loss since the last report.</param>
/// <param name="Validation">Loss on series that are never trained on, or null before the first.</param>
/// <param name="Elapsed">Time spent, over all resumptions.</param>
/// <param name="Remaining">Time left, estimated.</param>
public sealed record ForecasterProgress(long Step, long Steps, double Loss, double? Validation, TimeSpan Elapsed, TimeSpan Remaining);

/// <summary>
/// Trains a forecaster on generated series in a directory of its own: run.json, state.safetensors, log.jsonl, and in the end
/// forecaster.safetensors. The same options give the same weights again, whatever the number of threads. It may
/// be killed at any moment: <see cref="Resume"/> continues from the last checkpoint to the same weights.
/// </summary>
public sealed class ForecasterRun : IDisposable
{
    /// <summary>Name of the result.</summary>
    public const string WeightsFile = "forecaster.safetensors";

    // What a run must not go on with: another generator of series, or another reading of them.
    private const string Data = "generated series 1";
    private const double CheckpointSeconds = 30;
    private const int ValidationBatches = 40, ValidateEvery = 2500;
    private const ulong ValidationSeed = 0x5EED;

    private readonly Trainer _trainer;
    private readonly Pass _evaluation;
    private readonly PatchNetwork _network;
    private readonly ForecastLoss _loss;
    private RunPosition _position;

    private ForecasterRun(string directory, ForecasterRunOptions options, int threads)
    {
        (Directory, Options) = (Path.GetFullPath(directory), options);
        _network = new PatchNetwork(options.Network, new ParameterSet(options.Seed));
        _loss = new ForecastLoss(_network.Config.Outputs);
        _trainer = new Trainer(
            _network.Parameters, new OptimizerOptions(options.LearningRate, WeightDecay: 0.05), new LearningRateSchedule(ScheduleKind.Cosine, 300, 0.01), threads, options.Seed);
        _evaluation = new Pass(new PassOptions(Threads: threads));
        _position = new RunPosition(Data);
    }

    /// <summary>Where the run lives.</summary>
    public string Directory { get; }

    /// <summary>What it computes.</summary>
    public ForecasterRunOptions Options { get; }

    /// <summary>Updates made.</summary>
    public long StepCount => _position.Step;

    /// <summary>Trained numbers.</summary>
    public long ParameterCount => _network.Parameters.ElementCount;

    /// <summary>A run from step 0; the directory must not hold one.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="IOException">There is a run already, or the directory cannot be written.</exception>
    public static ForecasterRun Create(string directory, ForecasterRunOptions options, int threads = 0)
    {
        options.Validate();
        if (File.Exists(RunFiles.Options(directory)))
            throw new IOException($"{directory}: there is a run already.");
        System.IO.Directory.CreateDirectory(directory);
        AtomicFile.Write(RunFiles.Options(directory), stream => JsonSerializer.Serialize(stream, options, ForecasterJson.Default.ForecasterRunOptions));
        return new ForecasterRun(directory, options, threads);
    }

    /// <summary>The run of a directory, at its last checkpoint.</summary>
    /// <exception cref="CheckpointException">There is none, or its files are damaged.</exception>
    public static ForecasterRun Resume(string directory, int threads = 0)
    {
        string path = RunFiles.Options(directory);
        if (!File.Exists(path))
            throw new CheckpointException(path, "the file", "a run to resume", "nothing", "Start a run first.");
        ForecasterRunOptions options;
        try
        {
            using FileStream stream = File.OpenRead(path);
            options = JsonSerializer.Deserialize(stream, ForecasterJson.Default.ForecasterRunOptions) ?? throw new JsonException("null");
            options.Validate();
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new CheckpointException(path, "the file", "the options of a forecaster's run", e.Message, inner: e);
        }
        var run = new ForecasterRun(directory, options, threads);
        try
        {
            if (File.Exists(RunFiles.State(directory)))
                run._position = RunFiles.ReadState(directory, run._trainer.Optimizer);
            if (run._position.Data != Data)
                throw new CheckpointException(path, "the run", Data, run._position.Data, "It was started by another version of this library: finish it with that, or start anew.");
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>Trains to the end. On cancellation the state is stored, then <see cref="OperationCanceledException"/> is thrown.</summary>
    /// <param name="progress">Is told after every step, or null.</param>
    /// <param name="cancellation">Looked at between operations.</param>
    /// <exception cref="DivergedException">A loss or gradient is not finite; the last checkpoint stands.</exception>
    /// <exception cref="IOException">A file cannot be written, or another process trains this run.</exception>
    public ForecasterProgress Train(Action<ForecasterProgress>? progress = null, CancellationToken cancellation = default)
    {
        using IDisposable held = RunFiles.Hold(Directory);
        using MetricsLog log = MetricsLog.Open(RunFiles.Log(Directory), _position.Step);
        (_trainer.Pass.Cancellation, _evaluation.Cancellation) = (cancellation, cancellation);
        var clock = new RunClock(_position.ElapsedSeconds, Options.BatchTokens);
        double storedAt = clock.Seconds;
        // The next batch is drawn while this one is learned from.
        Task<ForecastBatch> next = Draw(_position.Step);
        try
        {
            while (_position.Step < Options.Steps)
            {
                cancellation.ThrowIfCancellationRequested();
                ForecastBatch batch = next.GetAwaiter().GetResult();
                next = Draw(_position.Step + 1);
                StepResult result = _trainer.Step(pass => Loss(batch, pass), Options.Steps);
                _position = _position with
                {
                    Step = result.Step + 1,
                    Logged = result.Step + 1,
                    Last = result,
                    ElapsedSeconds = clock.Stepped(),
                    MeanSum = _position.MeanSum + result.Loss,
                    MeanCount = _position.MeanCount + 1,
                };
                bool validate = _position.Step % ValidateEvery == 0 || _position.Step == Options.Steps;
                if (validate)
                    _position = _position with { Validation = Validate() };
                ForecasterProgress now = Progress(clock);
                log.Write(result, AsRunProgress(now, result, clock), validate);
                progress?.Invoke(now);
                if (validate)
                    _position = _position with { MeanSum = 0, MeanCount = 0 };
                if (validate || clock.Seconds - storedAt >= CheckpointSeconds)
                {
                    Store(log);
                    storedAt = clock.Seconds;
                }
                clock.Skip();
            }
        }
        catch (OperationCanceledException)
        {
            Store(log);
            throw;
        }
        Save(Path.Combine(Directory, WeightsFile));
        return Progress(clock);
    }

    /// <summary>The forecaster as far as it is trained.</summary>
    public Forecaster Forecaster() => new(new PatchForecaster(_network));

    /// <summary>Writes the forecaster as far as it is trained to one file.</summary>
    public void Save(string path) => ForecasterFile.Write(path, _network);

    public void Dispose()
    {
        _trainer.Dispose();
        _evaluation.Dispose();
    }

    private Task<ForecastBatch> Draw(long step) => Task.Run(() => ForecastBatch.Draw(_network.Config, Options.Seed, step, Options.BatchTokens));

    private Tensor Loss(ForecastBatch batch, Pass pass)
    {
        var features = new Tensor(new Shape(batch.Rows, batch.Tokens, batch.Features.Length / batch.Rows / batch.Tokens), batch.Features);
        return _loss.Of(pass, _network.Forward(features, null, pass).Quantiles, batch.Targets);
    }

    private double Validate()
    {
        double sum = 0;
        for (int i = 0; i < ValidationBatches; i++)
        {
            sum += Loss(ForecastBatch.Draw(_network.Config, ValidationSeed, i, Options.BatchTokens), _evaluation).Item;
            _evaluation.Reset();
        }
        return sum / ValidationBatches;
    }

    private void Store(MetricsLog log)
    {
        log.FlushToDisk();
        RunFiles.WriteState(Directory, _trainer.Optimizer, _position);
    }

    private ForecasterProgress Progress(RunClock clock) => new(
        _position.Step, Options.Steps, _position.MeanCount > 0 ? _position.MeanSum / _position.MeanCount : _position.Last?.Loss ?? double.NaN, _position.Validation,
        TimeSpan.FromSeconds(_position.ElapsedSeconds), TimeSpan.FromSeconds((Options.Steps - _position.Step) * clock.SecondsPerStep));

    private static RunProgress AsRunProgress(ForecasterProgress now, StepResult result, RunClock clock) => new(
        now.Step, now.Steps, result.Loss, now.Loss, now.Validation, now.Validation, result.LearningRate, clock.TokensPerSecond, now.Elapsed, now.Remaining);
}
