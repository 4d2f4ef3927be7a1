using XLstm.Kernels;

namespace XLstm.Training;

/// <summary>
/// AdamW (arXiv 1711.05101, algorithm 2), as PyTorch computes it. With t = <see cref="Step"/> from 1 and all gradients scaled
/// by min(1, Clip / (norm + 1e-6)), element by element
/// <code>
/// p -= lr wd p        m = b1 m + (1 - b1) g        v = b2 v + (1 - b2) g^2
/// p -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + epsilon)
/// </code>
/// Decay applies to the parameters that say so (<see cref="Parameter.Decays"/>: the reference's groups). Parameters without
/// a gradient, or with <see cref="Tensor.RequiresGradient"/> false, stay as they are.
/// </summary>
public sealed class AdamWOptimizer
{
    // Elements that one thread updates at a time.
    private const int PieceLength = 32768;

    private readonly (Parameter Parameter, Tensor First, Tensor Second)[] _moments;
    private readonly (int Index, int From, int Count)[] _pieces;
    private readonly double[] _squares;

    /// <summary>Moments of zero for every parameter.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A rate is out of range.</exception>
    public AdamWOptimizer(IEnumerable<Parameter> parameters, OptimizerOptions options)
    {
        options.Validate();
        Options = options;
        _moments = [.. parameters.Select(p => (p, new Tensor(p.Shape), new Tensor(p.Shape)))];
        _pieces = [.. _moments.SelectMany((m, i) => Enumerable.Range(0, (m.First.Length + PieceLength - 1) / PieceLength)
            .Select(piece => (i, piece * PieceLength, Math.Min(PieceLength, m.First.Length - (piece * PieceLength)))))];
        _squares = new double[_pieces.Length];
    }

    /// <summary>Rates.</summary>
    public OptimizerOptions Options { get; }

    /// <summary>Updates made.</summary>
    public long Step { get; internal set; }

    /// <summary>
    /// Norm of all gradients together, sqrt of the sum of squares: what clipping looks at. The sum is made in double and in a
    /// fixed order.
    /// </summary>
    public double GradientNorm()
    {
        using var workers = new Workers(1);
        return GradientNorm(workers);
    }

    internal double GradientNorm(Workers workers)
    {
        workers.Run(_pieces.Length, new SquaresWork(this));
        double sum = 0;
        foreach (double squares in _squares)
            sum += squares;
        return Math.Sqrt(sum);
    }

    /// <summary>One update.</summary>
    /// <param name="learningRate">lr.</param>
    /// <param name="gradientNorm"><see cref="GradientNorm()"/>.</param>
    public void Update(double learningRate, double gradientNorm)
    {
        using var workers = new Workers(1);
        Update(learningRate, gradientNorm, workers);
    }

    internal void Update(double learningRate, double gradientNorm, Workers workers)
    {
        Step++;
        float scale = Options.Clip > 0 && gradientNorm > Options.Clip ? (float)(Options.Clip / (gradientNorm + 1e-6)) : 1f;
        workers.Run(_pieces.Length, new UpdateWork(this, new AdamWStep(learningRate, Options.Beta1, Options.Beta2, Options.Epsilon, Options.WeightDecay, Step, scale)));
    }

    private readonly struct SquaresWork(AdamWOptimizer optimizer) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            (int i, int from, int count) = optimizer._pieces[index];
            optimizer._squares[index] = optimizer._moments[i].Parameter is { RequiresGradient: true, Gradient: { } gradient }
                ? Elementwise.SumOfSquares(gradient.Span.Slice(from, count))
                : 0;
        }
    }

    private readonly struct UpdateWork(AdamWOptimizer optimizer, AdamWStep step) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            (int i, int from, int count) = optimizer._pieces[index];
            (Parameter parameter, Tensor first, Tensor second) = optimizer._moments[i];
            if (parameter is { RequiresGradient: true, Gradient: { } gradient })
                AdamW.Update(
                    parameter.Span.Slice(from, count), gradient.Span.Slice(from, count), first.Span.Slice(from, count), second.Span.Slice(from, count),
                    parameter.Decays ? step : step with { WeightDecay = 0 });
        }
    }

    /// <summary>Everything that updates change, by name: parameters and their moments, for checkpoints.</summary>
    internal IEnumerable<(string Name, Parameter Parameter, Tensor Values)> Tensors()
    {
        foreach ((Parameter parameter, Tensor first, Tensor second) in _moments)
        {
            yield return ($"parameter.{parameter.Name}", parameter, parameter);
            yield return ($"first.{parameter.Name}", parameter, first);
            yield return ($"second.{parameter.Name}", parameter, second);
        }
    }

    /// <summary>The first parameter that is not finite, or whose moments are not; null where all are.</summary>
    internal string? FirstNonFinite() => Tensors().FirstOrDefault(t => !Elementwise.AllFinite(t.Values.Span)).Parameter?.Name;
}

/// <summary>Rates of <see cref="AdamWOptimizer"/>.</summary>
/// <param name="LearningRate">Largest rate of the schedule.</param>
/// <param name="Beta1">Decay of the mean of gradients.</param>
/// <param name="Beta2">Decay of the mean of squared gradients.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Share of a weight that an update of rate 1 would take away; decoupled from the gradient.</param>
/// <param name="Clip">Largest norm of all gradients together; 0 for no limit.</param>
public sealed record OptimizerOptions(
    double LearningRate = 1e-3, double Beta1 = 0.9, double Beta2 = 0.95, double Epsilon = 1e-8, double WeightDecay = 0.1, double Clip = 1.0)
{
    internal void Validate()
    {
        Check(nameof(LearningRate), LearningRate, LearningRate > 0 && double.IsFinite(LearningRate), "more than 0");
        Check(nameof(Beta1), Beta1, Beta1 is >= 0 and < 1, "0 or more and less than 1");
        Check(nameof(Beta2), Beta2, Beta2 is >= 0 and < 1, "0 or more and less than 1");
        Check(nameof(Epsilon), Epsilon, Epsilon > 0 && double.IsFinite(Epsilon), "more than 0");
        Check(nameof(WeightDecay), WeightDecay, WeightDecay >= 0 && double.IsFinite(WeightDecay), "0 or more");
        Check(nameof(Clip), Clip, Clip >= 0 && double.IsFinite(Clip), "0 (no clipping) or more");
    }

    private static void Check(string name, double value, bool good, string expected)
    {
        if (!good)
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}, expected {expected}.");
    }
}
