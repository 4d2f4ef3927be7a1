namespace XLstm.Training;

/// <summary>Everything that decides what a run computes, stored with it so that it can be resumed.</summary>
/// <param name="Text">Path of the text; null with <paramref name="BatchFile"/>.</param>
/// <param name="BatchFile">Path of a safetensors file with I64 tokens and labels [B, T]: every step trains on it.</param>
/// <param name="Steps">Updates to make; null with <paramref name="Minutes"/>.</param>
/// <param name="Minutes">Time to train for, over all resumptions; the validation after the last step comes on top; null with <paramref name="Steps"/>.</param>
/// <param name="Batch">Rows of a batch.</param>
/// <param name="Context">Tokens of a row, the state starting anew in each.</param>
/// <param name="Accumulation">Batches whose gradients are averaged in one update.</param>
/// <param name="ValidationFraction">Share of the text, at its end, that is never trained on.</param>
/// <param name="ValidateEvery">Updates between validations; 0 for a tenth of the run.</param>
/// <param name="Patience">Validations without improvement after which the run ends; 0 for never.</param>
/// <param name="Seed">Of batches and dropout.</param>
/// <param name="Optimizer">Rates; null for the defaults.</param>
/// <param name="Schedule">Rate over time; null for the defaults.</param>
/// <param name="Log">Path of the JSON lines; null for log.jsonl in the run's directory.</param>
/// <param name="Recompute">Less memory, more time, the same numbers: <see cref="PassOptions.Recompute"/>.</param>
public sealed record RunOptions(
    string? Text = null, string? BatchFile = null, long? Steps = null, double? Minutes = null, int Batch = 16, int Context = 128,
    int Accumulation = 1, double ValidationFraction = 0.1, int ValidateEvery = 0, int Patience = 0, ulong Seed = 1,
    OptimizerOptions? Optimizer = null, LearningRateSchedule? Schedule = null, string? Log = null, bool Recompute = false)
{
    internal OptimizerOptions Rates => Optimizer ?? new OptimizerOptions();

    internal LearningRateSchedule RateOverTime => Schedule ?? new LearningRateSchedule();

    internal RunPlan Plan => new(Steps, Minutes, ValidateEvery, Patience, Accumulation);

    // Whoever resumes the run may do so from another folder.
    internal RunOptions WithFullPaths() => this with { Text = FullPath(Text), BatchFile = FullPath(BatchFile), Log = FullPath(Log) };

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">One is out of range; the message names it.</exception>
    public void Validate()
    {
        if (Text is null == BatchFile is null)
            throw new ArgumentException("A run needs a text or a batch file, and only one of them.", nameof(Text));
        if (Steps is null == Minutes is null)
            throw new ArgumentException("A run needs a number of steps or of minutes, and only one of them.", nameof(Steps));
        AtLeast(nameof(Steps), Steps ?? 1, 1);
        if (Minutes is { } minutes && !(minutes > 0 && minutes <= 1e6))
            throw new ArgumentOutOfRangeException(nameof(Minutes), minutes, $"Minutes is {minutes}, expected more than 0 and at most 1000000.");
        AtLeast(nameof(Batch), Batch, 1);
        AtLeast(nameof(Context), Context, 1);
        AtLeast(nameof(Accumulation), Accumulation, 1);
        AtLeast(nameof(ValidateEvery), ValidateEvery, 0);
        AtLeast(nameof(Patience), Patience, 0);
        if (!(ValidationFraction is > 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(ValidationFraction), ValidationFraction, $"ValidationFraction is {ValidationFraction}, expected between 0 and 1.");
        if ((long)Batch * Context > 1 << 24)
            throw new ArgumentOutOfRangeException(nameof(Batch), Batch, $"A batch of {Batch} rows of {Context} tokens is too large; at most {1 << 24} tokens.");
        Rates.Validate();
        RateOverTime.Validate();
    }

    private static string? FullPath(string? path) => path is null ? null : Path.GetFullPath(path);

    private static void AtLeast(string name, long value, long least)
    {
        if (value < least)
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}, expected {least} or more.");
    }
}
