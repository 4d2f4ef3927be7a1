namespace XLstm.Training;

/// <summary>
/// Trains a language model in a directory of its own: config.json, tokenizer.json, model.safetensors (the best validation,
/// or the last step where there is none), run.json, state.safetensors, log.jsonl. It may be killed at any moment:
/// <see cref="Resume"/> continues from the last checkpoint, and every loss after it is what it would have been, bit for bit.
/// A run limited by minutes plans its number of steps from its speed, anew at each checkpoint.
/// </summary>
public sealed class LanguageModelRun : IDisposable
{
    private readonly TrainingLoop _loop;

    private LanguageModelRun(string directory, RunOptions options, XLstmLanguageModel model, TextTokenizer? tokenizer, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        (Directory, Options, Model, Tokenizer) = (Path.GetFullPath(directory), options, model, tokenizer);
        var task = new LanguageModelTask(model, RunData.Open(options, model.VocabSize, tokenizer), RunFiles.Weights(Directory));
        var trainer = new Trainer(model.Parameters, options.Rates, options.RateOverTime, threads, options.Seed, options.Recompute);
        _loop = new TrainingLoop(Directory, options.Plan, trainer, task, options.Log);
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
    public long StepCount => _loop.StepCount;

    /// <summary>Whether all steps are done, the time is over, or validation has stopped improving.</summary>
    public bool Finished => _loop.Finished;

    /// <summary>Bytes of tensor memory that training holds; constant after the first steps.</summary>
    public long HeldBytes => _loop.HeldBytes;

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
                RunFiles.WriteOptions(folder, run.Options, RunJson.Default.RunOptions);
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
    /// <param name="directory">Where it lives.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    /// <param name="steps">A new number of steps in all, to go further (patience starts anew); null to keep the plan.</param>
    /// <param name="minutes">A new number of minutes in all, or null.</param>
    /// <exception cref="ArgumentException">A new plan is out of range.</exception>
    /// <exception cref="CheckpointException">There is no run, its files are damaged, or its text is another one now.</exception>
    public static LanguageModelRun Resume(string directory, int threads = 0, long? steps = null, double? minutes = null)
    {
        RunOptions options = RunFiles.ReadOptions(directory, RunJson.Default.RunOptions, o => o.Validate());
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
            run._loop.ReadCheckpoint((options.Text ?? options.BatchFile)!, "Put the old file back, or start a new run from this model.");
            if (replan)
            {
                RunFiles.WriteOptions(run.Directory, options, RunJson.Default.RunOptions);
                run._loop.Replan(options.Plan);
            }
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
    public RunProgress Train(IRunObserver? observer = null, CancellationToken cancellation = default) =>
        _loop.Train(progress => observer?.Stepped(progress), progress => observer?.Validated(progress, Model), cancellation);

    public void Dispose() => _loop.Dispose();
}
