using CsCheck;
using XLstm.Kernels;

namespace XLstm.Training.Tests;

/// <summary>Values against formulas in double, gradients against their central differences.</summary>
public class LossTests
{
    private const double Step = 1e-5;

    [Fact]
    public void CrossEntropyWithIgnoredLabels() => Gen.Select(Gen.Int[1, 40], Gen.Int[1, 20], Gen.ULong).Sample((rows, V, seed) =>
    {
        var random = new RandomSource(seed);
        int[] labels = [.. Enumerable.Range(0, rows).Select(_ => (int)random.NextInteger(V + 1) - 1)];
        Check(
            new Shape(rows, V), seed, (pass, logits) => Ops.CrossEntropy(pass, logits, labels), logits =>
            {
                (double sum, int counted) = (0, 0);
                for (int r = 0; r < rows; r++)
                {
                    if (labels[r] < 0)
                        continue;
                    double[] row = logits[(r * V)..(r * V + V)];
                    double max = row.Max();
                    sum += max + Math.Log(row.Sum(x => Math.Exp(x - max))) - row[labels[r]];
                    counted++;
                }
                return counted == 0 ? 0 : sum / counted;
            });
    }, iter: 60);

    [Theory]
    [InlineData(RegressionKind.MeanSquared)]
    [InlineData(RegressionKind.MeanAbsolute)]
    [InlineData(RegressionKind.Huber)]
    public void RegressionWithMissingTargets(RegressionKind kind) => Gen.Select(Gen.Int[1, 70], Gen.Float[0.1f, 2f], Gen.ULong).Sample((count, delta, seed) =>
    {
        float[] targets = Targets(count, seed);
        double One(double error) => kind switch
        {
            RegressionKind.MeanSquared => error * error,
            RegressionKind.MeanAbsolute => Math.Abs(error),
            _ => Math.Abs(error) <= delta ? error * error / 2 : delta * (Math.Abs(error) - (double)delta / 2),
        };
        int known = targets.Count(t => !float.IsNaN(t));
        Check(
            new Shape(count), seed, (pass, x) => Ops.Regression(pass, kind, x, new Tensor(x.Shape, targets), delta),
            x => known == 0 ? 0 : x.Select((value, i) => float.IsNaN(targets[i]) ? 0 : One(value - targets[i])).Sum() / known);
    }, iter: 60);

    [Fact]
    public void QuantilesWithMissingTargets() => Gen.Select(Gen.Int[1, 40], Gen.ULong).Sample((rows, seed) =>
    {
        float[] levels = [0.1f, 0.5f, 0.9f], targets = Targets(rows, seed);
        int known = targets.Count(t => !float.IsNaN(t));
        Check(
            new Shape(rows, 3), seed, (pass, x) => Ops.Quantile(pass, levels, x, new Tensor(new Shape(rows), targets)),
            x => known == 0 ? 0 : x.Select((value, i) => float.IsNaN(targets[i / 3]) ? 0 : Math.Max(levels[i % 3] * (targets[i / 3] - value), ((double)levels[i % 3] - 1) * (targets[i / 3] - value))).Sum() / (3 * known));
    }, iter: 60);

    [Fact]
    public void ALossOfYourOwn() => Gen.Select(Gen.Int[1, 40], Gen.ULong).Sample((count, seed) => Check(
        new Shape(count), seed, (pass, x) => Ops.Loss(pass, x, (values, gradient) =>
        {
            double sum = 0;
            for (int i = 0; i < values.Length; i++)
            {
                sum += values[i] * values[i] * (double)values[i];
                gradient[i] = 3 * values[i] * values[i];
            }
            return (float)sum;
        }),
        x => x.Sum(value => value * value * value)), iter: 30);

    [Fact]
    public void NothingToLearnFromIsNoLoss()
    {
        using var pass = new Pass(PassOptions.ForTraining);
        Parameter x = Parameter(new Shape(2, 3), 1);
        Tensor missing = new(new Shape(2, 3), [.. Enumerable.Repeat(float.NaN, 6)]);
        Tensor[] losses =
        [
            Ops.CrossEntropy(pass, x, [-1, -1]),
            Ops.Regression(pass, RegressionKind.MeanSquared, x, missing),
            Ops.Quantile(pass, [0.1f, 0.5f, 0.9f], x, new Tensor(new Shape(2), [float.NaN, float.NaN])),
        ];
        foreach (Tensor loss in losses)
        {
            Assert.Equal(0, loss.Item);
            pass.Backward(loss);
        }
        Assert.All(x.Gradient?.Span.ToArray() ?? [], g => Assert.Equal(0, g));
    }

    private static void Check(Shape shape, ulong seed, Func<Pass, Tensor, Tensor> loss, Func<double[], double> reference)
    {
        using var pass = new Pass(PassOptions.ForTraining with { Threads = 1 });
        Parameter x = Parameter(shape, seed);
        double[] values = [.. x.Span.ToArray().Select(v => (double)v)];
        Tensor value = loss(pass, x);
        double expected = reference(values);
        Assert.Equal(expected, value.Item, 2e-6 * (1 + Math.Abs(expected)));

        // Twice, the second time at half the scale: gradients add up, and follow the scale.
        pass.Backward(value);
        pass.Reset();
        pass.Backward(loss(pass, x), 0.5f);
        float[] gradient = x.Gradient?.Span.ToArray() ?? new float[x.Length];
        for (int i = 0; i < values.Length; i++)
        {
            double at = values[i];
            values[i] = at + Step;
            double above = reference(values);
            values[i] = at - Step;
            double below = reference(values);
            values[i] = at;
            Assert.Equal(1.5 * (above - below) / (2 * Step), gradient[i], 2e-5);
        }
    }

    // A quarter of a step of 1/8, so that no prediction (a multiple of 1/8) is at or near a kink.
    private static float[] Targets(int count, ulong seed)
    {
        var random = new RandomSource(seed ^ 99);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextInteger(4) == 0 ? float.NaN : random.NextInteger(33) / 8f - 2 + 1 / 32f)];
    }

    private static Parameter Parameter(Shape shape, ulong seed)
    {
        var random = new RandomSource(seed);
        float[] values = [.. Enumerable.Range(0, shape.Length).Select(_ => random.NextInteger(33) / 8f - 2)];
        return new ParameterSet(seed).Root.Get("x", shape, Initializer.Values(values));
    }
}
