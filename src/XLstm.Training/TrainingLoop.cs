namespace XLstm.Training;

/// <summary>How far a run goes, and when it looks at itself.</summary>
/// <param name="Steps">Updates to make; null with <paramref name="Minutes"/>.</param>
/// <param name="Minutes">Time to train for, over all resumptions; null with <paramref name="Steps"/>.</param>
/// <param name="ValidateEvery">Updates between validations; 0 for a tenth of the run.</param>
/// <param name="Patience">Validations without improvement after which the run ends; 0 for never.</param>
/// <param name="Accumulation">Losses of one update.</param>
/// <param name="ValidateFirst">Whether the weights at the start take part in the choice of the best.</param>
/// <param name="Goal">Validation loss at which the run ends: there is nothing left to learn.</param>
internal sealed record RunPlan(
    long? Steps, double? Minutes = null, long ValidateEvery = 0, int Patience = 0, int Accumulation = 1, bool ValidateFirst = false, double Goal = double.NegativeInfinity);

/// <summary>
/// Trains a task in a directory: steps, validations, the weights of the best one (of the last step where there are none),
/// state.safetensors and log.jsonl. It may be killed at any moment: from the last checkpoint every loss
/// is what it would have been, bit for bit. A run limited by minutes plans its number of steps from its speed, anew at each checkpoint.
/// </summary>
internal sealed class TrainingLoop : IDisposable
{
    private const double CheckpointSeconds = 15;
    private const int StepsBeforePlan = 10;
    private const double MostSeconds = 1e10;

    private readonly string _directory, _log;
    private readonly Trainer _trainer;
    private readonly ITrainingTask _task;
    private readonly Pass _evaluation;
    private RunPlan _plan;
    private RunPosition _position;

    /// <summary>A loop at step 0. It owns the trainer and the task.</summary>
    public TrainingLoop(string directory, RunPlan plan, Trainer trainer, ITrainingTask task, string? log = null)
    {
        (_directory, _log, _plan, _trainer, _task) = (directory, log ?? RunFiles.Log(directory), plan, trainer, task);
        _evaluation = new Pass(new PassOptions(Threads: trainer.Pass.Options.Threads));
        _position = new RunPosition(task.Fingerprint());
    }

    /// <summary>Updates made.</summary>
    public long StepCount => _position.Step;

    /// <summary>Whether all steps are done, the time is over, validation has stopped improving, or its goal is reached.</summary>
    public bool Finished =>
        _position.BestValidation <= _plan.Goal
        || (_plan.Patience > 0 && _position.WithoutImprovement >= _plan.Patience)
        || (_plan.Minutes is { } minutes ? _position.ElapsedSeconds >= minutes * 60 : _position.Step >= TotalSteps);

    /// <summary>The loss before the first step, where the plan asks for it.</summary>
    public double? FirstValidation => _position.FirstValidation;

    /// <summary>Bytes of tensor memory that training holds; constant after the first steps.</summary>
    public long HeldBytes => _trainer.Pass.HeldBytes;

    private long TotalSteps => _plan.Steps ?? _position.PlannedSteps;

    /// <summary>Trains to the end of the plan. On cancellation the state is stored, then <see cref="OperationCanceledException"/> is thrown.</summary>
    /// <param name="stepped">Is told of every step, or null.</param>
    /// <param name="validated">Is told of every validation, or null.</param>
    /// <param name="cancellation">Looked at between the operations of a step.</param>
    public RunProgress Train(Action<RunProgress>? stepped = null, Action<RunProgress>? validated = null, CancellationToken cancellation = default)
    {
        using IDisposable held = RunFiles.Hold(_directory);
        using MetricsLog log = MetricsLog.Open(_log, _position.Logged);
        (_trainer.Pass.Cancellation, _evaluation.Cancellation) = (cancellation, cancellation);
        var clock = new RunClock(_position.ElapsedSeconds, _plan.Accumulation * _task.Tokens);
        double checkpointAt = clock.Seconds, validatedAt = clock.Seconds;
        try
        {
            if (_plan.ValidateFirst && _position is { Step: 0, Validation: null })
            {
                Validate();
                _position = _position with { FirstValidation = _position.Validation };
                clock.Skip();
            }
            while (_position.Logged < _position.Step || !Finished)
            {
                cancellation.ThrowIfCancellationRequested();
                // Otherwise the run was stopped in the validation after a step.
                if (_position.Logged == _position.Step)
                    Step(clock);

                bool validate = _task.Validates && (Finished || ValidationDue(validatedAt));
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
                stepped?.Invoke(progress);
                if (validate)
                    validated?.Invoke(progress);

                bool unplanned = TotalSteps == 0 && clock.Steps >= StepsBeforePlan;
                if (validate || unplanned || clock.Seconds - checkpointAt >= CheckpointSeconds)
                {
                    // A plan made from the clock is fixed in the checkpoint, so that what follows it can be repeated.
                    Plan(clock.SecondsPerStep);
                    log.FlushToDisk();
                    WriteCheckpoint(_directory);
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

    /// <summary>Writes where the run stands into a folder.</summary>
    /// <exception cref="DivergedException">A weight is not finite.</exception>
    public void WriteCheckpoint(string folder)
    {
        ThrowIfNotFinite();
        RunFiles.WriteState(folder, _trainer.Optimizer, _position);
    }

    /// <summary>Goes on from the checkpoint of the directory.</summary>
    /// <param name="source">What the data came from, for the message where it is other data now.</param>
    /// <param name="advice">What to do then.</param>
    public void ReadCheckpoint(string source, string advice)
    {
        _position = RunFiles.ReadState(_directory, _trainer.Optimizer);
        if (_task.Validates && _position.BestValidation is not null && !(new FileInfo(_task.WeightsFile) is { Exists: true, Length: > 0 }))
            throw new CheckpointException(_task.WeightsFile, "the file", "the weights of the best validation so far", "nothing", "They are lost: start a new run.");
        string found = _task.Fingerprint();
        if (_position.Data != found)
            throw new CheckpointException(source, "the file", $"{_position.Data}, as when the run began", found, advice);
    }

    /// <summary>Another plan from here on; patience starts anew.</summary>
    public void Replan(RunPlan plan)
    {
        _plan = plan;
        _position = _position with { WithoutImprovement = 0 };
        Plan(_position.Step == 0 ? 0 : _position.ElapsedSeconds / _position.Step);
        WriteCheckpoint(_directory);
    }

    public void Dispose()
    {
        _trainer.Dispose();
        _evaluation.Dispose();
        _task.Dispose();
    }

    private void Step(RunClock clock)
    {
        StepResult result = _trainer.Step((pass, microBatch) => _task.Loss(pass, _trainer.StepCount, microBatch), TotalSteps, _plan.Accumulation);
        _position = _position with
        {
            Step = result.Step + 1,
            Last = result,
            ElapsedSeconds = clock.Stepped(),
            MeanSum = _position.MeanSum + result.Loss,
            MeanCount = _position.MeanCount + 1,
        };
    }

    // By steps where the run is planned in steps, so that a resumed run validates at the same ones.
    private bool ValidationDue(double validatedAt)
    {
        if (_plan.ValidateEvery > 0)
            return _position.Step % _plan.ValidateEvery == 0;
        return _plan.Minutes is { } minutes
            ? _position.ElapsedSeconds - validatedAt >= minutes * 6
            : _position.Step % Math.Max(1, TotalSteps / 10) == 0;
    }

    private void Validate()
    {
        double loss = _task.Validate(_evaluation);
        if (!double.IsFinite(loss))
            throw new DivergedException(_position.Step, "the validation loss", _trainer.Locate(training: false, pass => _task.Validate(pass)));
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

    private void Plan(double secondsPerStep)
    {
        if (_plan.Minutes is { } minutes && secondsPerStep > 0)
            _position = _position with { PlannedSteps = _position.Step + (long)Math.Max(0, (minutes * 60 - _position.ElapsedSeconds) / secondsPerStep) };
    }

    private void Close(MetricsLog log)
    {
        log.FlushToDisk();
        WriteCheckpoint(_directory);
        if (!_task.Validates || !File.Exists(_task.WeightsFile))
            SaveWeights();
    }

    private void SaveWeights()
    {
        ThrowIfNotFinite();
        _task.SaveWeights();
    }

    // The last update may have been the one that diverged; the next step would only say so after these files are written.
    private void ThrowIfNotFinite()
    {
        if (_trainer.Optimizer.FirstNonFinite() is { } name)
            throw new DivergedException(_position.Step, "a weight or its moments", $"parameter {name}");
    }

    private RunProgress Progress(RunClock clock)
    {
        double left = _plan.Minutes is { } minutes ? minutes * 60 - _position.ElapsedSeconds : (TotalSteps - _position.Step) * clock.SecondsPerStep;
        return new RunProgress(
            _position.Step, TotalSteps, _position.Last?.Loss ?? double.NaN, _position.MeanCount > 0 ? _position.MeanSum / _position.MeanCount : _position.Last?.Loss ?? double.NaN,
            _position.Validation, _position.BestValidation, _position.Last?.LearningRate ?? 0, clock.TokensPerSecond,
            TimeSpan.FromSeconds(_position.ElapsedSeconds), TimeSpan.FromSeconds(Math.Clamp(left, 0, MostSeconds)));
    }
}
