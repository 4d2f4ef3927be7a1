namespace XLstm.Kernels.Tests;

public class AdamWTests
{
    [Fact]
    public void Twenty_steps_equal_the_reference()
    {
        foreach (int lanes in Widths.All)
            foreach (int n in Widths.Lengths)
            {
                Guarded parameter = new(Numbers.Normal(1, n)), first = new(new float[n]), second = new(new float[n]);
                double[] p = Numbers.ToDouble(parameter.Content), m = new double[n], v = new double[n];
                for (int t = 1; t <= 20; t++)
                {
                    float[] gradient = Numbers.Normal(100 + t, n, t % 5);
                    var step = new AdamWStep(0.01 / t, 0.9, 0.95, 1e-8, 0.1, t, 0.5f);
                    AdamW.Update(lanes, parameter.Span, gradient, first.Span, second.Span, step);
                    for (int i = 0; i < n; i++)
                    {
                        double g = gradient[i] * 0.5;
                        p[i] *= 1 - step.LearningRate * 0.1;
                        m[i] = 0.9 * m[i] + (1 - 0.9) * g;
                        v[i] = 0.95 * v[i] + (1 - 0.95) * g * g;
                        p[i] -= step.LearningRate * (m[i] / (1 - Math.Pow(0.9, t))) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.95, t))) + 1e-8);
                    }

                    Numbers.Close(p, parameter.Content, 2e-6, $"p, step {t}, {lanes} lanes");
                    Numbers.Close(m, first.Content, 1e-6, $"m, step {t}, {lanes} lanes");
                    Numbers.Close(v, second.Content, 1e-6, $"v, step {t}, {lanes} lanes");
                }
            }
    }

    // The first step moves each parameter by the learning rate, whatever the gradient: both corrections must be exact.
    [Theory]
    [InlineData(1e-3f)]
    [InlineData(5f)]
    [InlineData(-2e4f)]
    public void The_first_step_has_the_length_of_the_learning_rate(float gradient)
    {
        float[] p = [0], m = [0], v = [0];
        AdamW.Update(p, [gradient], m, v, new AdamWStep(1e-3, 0.9, 0.999, 0, 0, 1, 1));
        Assert.Equal(-1e-3f * Math.Sign(gradient), p[0], 3e-10f);
    }

    [Fact]
    public void A_zero_gradient_only_decays()
    {
        float[] p = [2], m = [0], v = [0];
        AdamW.Update(p, [0], m, v, new AdamWStep(0.1, 0.9, 0.999, 1e-8, 0.5, 1, 1));
        Assert.Equal(1.9f, p[0], 2e-7f);
    }

    [Fact]
    public void Bad_arguments_are_named()
    {
        var step = new AdamWStep(0.1, 0.9, 0.999, 1e-8, 0, 1, 1);
        Assert.Equal("secondMoment", Assert.Throws<ArgumentException>(() => AdamW.Update(new float[2], new float[2], new float[2], new float[1], step)).ParamName);
        Assert.Equal("step", Assert.Throws<ArgumentOutOfRangeException>(() => AdamW.Update(new float[1], new float[1], new float[1], new float[1], step with { Step = 0 })).ParamName);
    }
}
