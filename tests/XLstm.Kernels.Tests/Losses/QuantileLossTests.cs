namespace XLstm.Kernels.Tests;

public class QuantileLossTests
{
    [Fact]
    public void Loss_and_gradient_equal_the_reference_and_missing_targets_count_nothing()
    {
        foreach (int lanes in Widths.All)
            foreach (int Q in (int[])[0, 1, 3, 9, 16, 21])
            {
                const int Rows = 4;
                float[] levels = [.. Enumerable.Range(1, Q).Select(q => q / (Q + 1f))];
                float[] prediction = Numbers.Normal(1, Rows * Q), target = [0.3f, float.NaN, -1, 2], before = Numbers.Normal(2, Rows * Q);
                double[] Reference(double[] p) =>
                    [.. target.Select((y, r) => float.IsNaN(y) ? 0 : Enumerable.Range(0, Q).Sum(q => Pinball(levels[q], y - p[r * Q + q])))];

                Guarded losses = new(Rows), gradient = new(before);
                QuantileLoss.Forward(lanes, Rows, levels, prediction, target, losses.Span);
                QuantileLoss.Backward(lanes, Rows, levels, prediction, target, 0.5f, gradient.Span);
                Numbers.Close(Reference(Numbers.ToDouble(prediction)), losses.Content, 1e-6, $"loss, {lanes} lanes");
                Numbers.Close(Numbers.Gradient(v => 0.5 * Reference(v).Sum(), prediction), gradient.Added(before), 1e-6, $"gradient, {lanes} lanes");
            }
    }

    [Fact]
    public void An_exact_prediction_has_no_slope()
    {
        var gradient = new float[2];
        QuantileLoss.Backward(1, [0.1f, 0.9f], [3, 4], [3], 1, gradient);
        Assert.Equal(0, gradient[0]);
        Assert.Equal(0.1f, gradient[1], 1e-7f);
    }

    private static double Pinball(double tau, double e) => Math.Max(tau * e, (tau - 1) * e);
}
