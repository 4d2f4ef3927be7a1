namespace XLstm.Kernels.Tests;

public class LaneMathTests
{
    private interface IFunction
    {
        static abstract L Apply<L>(L x) where L : struct, ILanes<L>;
    }

    private readonly struct Exp : IFunction
    {
        public static L Apply<L>(L x) where L : struct, ILanes<L> => LaneMath.Exp(x);
    }

    private readonly struct ExpNonPositive : IFunction
    {
        public static L Apply<L>(L x) where L : struct, ILanes<L> => LaneMath.ExpNonPositive(x);
    }

    private readonly struct ExpMinusOne : IFunction
    {
        public static L Apply<L>(L x) where L : struct, ILanes<L> => LaneMath.ExpMinusOne(x);
    }

    private readonly struct Log1PlusUnit : IFunction
    {
        public static L Apply<L>(L x) where L : struct, ILanes<L> => LaneMath.Log1PlusUnit(x);
    }

    private readonly struct LogSigmoid : IFunction
    {
        public static L Apply<L>(L x) where L : struct, ILanes<L> => LaneMath.LogSigmoid(x);
    }

    private readonly struct LogSigmoidSlope : IFunction
    {
        public static L Apply<L>(L x) where L : struct, ILanes<L>
        {
            LaneMath.LogSigmoid(x, out L slope);
            return slope;
        }
    }

    private readonly struct Sigmoid : IFunction
    {
        public static L Apply<L>(L x) where L : struct, ILanes<L> => LaneMath.Sigmoid(x);
    }

    private readonly struct Tanh : IFunction
    {
        public static L Apply<L>(L x) where L : struct, ILanes<L> => LaneMath.Tanh(x);
    }

    private readonly struct NormalCdf : IFunction
    {
        public static L Apply<L>(L x) where L : struct, ILanes<L> => LaneMath.NormalCdf(x, out _);
    }

    private readonly struct NormalDensity : IFunction
    {
        public static L Apply<L>(L x) where L : struct, ILanes<L>
        {
            LaneMath.NormalCdf(x, out L density);
            return density;
        }
    }

    // Where the exact value is below this, results may be 0.
    private const double Tiny = 2.36e-38;

    [Fact]
    public void Exp_is_within_1e_7() => Sweep<Exp>(Math.Exp, 1e-7);

    [Fact]
    public void ExpNonPositive_is_within_1e_7() => Sweep<ExpNonPositive>(Math.Exp, 1e-7, x => x <= 0);

    [Fact]
    public void ExpMinusOne_is_within_3e_7() => Sweep<ExpMinusOne>(x => Math.Abs(x) < 1e-4 ? x + x * x / 2 + x * x * x / 6 : Math.Exp(x) - 1, 3e-7);

    [Fact]
    public void Log1PlusUnit_is_within_2e_7() =>
        Sweep<Log1PlusUnit>(x => x is >= 0 and <= 1 ? Log1Plus(x) : double.NaN, 2e-7, x => x is >= 0 and <= 1);

    [Fact]
    public void LogSigmoid_is_within_3e_7() => Sweep<LogSigmoid>(x => Math.Min(x, 0) - Log1Plus(Math.Exp(-Math.Abs(x))), 3e-7);

    [Fact]
    public void Slope_of_LogSigmoid_is_within_3e_7() => Sweep<LogSigmoidSlope>(x => 1 / (1 + Math.Exp(x)), 3e-7);

    [Fact]
    public void Sigmoid_is_within_3e_7() => Sweep<Sigmoid>(x => 1 / (1 + Math.Exp(-x)), 3e-7);

    [Fact]
    public void Tanh_is_within_3e_7() => Sweep<Tanh>(Math.Tanh, 3e-7);

    // The rounding of x^2 / 2 is multiplied by x^2 / 2 in the tail; in absolute terms it vanishes with the tail.
    [Fact]
    public void NormalCdf_is_within_2e_7_absolute() => Sweep<NormalCdf>(NormalDistribution.Cdf, 6e-6, absolute: 2e-7);

    [Fact]
    public void Normal_density_is_within_6e_8_absolute() => Sweep<NormalDensity>(NormalDistribution.Density, 6e-6, absolute: 6e-8);

    [Theory]
    [InlineData(float.NegativeInfinity, 0, -1, float.NegativeInfinity, 0, -1, 0)]
    [InlineData(-1e3f, 0, -1, -1e3f, 0, -1, 0)]
    [InlineData(0f, 1, 0, -0.693147182f, 0.5f, 0, 0.5f)]
    [InlineData(1e3f, float.PositiveInfinity, float.PositiveInfinity, 0, 1, 1, 1)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity, float.PositiveInfinity, 0, 1, 1, 1)]
    [InlineData(float.NaN, float.NaN, float.NaN, float.NaN, float.NaN, float.NaN, float.NaN)]
    public void Extremes_have_their_limits(float x, float exp, float expMinusOne, float logSigmoid, float sigmoid, float tanh, float cdf)
    {
        foreach (int lanes in Widths.All)
        {
            Assert.Equal(exp, Evaluate<Exp>(lanes, [x])[0]);
            Assert.Equal(expMinusOne, Evaluate<ExpMinusOne>(lanes, [x])[0]);
            Assert.Equal(logSigmoid, Evaluate<LogSigmoid>(lanes, [x])[0], 6e-8f);
            Assert.Equal(sigmoid, Evaluate<Sigmoid>(lanes, [x])[0]);
            Assert.Equal(tanh, Evaluate<Tanh>(lanes, [x])[0]);
            Assert.Equal(cdf, Evaluate<NormalCdf>(lanes, [x])[0]);
        }
    }

    [Fact]
    public void Tanh_keeps_the_sign_of_zero()
    {
        foreach (int lanes in Widths.All)
            Assert.True(float.IsNegative(Evaluate<Tanh>(lanes, [-0f])[0]));
    }

    private static double Log1Plus(double e) => e < 1e-5 ? e - e * e / 2 + e * e * e / 3 : Math.Log(1 + e);

    private static void Sweep<F>(Func<double, double> exact, double relative, Func<float, bool>? domain = null, double absolute = double.PositiveInfinity)
        where F : struct, IFunction
    {
        float[] x = [.. Points().Where(domain ?? (_ => true))];
        foreach (int lanes in Widths.All)
        {
            float[] y = Evaluate<F>(lanes, x);
            double worst = 0, worstAbsolute = 0, at = 0;
            for (int i = 0; i < x.Length; i++)
            {
                double expected = exact(x[i]), error = Math.Abs(y[i] - expected);
                if (y[i] == (float)expected)
                    continue;
                // One more than the largest float may round to infinity, and to no other value.
                if (Math.Abs(expected) > float.MaxValue / 1.000001)
                    Assert.True(y[i] > float.MaxValue / 1.000001, $"f({x[i]:R}) = {y[i]:R}, expected {expected:R}");
                else if (Math.Abs(expected) < Tiny)
                    Assert.True(error < Tiny, $"f({x[i]:R}) = {y[i]:R}, expected {expected:R}");
                else
                {
                    Assert.False(double.IsNaN(error), $"f({x[i]:R}) = {y[i]:R}, expected {expected:R}");
                    if (error / Math.Abs(expected) > worst)
                        (worst, at) = (error / Math.Abs(expected), x[i]);
                    worstAbsolute = Math.Max(worstAbsolute, error);
                }
            }

            Assert.True(worst <= relative && worstAbsolute <= absolute, $"{typeof(F).Name}, {lanes} lanes: relative error {worst} at {at:R}, absolute {worstAbsolute}");
        }
    }

    // Every exponent and sign, evenly over the bit patterns, and evenly over the interval where the functions bend.
    private static IEnumerable<float> Points()
    {
        for (uint bits = 0; bits < 0x7f800000; bits += 21_401)
        {
            yield return BitConverter.UInt32BitsToSingle(bits);
            yield return -BitConverter.UInt32BitsToSingle(bits);
        }

        for (int i = -100_000; i <= 100_000; i++)
            yield return i * 1.05e-3f;
        for (int i = -20_000; i <= 20_000; i++)
            yield return i * 1e-4f;
        foreach (float edge in (float[])[88.72283f, 88.722839f, 88.72284f, 88.723f, -86.6433f, -86.6434f, -86.6435f, -87.4f, -103.5f, 0.3466f, 0.5f, 1f])
        {
            yield return edge;
            yield return -edge;
        }
    }

    private static float[] Evaluate<F>(int lanes, float[] x) where F : struct, IFunction => lanes switch
    {
        16 => Evaluate<F, Lanes16>(x),
        8 => Evaluate<F, Lanes8>(x),
        4 => Evaluate<F, Lanes4>(x),
        _ => Evaluate<F, Lanes1>(x),
    };

    private static float[] Evaluate<F, L>(float[] x) where F : struct, IFunction where L : struct, ILanes<L>
    {
        float[] padded = new float[(x.Length + L.Count - 1) / L.Count * L.Count], y = new float[padded.Length];
        x.CopyTo(padded, 0);
        for (int i = 0; i < y.Length; i += L.Count)
            L.Store(F.Apply(L.Load(ref padded[0], i)), ref y[0], i);
        return y[..x.Length];
    }
}
