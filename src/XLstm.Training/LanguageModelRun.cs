using System.Diagnostics;

namespace XLstm.Training;

/// <summary>Where a run stands, for people.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="TotalSteps">Updates planned; an estimate where the run is limited by time.</param>
/// <param name="Loss">Loss of the last batch, before its update.</param>
/// <param name="MeanLoss">Mean since the last validation.</param>
/// <param name="ValidationLoss">Last validation, or null.</param>
/// <param name="BestValidationLoss">Best validation, or null.</param>
/// <param name="LearningRate">Rate of the last update.</param>
/// <param name="TokensPerSecond">Tokens trained on per second, lately.</param>
/// <param name="Elapsed">Time spent, over all resumptions.</param>
/// <param name="Remaining">Time left, estimated.</param>
public sealed record RunProgress(
    long Step, long TotalSteps, double Loss, double MeanLoss, double? ValidationLoss, double? BestValidationLoss,
    double LearningRate, double TokensPerSecond, TimeSpan Elapsed, TimeSpan Remaining);

/// <summary>Watches a run.</summary>
public interface IRunObserver
{
    /// <summary>After every update.</summary>
    void Stepped(RunProgress progress);

    /// <summary>After every validation; the model is the run's own and must not be changed.</summary>
    void Validated(RunProgress progress, XLstmLanguageModel model);
}

/// <summary>
/// Trains a language model in a directory of its own: config.json, tokenizer.json, model.safetensors (the best validation,
/// or the last step where there is none), run.json, state.safetensors, log.jsonl. It may be killed at any moment:
/// <see cref="Resume"/> continues from the last checkpoint, and every loss after it is what it would have been, bit for bit.
/// A run limited by minutes plans its number of steps from its speed, anew at each checkpoint.
/// </summary>
public sealed class LanguageModelRun : IDisposable
{
    private const double CheckpointSeconds = 15;
    private const long ValidationTokens = 1 << 17;

    private readonly Trainer _trainer;
    private readonly Pass _evaluation;
    private readonly TokenSource? _training, _validation;
    private readonly (int Rows, int[] Tokens, int[] Labels)? _batch;
    private RunPosition _position;
    private double? _lastLoss;

    private LanguageModelRun(string directory, RunOptions options, XLstmLanguageModel model, TextTokenizer? tokenizer, int threads)
    {
        (Directory, Options, Model, Tokenizer) = (directory, options, model, tokenizer);
        if (options.BatchFile is not null)
            _batch = BatchFile.Read(options.BatchFile, model.Config.VocabSize);
        else
        {
            ArgumentNullException.ThrowIfNull(tokenizer);
            if (tokenizer.VocabularySize > model.Config.VocabSize)
                throw new CheckpointException(
                    directory, "the tokenizer", $"at most {model.Config.VocabSize} tokens, the model's vocab_size", $"{tokenizer.VocabularySize} tokens ({tokenizer.Name})", "Use the tokenizer that the model was trained with, or another config.");
            (_training, _validation) = TokenSource.OpenSplit(options.Text!, tokenizer, options.ValidationFraction);
            if (_training.Length < options.Context + 1L || _validation.Length < 2)
            {
                (long trained, long validated) = (_training.Length, _validation.Length);
                _training.Dispose();
                _validation.Dispose();
                throw new CheckpointException(
                    options.Text!, "the text", $"more than {options.Context} tokens to train on, a context and one more", $"{trained} tokens and {validated} for validation", "Give a longer text or a smaller context.");
            }
        }
        _trainer = new Trainer(model.Parameters, options.Rates, options.RateOverTime, threads, options.Seed);
        _evaluation = new Pass(new PassOptions(Threads: threads));
        _position = new RunPosition(0, options.Steps ?? 0, 0, 0, 0, null, null, 0, 0);
    }

    /// <summary>Where the run lives.</summary>
    public string Directory { get; }

    /// <summary>What it computes.</summary>
    public RunOptions Options { get; }

    /// <summary>The model, as far as it is trained.</summary>
    public XLstmLanguageModel Model { get; }

    /// <summary>The tokenizer of the text, or null with a batch file.</summary>
    public TextTokenizer? Tokenizer { get; }

    /// <summary>Updates made.</summary>
    public long StepCount => _position.Step;

    /// <summary>Whether all steps are done, or validation has stopped improving.</summary>
    public bool Finished { get; private set; }

    /// <summary>Bytes of tensor memory that training holds.</summary>
    public long HeldBytes => _trainer.Pass.HeldBytes;

    /// <summary>A run from step 0; writes everything that <see cref="Resume"/> needs before it returns.</summary>
    /// <exception cref="CheckpointException">The text, the batch or the tokenizer do not fit.</exception>
    public static LanguageModelRun Create(string directory, RunOptions options, XLstmLanguageModel model, TextTokenizer? tokenizer, int threads = 0)
    {
        options.Validate();
        var run = new LanguageModelRun(directory, options, model, tokenizer, threads);
        try
        {
            System.IO.Directory.CreateDirectory(directory);
            File.Delete(RunFiles.State(directory));
            File.Delete(RunFiles.Weights(directory));
            tokenizer?.Save(directory);
            ModelConfigWriter.Write(directory, model.Config);
            RunFiles.WriteOptions(directory, options);
            run.WriteCheckpoint();
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>The run of a directory, at its last checkpoint.</summary>
    /// <param name="directory">Where it lives.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    /// <param name="steps">A new number of steps, to go further; null to keep the plan.</param>
    /// <param name="minutes">A new number of minutes, or null.</param>
    /// <exception cref="CheckpointException">There is no run, or its files are damaged.</exception>
    public static LanguageModelRun Resume(string directory, int threads = 0, long? steps = null, double? minutes = null)
    {
        RunOptions options = RunFiles.ReadOptions(directory);
        if (steps is not null || minutes is not null)
        {
            options = options with { Steps = steps, Minutes = minutes };
            options.Validate();
            RunFiles.WriteOptions(directory, options);
        }
        XLstmLanguageModelConfig config = ModelConfigReader.ReadLanguageModel(directory);
        var model = new XLstmLanguageModel(config);
        var run = new LanguageModelRun(directory, options, model, options.Text is null ? null : TextTokenizer.Load(directory), threads);
        try
        {
            run._position = RunFiles.ReadState(directory, model.Parameters, run._trainer.Optimizer);
            if (options.Steps is { } total)
                run._position = run._position with { TotalSteps = total };
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>Trains to the end of the plan. On cancellation the state is stored, then <see cref="OperationCanceledException"/> is thrown.</summary>
    /// <exception cref="DivergedException">A loss or gradient is not finite; the last checkpoint stands.</exception>
    public RunProgress Train(IRunObserver? observer = null, CancellationToken cancellation = default)
    {
        using MetricsLog log = MetricsLog.Open(Options.Log ?? Path.Combine(Directory, "log.jsonl"), _position.Step);
        var clock = Stopwatch.StartNew();
        double before = _position.ElapsedSeconds, checkpointAt = 0, planAt = 0, validatedAt = _position.ElapsedSeconds;
        var speed = new Speed(Tokens);
        RunProgress progress = Progress(0, 0);
        try
        {
            while (!Done(before + clock.Elapsed.TotalSeconds))
            {
                cancellation.ThrowIfCancellationRequested();
                StepResult result = _trainer.Step(Loss, _position.TotalSteps, Options.Accumulation);
                _lastLoss = result.Loss;
                double now = clock.Elapsed.TotalSeconds;
                speed.Add(now);
                _position = _position with { Step = result.Step + 1, ElapsedSeconds = before + now, MeanSum = _position.MeanSum + result.Loss, MeanCount = _position.MeanCount + 1 };
                double mean = _position.MeanSum / _position.MeanCount;

                // A plan made from the clock is fixed in the next checkpoint, so that what follows it can be repeated.
                bool plan = Options.Minutes is not null && (planAt == 0 ? speed.Steps >= 10 : now - planAt >= CheckpointSeconds);
                if (plan)
                {
                    double left = Options.Minutes!.Value * 60 - _position.ElapsedSeconds;
                    _position = _position with { TotalSteps = Math.Max(_position.Step, _position.Step + (long)(left / speed.SecondsPerStep)) };
                    planAt = now;
                }

                bool last = Done(_position.ElapsedSeconds);
                double? validation = null;
                if (_validation is not null && (last || ValidationDue(validatedAt)))
                {
                    validation = Evaluation.CrossEntropy(Model, _validation, _evaluation, mostTokens: ValidationTokens);
                    validatedAt = before + clock.Elapsed.TotalSeconds;
                    speed.Skip(clock.Elapsed.TotalSeconds);
                    Validated(validation.Value);
                }
                log.Write(result, mean, speed.TokensPerSecond, validation);
                progress = Progress(result.LearningRate, speed.TokensPerSecond);
                observer?.Stepped(progress);
                if (validation is not null)
                {
                    observer?.Validated(progress, Model);
                    speed.Skip(clock.Elapsed.TotalSeconds);
                }
                if (plan || validation is not null || now - checkpointAt >= CheckpointSeconds)
                {
                    WriteCheckpoint();
                    checkpointAt = clock.Elapsed.TotalSeconds;
                    speed.Skip(checkpointAt);
                }
            }
        }
        catch (OperationCanceledException)
        {
            WriteCheckpoint();
            if (!File.Exists(RunFiles.Weights(Directory)))
                Model.SaveWeights(RunFiles.Weights(Directory));
            throw;
        }
        Finished = true;
        WriteCheckpoint();
        if (_validation is null || !File.Exists(RunFiles.Weights(Directory)))
            Model.SaveWeights(RunFiles.Weights(Directory));
        return progress;
    }

    public void Dispose()
    {
        _trainer.Dispose();
        _evaluation.Dispose();
        _training?.Dispose();
        _validation?.Dispose();
    }

    private long Tokens => (long)Options.Accumulation * (_batch is { } batch ? batch.Tokens.Length : Options.Batch * Options.Context);

    private bool Done(double elapsed) =>
        (Options.Patience > 0 && _position.WithoutImprovement >= Options.Patience)
        || (Options.Minutes is { } minutes ? elapsed >= minutes * 60 || (_position.TotalSteps > 0 && _position.Step >= _position.TotalSteps) : _position.Step >= _position.TotalSteps);

    // By steps where the run is planned in steps, so that a resumed run validates at the same ones.
    private bool ValidationDue(double validatedAt)
    {
        if (Options.ValidateEvery > 0)
            return _position.Step % Options.ValidateEvery == 0;
        return Options.Minutes is { } minutes
            ? _position.ElapsedSeconds - validatedAt >= minutes * 6
            : _position.Step % Math.Max(1, _position.TotalSteps / 10) == 0;
    }

    private void Validated(double loss)
    {
        bool better = loss < (_position.BestValidation ?? double.PositiveInfinity);
        _position = _position with
        {
            Validation = loss,
            BestValidation = better ? loss : _position.BestValidation,
            BestStep = better ? _position.Step : _position.BestStep,
            WithoutImprovement = better ? 0 : _position.WithoutImprovement + 1,
            MeanSum = 0,
            MeanCount = 0,
        };
        if (better)
            Model.SaveWeights(RunFiles.Weights(Directory));
    }

    private void WriteCheckpoint() => RunFiles.WriteState(Directory, Model.Parameters, _trainer.Optimizer, _position);

    private RunProgress Progress(double rate, double tokensPerSecond)
    {
        double perStep = tokensPerSecond > 0 ? Tokens / tokensPerSecond : 0;
        double left = Options.Minutes is { } minutes ? minutes * 60 - _position.ElapsedSeconds : (_position.TotalSteps - _position.Step) * perStep;
        double mean = _position.MeanCount > 0 ? _position.MeanSum / _position.MeanCount : _lastLoss ?? double.NaN;
        return new RunProgress(
            _position.Step, _position.TotalSteps, _lastLoss ?? double.NaN, mean, _position.Validation, _position.BestValidation, rate, tokensPerSecond,
            TimeSpan.FromSeconds(_position.ElapsedSeconds), TimeSpan.FromSeconds(Math.Max(0, left)));
    }

    private Tensor Loss(Pass pass, int microBatch)
    {
        if (_batch is { } batch)
            return Ops.CrossEntropy(pass, Model.Forward(batch.Tokens, batch.Rows, null, pass).Logits, batch.Labels);

        int B = Options.Batch, T = Options.Context;
        int[] input = new int[B * T], labels = new int[B * T], window = new int[T + 1];
        var random = new RandomSource(RandomSource.SeedFor(Options.Seed, $"batch {_trainer.StepCount} {microBatch}"));
        for (int b = 0; b < B; b++)
        {
            _training!.Read(random.NextInteger(_training.Length - T), window);
            window.AsSpan(0, T).CopyTo(input.AsSpan(b * T));
            window.AsSpan(1).CopyTo(labels.AsSpan(b * T));
        }
        return Ops.CrossEntropy(pass, Model.Forward(input, B, null, pass).Logits, labels);
    }

    // Speed over the last steps; the first ones, where code is still being compiled, are forgotten.
    private sealed class Speed(long tokens)
    {
        private readonly Queue<double> _seconds = new();
        private double _last, _sum;

        public int Steps { get; private set; }

        public double SecondsPerStep => _seconds.Count == 0 ? 0 : _sum / _seconds.Count;

        public double TokensPerSecond => _sum > 0 ? tokens * _seconds.Count / _sum : 0;

        public void Add(double now)
        {
            Steps++;
            _sum += now - _last;
            _seconds.Enqueue(now - _last);
            if (_seconds.Count > (Steps < 20 ? 5 : 50))
                _sum -= _seconds.Dequeue();
            _last = now;
        }

        /// <summary>What passed since the last step was not training.</summary>
        public void Skip(double now) => _last = now;
    }
}
