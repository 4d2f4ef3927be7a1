using XLstm.Kernels;

namespace XLstm.Training;

/// <summary>What one step reports.</summary>
/// <param name="Step">Updates made before this one.</param>
/// <param name="Loss">Loss before the update, the mean over the micro-batches.</param>
/// <param name="LearningRate">Rate of the update.</param>
/// <param name="GradientNorm">Norm of all gradients before clipping.</param>
public readonly record struct StepResult(long Step, double Loss, double LearningRate, double GradientNorm);

/// <summary>The loss or a gradient was not finite; no update was made.</summary>
public sealed class DivergedException : Exception
{
    internal DivergedException(long step, string what, string where)
        : base($"Training diverged at step {step}: {what} is not a finite number, first in {where}. Lower the learning rate, clip gradients, or look at the data of this step.")
    {
        Step = step;
        Where = where;
    }

    /// <summary>Updates made before.</summary>
    public long Step { get; }

    /// <summary>The layer or parameter where it showed first.</summary>
    public string Where { get; }
}

/// <summary>
/// Trains any model made of this library's layers: you give the loss of a batch, it computes gradients, clips, follows the
/// schedule and updates (<see cref="AdamWOptimizer"/>).
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly ParameterSet _parameters;
    private readonly ulong _seed;

    /// <summary>A trainer at step 0.</summary>
    /// <param name="parameters">What is trained; those whose <see cref="Tensor.RequiresGradient"/> is false stay as they are.</param>
    /// <param name="options">Rates.</param>
    /// <param name="schedule">Rate over time; constant by default.</param>
    /// <param name="threads">0 for one per processor; results do not depend on it.</param>
    /// <param name="seed">Of dropout.</param>
    /// <param name="recompute">Less memory, more time, the same numbers: <see cref="PassOptions.Recompute"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A rate, the schedule or the number of threads is out of range.</exception>
    public Trainer(ParameterSet parameters, OptimizerOptions? options = null, LearningRateSchedule? schedule = null, int threads = 0, ulong seed = 0, bool recompute = false)
    {
        Schedule = schedule ?? new LearningRateSchedule(ScheduleKind.Constant);
        Schedule.Validate();
        (_parameters, _seed) = (parameters, seed);
        Optimizer = new AdamWOptimizer(parameters, options ?? new OptimizerOptions());
        Pass = new Pass(PassOptions.ForTraining with { Threads = threads, Recompute = recompute });
    }

    /// <summary>The optimizer with its moments.</summary>
    public AdamWOptimizer Optimizer { get; }

    /// <summary>Rate over time.</summary>
    public LearningRateSchedule Schedule { get; }

    /// <summary>The pass that every step runs in.</summary>
    public Pass Pass { get; }

    /// <summary>Updates made.</summary>
    public long StepCount => Optimizer.Step;

    /// <summary>
    /// One update from the mean of <paramref name="microBatches"/> losses (gradient accumulation).
    /// <paramref name="loss"/> builds the loss of micro-batch i in the given pass.
    /// </summary>
    /// <param name="loss">(pass, index of the micro-batch) to a loss of one element. Where it is not finite it is called once more, to find the layer.</param>
    /// <param name="totalSteps">Length of the run, for the schedule; 0 where it is not known.</param>
    /// <param name="microBatches">Losses whose gradients are averaged.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are less than one micro-batch.</exception>
    /// <exception cref="DivergedException">The loss or a gradient is not finite; parameters and moments are as they were.</exception>
    /// <exception cref="OperationCanceledException">By <see cref="Pass.Cancellation"/> of <see cref="Pass"/>; parameters and moments are as they were.</exception>
    public StepResult Step(Func<Pass, int, Tensor> loss, long totalSteps, int microBatches = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(microBatches, 1);
        long step = Optimizer.Step;
        _parameters.ClearGradients();
        double total = 0;
        for (int i = 0; i < microBatches; i++)
        {
            Prepare(step, i);
            Tensor value = loss(Pass, i);
            total += value.Item;
            if (!float.IsFinite(value.Item))
                throw new DivergedException(step, "the loss", Locate(training: true, pass => loss(pass, i)));
            Pass.Backward(value, 1f / microBatches);
        }

        double norm = Optimizer.GradientNorm(Pass.Workers);
        if (!double.IsFinite(norm))
            throw new DivergedException(step, "a gradient", LastNonFiniteGradient());
        double rate = Optimizer.Options.LearningRate * Schedule.Factor(step, totalSteps);
        Optimizer.Update(rate, norm, Pass.Workers);
        Pass.Reset();
        return new StepResult(step, total / microBatches, rate, norm);
    }

    /// <inheritdoc cref="Step(Func{Pass, int, Tensor}, long, int)"/>
    public StepResult Step(Func<Pass, Tensor> loss, long totalSteps = 0) => Step((pass, _) => loss(pass), totalSteps);

    public void Dispose() => Pass.Dispose();

    private void Prepare(long step, int microBatch)
    {
        Pass.Reset();
        Pass.Seed = RandomSource.SeedFor(_seed, $"dropout {step} {microBatch}");
    }

    // The parameter, or else the layer, where something that is not finite shows first.
    internal string Locate(bool training, Action<Pass> forward)
    {
        if (Optimizer.FirstNonFinite() is { } name)
            return $"parameter {name}";
        using var watching = new Pass(new PassOptions(Training: training, Threads: Pass.Options.Threads)) { WatchesBlocks = true, Seed = Pass.Seed };
        forward(watching);
        return watching.FirstNonFinite ?? "the loss itself";
    }

    // Gradients flow from the last layer to the first: the last parameter that has a bad one is the nearest to the cause.
    private string LastNonFiniteGradient()
    {
        for (int i = _parameters.Count - 1; i >= 0; i--)
            if (_parameters[i].Gradient is { } gradient && !Elementwise.AllFinite(gradient.Span))
                return $"parameter {_parameters[i].Name}";
        return "the norm of all gradients";
    }
}
