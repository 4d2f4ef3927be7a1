using CsCheck;

namespace XLstm.Training.Tests;

public class AdamWOptimizerTests
{
    [Fact]
    public void AgreesWithThePaperInDouble() =>
        Gen.Select(Gen.ULong, Gen.Double[1e-4, 0.3], Gen.Double[0, 0.95], Gen.Double[0.5, 0.999], Gen.Double[0, 0.5], Gen.Int[0, 2].Select(i => new[] { 0.0, 0.5, 3.0 }[i])).Sample(
            (seed, rate, beta1, beta2, decay, clip) => Compare(seed, new OptimizerOptions(rate, beta1, beta2, 1e-6, decay, clip)), iter: 100);

    [Fact]
    public void ClippingScalesAllGradientsToOneNorm()
    {
        (ParameterSet parameters, Parameter a, Parameter b) = TwoParameters();
        var optimizer = new AdamWOptimizer(parameters, new OptimizerOptions(Beta1: 0, Beta2: 0, Epsilon: 1e6, WeightDecay: 0, Clip: 1));
        a.Gradient = new Tensor(a.Shape, [3, 0]);
        b.Gradient = new Tensor(b.Shape, [0, 4, 0]);
        Assert.Equal(5, optimizer.GradientNorm());
        (float first, float second) = (a.Span[0], b.Span[1]);

        // With so large an epsilon the update is lr g / epsilon: it shows the gradient that was used.
        optimizer.Update(1e6, optimizer.GradientNorm());
        Assert.Equal(3 / 5.0, first - a.Span[0], 1e-5);
        Assert.Equal(4 / 5.0, second - b.Span[1], 1e-5);
    }

    [Fact]
    public void ParametersWithoutAGradientAndFrozenOnesStayAsTheyAre()
    {
        (ParameterSet parameters, Parameter a, Parameter b) = TwoParameters();
        (float[] before, float[] frozen) = (a.Span.ToArray(), b.Span.ToArray());
        b.Gradient = new Tensor(b.Shape, [1, 1, 1]);
        b.RequiresGradient = false;
        var optimizer = new AdamWOptimizer(parameters, new OptimizerOptions());
        Assert.Equal(0, optimizer.GradientNorm());
        optimizer.Update(0.1, 0);
        Assert.Equal(1, optimizer.Step);
        Bits.Equal([before, frozen], [a.Span.ToArray(), b.Span.ToArray()]);
    }

    [Theory]
    [InlineData("LearningRate", 0.0)]
    [InlineData("LearningRate", double.NaN)]
    [InlineData("LearningRate", double.PositiveInfinity)]
    [InlineData("Beta1", 1.0)]
    [InlineData("Beta1", -0.1)]
    [InlineData("Beta2", 1.0)]
    [InlineData("Epsilon", 0.0)]
    [InlineData("Epsilon", double.PositiveInfinity)]
    [InlineData("WeightDecay", -1.0)]
    [InlineData("Clip", -1.0)]
    [InlineData("Clip", double.PositiveInfinity)]
    [InlineData("Clip", double.NaN)]
    public void RatesOutOfRangeAreNamed(string name, double value)
    {
        var options = new OptimizerOptions();
        options = name switch
        {
            "LearningRate" => options with { LearningRate = value },
            "Beta1" => options with { Beta1 = value },
            "Beta2" => options with { Beta2 = value },
            "Epsilon" => options with { Epsilon = value },
            "WeightDecay" => options with { WeightDecay = value },
            _ => options with { Clip = value },
        };
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new AdamWOptimizer([], options));
        Assert.Equal(name, error.ParamName);
    }

    private static void Compare(ulong seed, OptimizerOptions options)
    {
        var random = new RandomSource(seed);
        var set = new ParameterSet(seed);
        Parameter[] parameters =
        [
            set.Root.Get("layer.weight", new Shape(5, 7), Initializer.Normal(1)),
            set.Root.Get("layer.bias", new Shape(5), Initializer.Normal(1)),
            set.Root.Get("norm.weight", new Shape(9), Initializer.Normal(1)),
        ];
        Assert.Equal([true, false, false], parameters.Select(p => p.Decays));
        double[][] p = [.. parameters.Select(x => x.Span.ToArray().Select(v => (double)v).ToArray())];
        double[][] m = [.. p.Select(x => new double[x.Length])], v = [.. p.Select(x => new double[x.Length])];
        var optimizer = new AdamWOptimizer(set, options);

        for (int t = 1; t <= 25; t++)
        {
            double size = t % 3 == 0 ? 0.01 : 1, rate = options.LearningRate / t, squares = 0;
            float[][] g = [.. parameters.Select(x => Enumerable.Range(0, x.Length).Select(_ => (float)(random.NextNormal() * size)).ToArray())];
            foreach (float value in g.SelectMany(x => x))
                squares += (double)value * value;
            double norm = Math.Sqrt(squares), scale = options.Clip > 0 ? Math.Min(1, options.Clip / (norm + 1e-6)) : 1;

            for (int i = 0; i < parameters.Length; i++)
            {
                parameters[i].Gradient = new Tensor(parameters[i].Shape, g[i]);
                for (int j = 0; j < p[i].Length; j++)
                {
                    double gradient = g[i][j] * scale;
                    p[i][j] -= i == 0 ? rate * options.WeightDecay * p[i][j] : 0;
                    m[i][j] = options.Beta1 * m[i][j] + (1 - options.Beta1) * gradient;
                    v[i][j] = options.Beta2 * v[i][j] + (1 - options.Beta2) * gradient * gradient;
                    p[i][j] -= rate * (m[i][j] / (1 - Math.Pow(options.Beta1, t))) / (Math.Sqrt(v[i][j] / (1 - Math.Pow(options.Beta2, t))) + options.Epsilon);
                }
            }
            Assert.Equal(norm, optimizer.GradientNorm(), 1e-9 * norm);
            optimizer.Update(rate, norm);
        }

        for (int i = 0; i < parameters.Length; i++)
            for (int j = 0; j < p[i].Length; j++)
                Assert.Equal(p[i][j], parameters[i].Span[j], 2e-5);
    }

    private static (ParameterSet Set, Parameter A, Parameter B) TwoParameters()
    {
        var set = new ParameterSet(1);
        return (set, set.Root.Get("a.weight", new Shape(2), Initializer.Normal(1)), set.Root.Get("b.weight", new Shape(3), Initializer.Normal(1)));
    }
}
