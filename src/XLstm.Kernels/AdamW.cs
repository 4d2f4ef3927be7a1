using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>What one step of <see cref="AdamW"/> is made of. The rates are double: 1 - 0.999f is off by 1e-5 of itself.</summary>
/// <param name="LearningRate">Step size.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Decoupled decay; the parameter shrinks by LearningRate * WeightDecay.</param>
/// <param name="Step">1 for the first step.</param>
/// <param name="GradientScale">Multiplies the gradient first, for clipping; 1 for none.</param>
public readonly record struct AdamWStep(
    double LearningRate, double Beta1, double Beta2, double Epsilon, double WeightDecay, long Step, float GradientScale);

/// <summary>Adam with decoupled weight decay (arXiv 1711.05101, algorithm 2), in PyTorch's order of operations.</summary>
public static class AdamW
{
    /// <summary>
    /// With g = gradient * GradientScale and t = Step:
    /// <code>
    /// p *= 1 - lr wd      m += (1 - b1) (g - m)      v = b2 v + (1 - b2) g^2
    /// p -= lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + epsilon)
    /// </code>
    /// </summary>
    /// <param name="parameter">p, updated.</param>
    /// <param name="gradient">As long as p; left as it is.</param>
    /// <param name="firstMoment">m, updated; zeros before the first step.</param>
    /// <param name="secondMoment">v, updated; zeros before the first step.</param>
    /// <param name="step">Rates and the number of the step.</param>
    /// <exception cref="ArgumentOutOfRangeException">The step is not positive.</exception>
    /// <exception cref="ArgumentException">A span is shorter than parameter.</exception>
    public static void Update(
        Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> firstMoment, Span<float> secondMoment, in AdamWStep step) =>
        Update(Simd.Width, parameter, gradient, firstMoment, secondMoment, step);

    internal static void Update(
        int lanes, Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> firstMoment, Span<float> secondMoment, in AdamWStep step)
    {
        Check.Length(gradient, parameter.Length);
        Check.Length(firstMoment, parameter.Length);
        Check.Length(secondMoment, parameter.Length);
        var factors = new Factors(step);
        int done = lanes switch
        {
            16 => Update<Lanes16>(0, parameter, gradient, firstMoment, secondMoment, factors),
            8 => Update<Lanes8>(0, parameter, gradient, firstMoment, secondMoment, factors),
            4 => Update<Lanes4>(0, parameter, gradient, firstMoment, secondMoment, factors),
            _ => 0,
        };
        Update<Lanes1>(done, parameter, gradient, firstMoment, secondMoment, factors);
    }

    private static int Update<L>(
        int i, Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> firstMoment, Span<float> secondMoment, in Factors factors)
        where L : struct, ILanes<L>
    {
        ref float pp = ref MemoryMarshal.GetReference(parameter), pg = ref MemoryMarshal.GetReference(gradient);
        ref float pm = ref MemoryMarshal.GetReference(firstMoment), pv = ref MemoryMarshal.GetReference(secondMoment);
        L gradientScale = L.Create(factors.GradientScale), keep = L.Create(factors.Keep), rate = L.Create(factors.Rate);
        L beta2 = L.Create(factors.Beta2), new1 = L.Create(factors.New1), new2 = L.Create(factors.New2);
        L root = L.Create(factors.Root), epsilon = L.Create(factors.Epsilon);
        for (; i <= parameter.Length - L.Count; i += L.Count)
        {
            L g = L.Load(ref pg, i) * gradientScale;
            L m = L.Load(ref pm, i);
            m = L.MultiplyAdd(new1, g - m, m);
            L v = L.MultiplyAdd(new2, g * g, beta2 * L.Load(ref pv, i));
            L.Store(m, ref pm, i);
            L.Store(v, ref pv, i);
            L.Store(L.Load(ref pp, i) * keep - rate * (m / (L.Sqrt(v) / root + epsilon)), ref pp, i);
        }

        return i;
    }

    /// <summary>The step's factors, computed in double and rounded once.</summary>
    private readonly struct Factors
    {
        public Factors(in AdamWStep step)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(step.Step, nameof(step));
            GradientScale = step.GradientScale;
            Keep = (float)(1 - step.LearningRate * step.WeightDecay);
            New1 = (float)(1 - step.Beta1);
            Beta2 = (float)step.Beta2;
            New2 = (float)(1 - step.Beta2);
            Rate = (float)(step.LearningRate / (1 - Math.Pow(step.Beta1, step.Step)));
            Root = (float)Math.Sqrt(1 - Math.Pow(step.Beta2, step.Step));
            Epsilon = (float)step.Epsilon;
        }

        public float GradientScale { get; }

        public float Keep { get; }

        public float New1 { get; }

        public float Beta2 { get; }

        public float New2 { get; }

        public float Rate { get; }

        public float Root { get; }

        public float Epsilon { get; }
    }
}
