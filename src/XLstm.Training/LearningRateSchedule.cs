namespace XLstm.Training;

/// <summary>How the rate falls after the warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>It does not.</summary>
    Constant,

    /// <summary>In a straight line.</summary>
    Linear,

    /// <summary>Along half a cosine.</summary>
    Cosine,
}

/// <summary>
/// The learning rate of each step: up in a straight line over <paramref name="WarmupSteps"/>, then down to
/// <paramref name="FinalFraction"/> of the largest rate at the last step.
/// </summary>
/// <param name="Kind">Shape of the descent.</param>
/// <param name="WarmupSteps">Steps of the rise; the first step already moves, at 1/WarmupSteps.</param>
/// <param name="FinalFraction">Rate at the end, as a share of the largest.</param>
public sealed record LearningRateSchedule(ScheduleKind Kind = ScheduleKind.Cosine, int WarmupSteps = 0, double FinalFraction = 0.1)
{
    /// <summary>The factor of step <paramref name="step"/> (from 0) in a run of <paramref name="totalSteps"/>.</summary>
    public double Factor(long step, long totalSteps)
    {
        if (step < WarmupSteps)
            return (step + 1.0) / WarmupSteps;
        if (Kind == ScheduleKind.Constant)
            return 1;
        double progress = totalSteps <= WarmupSteps ? 1 : Math.Clamp((step - WarmupSteps) / (double)(totalSteps - WarmupSteps), 0, 1);
        double fall = Kind == ScheduleKind.Linear ? 1 - progress : 0.5 * (1 + Math.Cos(Math.PI * progress));
        return FinalFraction + (1 - FinalFraction) * fall;
    }

    internal void Validate()
    {
        if (WarmupSteps < 0)
            throw new ArgumentOutOfRangeException(nameof(WarmupSteps), WarmupSteps, $"warm-up is {WarmupSteps} steps, expected 0 or more.");
        if (!(FinalFraction is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(FinalFraction), FinalFraction, $"The final fraction is {FinalFraction}, expected 0 to 1.");
    }
}
