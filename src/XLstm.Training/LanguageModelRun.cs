namespace XLstm.Training;

/// <summary>
/// Trains a language model in a directory of its own: config.json, tokenizer.json, model.safetensors (the best validation,
/// or the last step where there is none), run.json, state.safetensors, log.jsonl. It may be killed at any moment:
/// <see cref="Resume"/> continues from the last checkpoint, and every loss after it is what it would have been, bit for bit.
/// A run limited by minutes plans its number of steps from its speed, anew at each checkpoint.
/// </summary>
public sealed class LanguageModelRun : IDisposable
{
    private const double CheckpointSeconds = 15;
    private const int StepsBeforePlan = 10;
    private const long ValidationTokens = 1 << 16;

    private readonly RunData _data;
    private readonly Trainer _trainer;
    private readonly Pass _evaluation;
    private RunPosition _position;

    private LanguageModelRun(string directory, RunOptions options, XLstmLanguageModel model, TextTokenizer? tokenizer, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        (Directory, Options, Model, Tokenizer) = (Path.GetFullPath(directory), options, model, tokenizer);
        _data = RunData.Open(options, model.Config.VocabSize, tokenizer);
        _trainer = new Trainer(model.Parameters, options.Rates, options.RateOverTime, threads, options.Seed, options.Recompute);
        _evaluation = new Pass(new PassOptions(Threads: threads));
        _position = new RunPosition(_data.Fingerprint());
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

    /// <summary>Whether all steps are done, the time is over, or validation has stopped improving.</summary>
    public bool Finished =>
        (Options.Patience > 0 && _position.WithoutImprovement >= Options.Patience)
        || (Options.Minutes is { } minutes ? _position.ElapsedSeconds >= minutes * 60 : _position.Step >= TotalSteps);

    /// <summary>Bytes of tensor memory that training holds; constant after the first steps.</summary>
    public long HeldBytes => _trainer.Pass.HeldBytes;

    private long TotalSteps => Options.Steps ?? _position.PlannedSteps;

    private long TokensPerStep => (long)Options.Accumulation * _data.Tokens.Length;

    /// <summary>
    /// A run from step 0; writes everything that <see cref="Resume"/> needs before it returns. A run that was in the directory
    /// is replaced, but only once all that the new one needs is good and written.
    /// </summary>
    /// <param name="directory">Where it will live; made if it is not there.</param>
    /// <param name="options">What it computes.</param>
    /// <param name="model">Trained in place.</param>
    /// <param name="tokenizer">Of the text; null with a batch file.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="CheckpointException">The text, the batch or the tokenizer do not fit.</exception>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    public static LanguageModelRun Create(string directory, RunOptions options, XLstmLanguageModel model, TextTokenizer? tokenizer, int threads = 0)
    {
        options.Validate();
        var run = new LanguageModelRun(directory, options.WithFullPaths(), model, tokenizer, threads);
        try
        {
            RunFiles.Replace(run.Directory, folder =>
            {
                run.Tokenizer?.Save(folder);
                ModelConfigWriter.Write(folder, model.Config);
                RunFiles.WriteOptions(folder, run.Options);
                run.WriteCheckpoint(folder);
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
    /// <param name="directory">Where it lives.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    /// <param name="steps">A new number of steps in all, to go further (patience starts anew); null to keep the plan.</param>
    /// <param name="minutes">A new number of minutes in all, or null.</param>
    /// <exception cref="ArgumentException">A new plan is out of range.</exception>
    /// <exception cref="CheckpointException">There is no run, its files are damaged, or its text is another one now.</exception>
    public static LanguageModelRun Resume(string directory, int threads = 0, long? steps = null, double? minutes = null)
    {
        RunOptions options = RunFiles.ReadOptions(directory);
        bool replan = steps is not null || minutes is not null;
        if (replan)
        {
            options = options with { Steps = steps, Minutes = minutes };
            options.Validate();
        }
        TextTokenizer? tokenizer = options.Text is null ? null : TextTokenizer.Load(directory);
        var run = new LanguageModelRun(directory, options, new XLstmLanguageModel(ModelConfigReader.ReadLanguageModel(directory)), tokenizer, threads);
        try
        {
            run.ReadCheckpoint();
            if (replan)
                run.Replan();
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>Trains to the end of the plan. On cancellation the state is stored, then <see cref="OperationCanceledException"/> is thrown.</summary>
    /// <param name="observer">Is told of every step, or null.</param>
    /// <param name="cancellation">Looked at between the operations of a step.</param>
    /// <exception cref="DivergedException">A loss, gradient or weight is not finite; the last checkpoint stands.</exception>
    /// <exception cref="IOException">A file cannot be written, for example because the disk is full, or another process trains this run; the last checkpoint stands.</exception>
    public RunProgress Train(IRunObserver? observer = null, CancellationToken cancellation = default)
    {
        using IDisposable held = RunFiles.Hold(Directory);
        using MetricsLog log = MetricsLog.Open(Options.Log ?? RunFiles.Log(Directory), _position.Logged);
        (_trainer.Pass.Cancellation, _evaluation.Cancellation) = (cancellation, cancellation);
        var clock = new RunClock(_position.ElapsedSeconds, TokensPerStep);
        double checkpointAt = clock.Seconds, validatedAt = clock.Seconds;
        try
        {
            while (_position.Logged < _position.Step || !Finished)
            {
                cancellation.ThrowIfCancellationRequested();
                // Otherwise the run was stopped in the validation after a step.
                if (_position.Logged == _position.Step)
                    Step(clock);

                bool validate = _data.Validation is not null && (Finished || ValidationDue(validatedAt));
                if (validate)
                {
                    Validate();
                    validatedAt = clock.Seconds;
                }
                RunProgress progress = Progress(clock);
                log.Write(_position.Last!.Value, progress, validate);
                _position = _position with { Logged = _position.Step };
                if (validate)
                    _position = _position with { MeanSum = 0, MeanCount = 0 };
                observer?.Stepped(progress);
                if (validate)
                    observer?.Validated(progress, Model);

                bool unplanned = TotalSteps == 0 && clock.Steps >= StepsBeforePlan;
                if (validate || unplanned || clock.Seconds - checkpointAt >= CheckpointSeconds)
                {
                    // A plan made from the clock is fixed in the checkpoint, so that what follows it can be repeated.
                    Plan(clock.SecondsPerStep);
                    log.FlushToDisk();
                    WriteCheckpoint(Directory);
                    checkpointAt = clock.Seconds;
                }
                clock.Skip();
            }
        }
        catch (OperationCanceledException)
        {
            Close(log);
            throw;
        }
        Close(log);
        return Progress(clock);
    }

    public void Dispose()
    {
        _trainer.Dispose();
        _evaluation.Dispose();
        _data.Dispose();
    }

    private void Step(RunClock clock)
    {
        StepResult result = _trainer.Step(Loss, TotalSteps, Options.Accumulation);
        _position = _position with
        {
            Step = result.Step + 1,
            Last = result,
            ElapsedSeconds = clock.Stepped(),
            MeanSum = _position.MeanSum + result.Loss,
            MeanCount = _position.MeanCount + 1,
        };
    }

    private Tensor Loss(Pass pass, int microBatch)
    {
        _data.Draw(_trainer.StepCount, microBatch);
        return Ops.CrossEntropy(pass, Model.Forward(_data.Tokens, _data.Rows, null, pass).Logits, _data.Labels);
    }

    // By steps where the run is planned in steps, so that a resumed run validates at the same ones.
    private bool ValidationDue(double validatedAt)
    {
        if (Options.ValidateEvery > 0)
            return _position.Step % Options.ValidateEvery == 0;
        return Options.Minutes is { } minutes
            ? _position.ElapsedSeconds - validatedAt >= minutes * 6
            : _position.Step % Math.Max(1, TotalSteps / 10) == 0;
    }

    private void Validate()
    {
        double loss = Evaluate(_evaluation);
        if (!double.IsFinite(loss))
            throw new DivergedException(_position.Step, "the validation loss", _trainer.Locate(training: false, pass => Evaluate(pass)));
        bool better = loss < (_position.BestValidation ?? double.PositiveInfinity);
        _position = _position with
        {
            Validation = loss,
            BestValidation = better ? loss : _position.BestValidation,
            WithoutImprovement = better ? 0 : _position.WithoutImprovement + 1,
        };
        if (better)
            SaveWeights();
    }

    private double Evaluate(Pass pass) => Evaluation.CrossEntropy(Model, _data.Validation!, pass, mostTokens: ValidationTokens);

    private void Plan(double secondsPerStep)
    {
        if (Options.Minutes is { } minutes && secondsPerStep > 0)
            _position = _position with { PlannedSteps = _position.Step + (long)Math.Max(0, (minutes * 60 - _position.ElapsedSeconds) / secondsPerStep) };
    }

    private void Replan()
    {
        _position = _position with { WithoutImprovement = 0 };
        Plan(_position.Step == 0 ? 0 : _position.ElapsedSeconds / _position.Step);
        RunFiles.WriteOptions(Directory, Options);
        WriteCheckpoint(Directory);
    }

    private void Close(MetricsLog log)
    {
        log.FlushToDisk();
        WriteCheckpoint(Directory);
        if (_data.Validation is null || !File.Exists(RunFiles.Weights(Directory)))
            SaveWeights();
    }

    private void ReadCheckpoint()
    {
        _position = RunFiles.ReadState(Directory, _trainer.Optimizer);
        string found = _data.Fingerprint();
        if (_position.Data != found)
            throw new CheckpointException(
                (Options.Text ?? Options.BatchFile)!, "the file", $"{_position.Data}, as when the run began", found, "Put the old file back, or start a new run from this model.");
    }

    private void WriteCheckpoint(string folder)
    {
        ThrowIfNotFinite();
        RunFiles.WriteState(folder, _trainer.Optimizer, _position);
    }

    private void SaveWeights()
    {
        ThrowIfNotFinite();
        Model.SaveWeights(RunFiles.Weights(Directory));
    }

    // The last update may have been the one that diverged; the next step would only say so after these files are written.
    private void ThrowIfNotFinite()
    {
        if (_trainer.Optimizer.FirstNonFinite() is { } name)
            throw new DivergedException(_position.Step, "a weight or its moments", $"parameter {name}");
    }

    private RunProgress Progress(RunClock clock)
    {
        double left = Options.Minutes is { } minutes ? minutes * 60 - _position.ElapsedSeconds : (TotalSteps - _position.Step) * clock.SecondsPerStep;
        return new RunProgress(
            _position.Step, TotalSteps, _position.Last?.Loss ?? double.NaN, _position.MeanCount > 0 ? _position.MeanSum / _position.MeanCount : _position.Last?.Loss ?? double.NaN,
            _position.Validation, _position.BestValidation, _position.Last?.LearningRate ?? 0, clock.TokensPerSecond,
            TimeSpan.FromSeconds(_position.ElapsedSeconds), TimeSpan.FromSeconds(Math.Max(0, left)));
    }
}
