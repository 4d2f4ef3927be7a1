namespace XLstm.Classification;

/// <summary>
/// What outputs [B, K] are worth. Of classes: the cross-entropy with soft labels y that are weighed by w, sum w (-sum_k y_k log softmax(z)_k) / sum w.
/// Of numbers: the mean square of what is missing to the targets, in units of these, where they are known.
/// </summary>
internal static class SequenceLoss
{
    public static Tensor OfClasses(Pass pass, Tensor outputs, float[] labels, double[] weights) =>
        Ops.Loss(pass, outputs, (logits, gradient) => CrossEntropy(logits, labels, weights, gradient));

    public static Tensor OfNumbers(Pass pass, Tensor outputs, float[] targets) =>
        Ops.Regression(pass, Kernels.RegressionKind.MeanSquared, outputs, new Tensor(outputs.Shape, targets));

    /// <summary>softmax(z), in double.</summary>
    public static double[] Probabilities(ReadOnlySpan<float> logits)
    {
        var probabilities = new double[logits.Length];
        double most = double.NegativeInfinity, sum = 0;
        foreach (float z in logits)
            most = Math.Max(most, z);
        for (int k = 0; k < logits.Length; k++)
            sum += probabilities[k] = Math.Exp(logits[k] - most);
        for (int k = 0; k < logits.Length; k++)
            probabilities[k] /= sum;
        return probabilities;
    }

    private static float CrossEntropy(ReadOnlySpan<float> logits, float[] labels, double[] weights, Span<float> gradient)
    {
        int B = weights.Length, K = logits.Length / B;
        double total = 0, all = weights.Sum();
        for (int b = 0; b < B; b++)
        {
            double[] p = Probabilities(logits.Slice(b * K, K));
            double share = weights[b] / all, sum = 0;
            for (int k = 0; k < K; k++)
                sum += labels[(b * K) + k];
            for (int k = 0; k < K; k++)
            {
                double y = labels[(b * K) + k];
                total -= y == 0 ? 0 : share * y * Math.Log(Math.Max(p[k], 1e-300));
                gradient[(b * K) + k] = (float)(share * ((sum * p[k]) - y));
            }
        }
        return (float)total;
    }
}
