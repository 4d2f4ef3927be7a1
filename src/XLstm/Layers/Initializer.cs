namespace XLstm;

/// <summary>How a new parameter is filled. A fill depends on the seed of the set and the name of the parameter only.</summary>
public abstract class Initializer
{
    /// <summary>All 0.</summary>
    public static Initializer Zeros { get; } = new ConstantFill(0f);

    /// <summary>All 1.</summary>
    public static Initializer Ones { get; } = new ConstantFill(1f);

    /// <summary>Normal with mean 0.</summary>
    public static Initializer Normal(double standardDeviation) => new NormalFill(standardDeviation);

    /// <summary>Uniform in [-bound, bound].</summary>
    public static Initializer Uniform(double bound) => new UniformFill(bound);

    /// <summary>"Small init": normal with standard deviation sqrt(2 / (5 dim)) (arXiv 1910.05895).</summary>
    public static Initializer Small(int dim) => Normal(Math.Sqrt(2.0 / (5.0 * dim)));

    /// <summary>"Wang init" of projections back into the residual stream: normal with standard deviation 2 / (blocks sqrt(dim)).</summary>
    public static Initializer Wang(int dim, int blocks) => Normal(2.0 / blocks / Math.Sqrt(dim));

    /// <summary>Evenly spaced from <paramref name="start"/> to <paramref name="end"/>: the forget bias of the mLSTM from 3 to 6.</summary>
    public static Initializer Linspace(float start, float end) => new LinspaceFill(start, end);

    /// <summary>Given values.</summary>
    public static Initializer Values(float[] values) => new ValuesFill(values);

    internal abstract void Fill(Span<float> values, ref RandomSource random);

    private sealed class ConstantFill(float value) : Initializer
    {
        internal override void Fill(Span<float> values, ref RandomSource random) => values.Fill(value);
    }

    private sealed class NormalFill(double deviation) : Initializer
    {
        internal override void Fill(Span<float> values, ref RandomSource random)
        {
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)(deviation * random.NextNormal());
        }
    }

    private sealed class UniformFill(double bound) : Initializer
    {
        internal override void Fill(Span<float> values, ref RandomSource random)
        {
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)(bound * (2 * random.NextDouble() - 1));
        }
    }

    private sealed class LinspaceFill(float start, float end) : Initializer
    {
        internal override void Fill(Span<float> values, ref RandomSource random)
        {
            for (int i = 0; i < values.Length; i++)
                values[i] = values.Length == 1 ? start : start + (end - start) * i / (values.Length - 1);
        }
    }

    private sealed class ValuesFill(float[] source) : Initializer
    {
        internal override void Fill(Span<float> values, ref RandomSource random)
        {
            if (source.Length != values.Length)
                throw new ArgumentException($"Initial values have {source.Length} elements, the parameter {values.Length}.", nameof(values));
            source.CopyTo(values);
        }
    }
}
