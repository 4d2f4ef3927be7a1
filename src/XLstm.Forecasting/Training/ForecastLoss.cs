using System.Numerics;

namespace XLstm.Forecasting;

/// <summary>
/// The loss of a forecast: over patches, levels tau and steps h, the mean of the pinball loss
/// max(tau e, (tau - 1) e), e = target - quantile, weighed by 1 / sqrt(h).
/// </summary>
internal sealed class ForecastLoss
{
    private readonly float[] _weights;

    public ForecastLoss(int outputs)
    {
        _weights = [.. Enumerable.Range(1, outputs).Select(h => 1 / MathF.Sqrt(h))];
        float sum = _weights.Sum();
        for (int h = 0; h < outputs; h++)
            _weights[h] /= sum;
    }

    public Tensor Of(Pass pass, Tensor quantiles, float[] targets) => Ops.Loss(pass, quantiles, (input, gradient) => Compute(input, targets, gradient));

    // quantiles [rows, Q, H], targets [rows, H]; NaN where there is none
    private float Compute(ReadOnlySpan<float> quantiles, ReadOnlySpan<float> targets, Span<float> gradient)
    {
        int H = _weights.Length, Q = Forecasting.Forecast.StandardLevels.Count, rows = targets.Length / H, n = Vector<float>.Count;
        int known = 0;
        for (int r = 0; r < rows; r++)
            known += targets.Slice(r * H, H).IndexOfAnyExcept(float.NaN) >= 0 ? 1 : 0;
        if (known == 0)
            return 0;
        double total = 0;
        float scale = 1f / (known * Q);
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> target = targets.Slice(r * H, H);
            if (target.IndexOfAnyExcept(float.NaN) < 0)
                continue;
            Vector<float> sum = Vector<float>.Zero;
            for (int q = 0; q < Q; q++)
            {
                float tau = (float)Forecasting.Forecast.StandardLevels[q];
                ReadOnlySpan<float> predicted = quantiles.Slice((((r * Q) + q) * H), H);
                Span<float> g = gradient.Slice((((r * Q) + q) * H), H);
                for (int h = 0; h < H; h += n)
                {
                    var y = new Vector<float>(target[h..]);
                    var w = new Vector<float>(_weights, h) * scale;
                    Vector<int> missing = ~Vector.Equals(y, y);
                    Vector<float> e = y - new Vector<float>(predicted[h..]);
                    Vector<float> slope = Vector.ConditionalSelect(Vector.GreaterThan(e, Vector<float>.Zero), new Vector<float>(tau), new Vector<float>(tau - 1));
                    slope = Vector.ConditionalSelect(missing, Vector<float>.Zero, slope * w);
                    sum += Vector.ConditionalSelect(missing, Vector<float>.Zero, e * slope);
                    (-slope).CopyTo(g[h..]);
                }
            }
            total += Vector.Sum(sum);
        }
        return (float)total;
    }
}
