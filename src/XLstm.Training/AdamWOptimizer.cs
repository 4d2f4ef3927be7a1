using XLstm.Kernels;

namespace XLstm.Training;

/// <summary>
/// AdamW (arXiv 1711.05101), as PyTorch computes it. Decay applies to the parameters that say so
/// (<see cref="Parameter.Decays"/>: the reference's groups).
/// </summary>
public sealed class AdamWOptimizer
{
    private readonly (Parameter Parameter, float[] First, float[] Second)[] _moments;

    /// <summary>Moments of zero for every parameter.</summary>
    public AdamWOptimizer(IEnumerable<Parameter> parameters, OptimizerOptions options)
    {
        options.Validate();
        Options = options;
        _moments = [.. parameters.Select(p => (p, new float[p.Length], new float[p.Length]))];
    }

    /// <summary>Rates.</summary>
    public OptimizerOptions Options { get; }

    /// <summary>Updates made.</summary>
    public long Step { get; internal set; }

    /// <summary>
    /// Norm of all gradients together, sqrt of the sum of squares: what clipping looks at. The sum is made in a fixed order.
    /// </summary>
    public double GradientNorm()
    {
        double sum = 0;
        foreach ((Parameter parameter, _, _) in _moments)
            if (parameter.Gradient is { } gradient)
                sum += Elementwise.SumOfSquares(gradient.Span);
        return Math.Sqrt(sum);
    }

    /// <summary>
    /// One update with rate <paramref name="learningRate"/>: gradients are first scaled so that their norm is at most
    /// <see cref="OptimizerOptions.Clip"/>.
    /// </summary>
    public void Update(double learningRate, double gradientNorm)
    {
        Step++;
        float scale = Options.Clip > 0 && gradientNorm > Options.Clip ? (float)(Options.Clip / (gradientNorm + 1e-6)) : 1f;
        foreach ((Parameter parameter, float[] first, float[] second) in _moments)
        {
            if (parameter.Gradient is not { } gradient)
                continue;
            var step = new AdamWStep(learningRate, Options.Beta1, Options.Beta2, Options.Epsilon, parameter.Decays ? Options.WeightDecay : 0, Step, scale);
            AdamW.Update(parameter.Span, gradient.Span, first, second, step);
        }
    }

    /// <summary>Moments with the name of their parameter, for checkpoints.</summary>
    internal IEnumerable<(string Name, Parameter Parameter, float[] Values)> Moments() =>
        _moments.SelectMany(m => new[] { ($"first.{m.Parameter.Name}", m.Parameter, m.First), ($"second.{m.Parameter.Name}", m.Parameter, m.Second) });
}

/// <summary>Rates of <see cref="AdamWOptimizer"/>.</summary>
/// <param name="LearningRate">Largest rate of the schedule.</param>
/// <param name="Beta1">Decay of the mean of gradients.</param>
/// <param name="Beta2">Decay of the mean of squared gradients.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Share of a weight that a step of rate 1 would take away.</param>
/// <param name="Clip">Largest norm of all gradients together; 0 for no limit.</param>
public sealed record OptimizerOptions(
    double LearningRate = 1e-3, double Beta1 = 0.9, double Beta2 = 0.95, double Epsilon = 1e-8, double WeightDecay = 0.1, double Clip = 1.0)
{
    internal void Validate()
    {
        Check(nameof(LearningRate), LearningRate, LearningRate > 0 && double.IsFinite(LearningRate), "more than 0");
        Check(nameof(Beta1), Beta1, Beta1 is >= 0 and < 1, "0 or more and less than 1");
        Check(nameof(Beta2), Beta2, Beta2 is >= 0 and < 1, "0 or more and less than 1");
        Check(nameof(Epsilon), Epsilon, Epsilon > 0, "more than 0");
        Check(nameof(WeightDecay), WeightDecay, WeightDecay >= 0 && double.IsFinite(WeightDecay), "0 or more");
        Check(nameof(Clip), Clip, Clip >= 0, "0 (no clipping) or more");
    }

    private static void Check(string name, double value, bool good, string expected)
    {
        if (!good)
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}, expected {expected}.");
    }
}
