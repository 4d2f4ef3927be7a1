namespace XLstm.Samples.CustomModel;

/// <summary>Forecasts the next value of a series, and how far off it may be: a normal distribution for every step.</summary>
internal sealed class Forecaster
{
    private readonly Linear _input, _head;
    private readonly SLstmBlock _tracker;
    private readonly MLstmBlock _memory;
    private readonly Norm _norm;

    #region Layers
    // Every layer takes its parameters from a scope: names in checkpoints and shapes in memory come from this one place.
    public Forecaster(ParameterScope scope, int width)
    {
        _input = new Linear(scope.At("input"), inputs: 1, outputs: width);
        // The sLSTM tracks in which phase and regime the series is; the mLSTM looks up what followed in the past.
        _tracker = new SLstmBlock(scope.At("tracker"), new SLstmBlockConfig(new SLstmLayerConfig(), new FeedForwardConfig()), width);
        _memory = new MLstmBlock(scope.At("memory"), new MLstmBlockConfig(new MLstmLayerConfig(NumHeads: 2)), width);
        _norm = new Norm(scope.At("norm"), width);
        _head = new Linear(scope.At("head"), inputs: width, outputs: 2);
    }

    /// <summary>Mean and logarithm of the deviation of what follows each step: [count, T, 2].</summary>
    public Tensor Forward(Pass pass, float[] inputs, int count)
    {
        Tensor x = _input.Forward(pass.Rent(new Shape(count, inputs.Length / count, 1), inputs), pass);
        (x, _) = _tracker.Forward(x, state: null, pass);
        (x, _) = _memory.Forward(x, state: null, pass);
        return _head.Forward(_norm.Forward(x, pass), pass);
    }
    #endregion

    #region Loss
    /// <summary>Mean of -log N(target; mean, exp(s)^2), up to a constant: a loss that no library would have ready.</summary>
    public static Tensor Loss(Pass pass, Tensor forecast, float[] targets) => Ops.Loss(pass, forecast, (input, gradient) =>
    {
        double sum = 0;
        for (int i = 0; i < targets.Length; i++)
        {
            float s = input[2 * i + 1], z = (targets[i] - input[2 * i]) * MathF.Exp(-s);
            sum += s + 0.5 * z * z;
            gradient[2 * i] = -z * MathF.Exp(-s) / targets.Length;
            gradient[2 * i + 1] = (1 - z * z) / targets.Length;
        }
        return (float)(sum / targets.Length);
    });
    #endregion
}
