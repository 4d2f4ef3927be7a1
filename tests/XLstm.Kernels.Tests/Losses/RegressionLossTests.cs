namespace XLstm.Kernels.Tests;

public class RegressionLossTests
{
    private const float Delta = 0.75f;

    [Fact]
    public void Losses_and_gradients_equal_the_reference_and_missing_targets_count_nothing()
    {
        foreach (RegressionKind kind in Enum.GetValues<RegressionKind>())
            foreach (int lanes in Widths.All)
                foreach (int n in Widths.Lengths)
                {
                    float[] prediction = Numbers.Normal(1, n), target = Numbers.Normal(2, n), before = Numbers.Normal(3, n);
                    for (int i = 2; i < n; i += 3)
                        target[i] = float.NaN;
                    double[] Reference(double[] p) => [.. p.Select((v, i) => float.IsNaN(target[i]) ? 0 : Loss(kind, Math.Abs(v - target[i])))];

                    Guarded losses = new(n), gradient = new(before);
                    RegressionLoss.Forward(lanes, kind, prediction, target, Delta, losses.Span);
                    RegressionLoss.Backward(lanes, kind, prediction, target, Delta, 0.5f, gradient.Span);
                    Numbers.Close(Reference(Numbers.ToDouble(prediction)), losses.Content, 5e-7, $"{kind}, {lanes} lanes");
                    Numbers.Close(Numbers.Gradient(v => 0.5 * Reference(v).Sum(), prediction), gradient.Added(before), 1e-6, $"{kind}, {lanes} lanes, gradient");
                }
    }

    [Fact]
    public void An_exact_prediction_has_no_loss_and_no_slope()
    {
        foreach (RegressionKind kind in Enum.GetValues<RegressionKind>())
            foreach (float target in (float[])[0, 0.5f, 1, 7, -3])
            {
                float[] loss = [1], gradient = [0];
                RegressionLoss.Forward(kind, [target], [target], Delta, loss);
                RegressionLoss.Backward(kind, [target], [target], Delta, 1, gradient);
                Assert.Equal((0, 0), (loss[0], gradient[0]));
            }
    }

    [Fact]
    public void A_NaN_prediction_is_not_hidden()
    {
        foreach (RegressionKind kind in Enum.GetValues<RegressionKind>())
        {
            var loss = new float[1];
            RegressionLoss.Forward(kind, [float.NaN], [0.5f], Delta, loss);
            Assert.True(float.IsNaN(loss[0]));
        }
    }

    private static double Loss(RegressionKind kind, double e) => kind switch
    {
        RegressionKind.MeanSquared => e * e,
        RegressionKind.MeanAbsolute => e,
        _ => e <= Delta ? e * e / 2 : Delta * (e - Delta / 2),
    };
}
