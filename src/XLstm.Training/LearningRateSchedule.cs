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
/// The learning rate of each step s (from 0) of S, as a share of the largest: with W = WarmupSteps, F = FinalFraction and
/// p = (s - W) / (S - W)
/// <code>
/// s &lt; W        (s + 1) / W
/// constant     1
/// linear       F + (1 - F) (1 - p)
/// cosine       F + (1 - F) (1 + cos(pi p)) / 2
/// </code>
/// so that F is reached where the step after the last would be, and kept from there on.
/// </summary>
/// <param name="Kind">Shape of the descent.</param>
/// <param name="WarmupSteps">Steps of the rise; the first step already moves, at 1/WarmupSteps.</param>
/// <param name="FinalFraction">Rate at the end, as a share of the largest.</param>
public sealed record LearningRateSchedule(ScheduleKind Kind = ScheduleKind.Cosine, int WarmupSteps = 0, double FinalFraction = 0.1)
{
    /// <summary>The share of step <paramref name="step"/> (from 0).</summary>
    /// <param name="step">s.</param>
    /// <param name="totalSteps">S; 0 where it is not known (yet): the rate does not fall.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number of steps is negative.</exception>
    public double Factor(long step, long totalSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(totalSteps);
        if (step < WarmupSteps)
            return (step + 1.0) / WarmupSteps;
        if (Kind == ScheduleKind.Constant || totalSteps == 0)
            return 1;
        double progress = totalSteps <= WarmupSteps ? 1 : Math.Min(1, (step - WarmupSteps) / (double)(totalSteps - WarmupSteps));
        double fall = Kind == ScheduleKind.Linear ? 1 - progress : 0.5 * (1 + Math.Cos(Math.PI * progress));
        return FinalFraction + (1 - FinalFraction) * fall;
    }

    internal void Validate()
    {
        if (!Enum.IsDefined(Kind))
            throw new ArgumentOutOfRangeException(nameof(Kind), Kind, $"Kind is {Kind}, expected constant, linear or cosine.");
        if (WarmupSteps < 0)
            throw new ArgumentOutOfRangeException(nameof(WarmupSteps), WarmupSteps, $"WarmupSteps is {WarmupSteps}, expected 0 or more.");
        if (!(FinalFraction is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(FinalFraction), FinalFraction, $"FinalFraction is {FinalFraction}, expected 0 to 1.");
    }
}
