using System.Globalization;
using XLstm.Training;

namespace XLstm.Cli.Runs;

/// <summary>Progress as a line that fits.</summary>
internal static class ProgressText
{
    /// <summary>Step, loss, validation, speed and time left; of what does not fit, the less important is left out.</summary>
    public static string Line(RunProgress progress, int width)
    {
        string step = progress.TotalSteps > 0 ? $"step {Count(progress.Step)}/{Count(progress.TotalSteps)}" : $"step {Count(progress.Step)}";
        string loss = $"loss {Number(progress.MeanLoss)}", left = $"{Time(progress.Remaining)} left", speed = $"{Count((long)progress.TokensPerSecond)} tokens/s";
        string? validation = progress.ValidationLoss is { } v ? $"validation {Number(v)}" : null;
        string?[][] choices = [[step, loss, validation, speed, left], [step, loss, validation, left], [loss, validation, left], [loss, left], [loss]];
        return choices.Select(c => string.Join("  ", c.OfType<string>())).FirstOrDefault(line => line.Length <= width, loss);
    }

    /// <summary>0:07, 12:34 or 1:02:03.</summary>
    public static string Time(TimeSpan time) => time.TotalHours >= 1
        ? $"{(int)time.TotalHours}:{time.Minutes:D2}:{time.Seconds:D2}"
        : $"{time.Minutes}:{time.Seconds:D2}";

    public static string Number(double value) => value.ToString("F3", CultureInfo.InvariantCulture);

    private static string Count(long count) => Report.Count(count);
}
