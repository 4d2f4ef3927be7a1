namespace XLstm;

/// <summary>
/// The two layouts of the sLSTM's recurrent kernel: [N, 4 out, in] with biases by gate, then head, and [N, in, 4 out] with biases by head, then gate. The shape of the kernel
/// tells them apart; that of the bias is [4 N out] in both.
/// </summary>
internal static class RecurrentLayout
{
    internal const string Kernel = "_recurrent_kernel_", Bias = "_bias_";

    internal static bool IsCuda(TensorInfo kernel) => kernel.Shape is [_, var rows, var columns] && columns == 4 * rows;

    /// <summary>
    /// Whether the biases look like those of the other layout. They are trained from a forget bias of 5 to -7 and zeros in the other gates, of which enough is left to see
    /// in which order they stand.
    /// </summary>
    internal static bool BiasContradicts(ModelWeights weights, TensorInfo kernel)
    {
        string name = kernel.Name[..^Kernel.Length] + Bias;
        if (!weights.Contains(name) || kernel.Shape is not [var n, _, _] || n < 2 || weights.Info(name).Count is var count && (count > 1 << 24 || count % (4 * n) != 0))
            return false;
        var bias = new float[count];
        weights.ReadFloats(name, bias);
        int heads = (int)n, d = bias.Length / 4 / heads;
        double byGate = 0, byHead = 0;
        for (int h = 0; h < heads; h++)
            for (int j = 0; j < d; j++)
            {
                byGate += Math.Abs(bias[(heads + h) * d + j]);
                byHead += Math.Abs(bias[(h * 4 + 1) * d + j]);
            }
        // A factor of 2 is far from what training leaves of the difference, and far from chance.
        return IsCuda(kernel) ? byGate > 2 * byHead : byHead > 2 * byGate;
    }
}
