namespace XLstm.Kernels.Tests;

internal static class ReferenceActivation
{
    public static readonly Activation[] All = Enum.GetValues<Activation>();

    public static double Value(Activation f, double x) => f switch
    {
        Activation.Gelu => x * NormalDistribution.Cdf(x),
        Activation.Relu => Math.Max(x, 0),
        Activation.ReluSquared => Math.Max(x, 0) * Math.Max(x, 0),
        Activation.Selu => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (Math.Exp(x) - 1)),
        Activation.Swish => x / (1 + Math.Exp(-x)),
        Activation.Sigmoid => 1 / (1 + Math.Exp(-x)),
        Activation.Tanh => Math.Tanh(x),
        _ => throw new ArgumentOutOfRangeException(nameof(f)),
    };
}
