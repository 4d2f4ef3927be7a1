namespace XLstm.Kernels;

/// <summary>The names under which model configurations know the activations.</summary>
public static class ActivationNames
{
    /// <summary>The activation called <paramref name="name"/>: gelu, relu, relu^2, selu, swish, sigmoid or tanh.</summary>
    /// <exception cref="ArgumentException">No activation has this name.</exception>
    public static Activation Parse(string name) => name switch
    {
        "gelu" => Activation.Gelu,
        "relu" => Activation.Relu,
        "relu^2" => Activation.ReluSquared,
        "selu" => Activation.Selu,
        "swish" => Activation.Swish,
        "sigmoid" => Activation.Sigmoid,
        "tanh" => Activation.Tanh,
        _ => throw new ArgumentException(
            $"There is no activation '{name}', expected one of gelu, relu, relu^2, selu, swish, sigmoid, tanh.", nameof(name)),
    };
}
