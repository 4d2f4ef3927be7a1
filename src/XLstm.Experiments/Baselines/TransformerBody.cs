using XLstm.Kernels;

namespace XLstm.Experiments;

/// <summary>
/// The decoder of a Transformer as GPT-2 has it, with rotary positions (arXiv 2104.09864) as Llama has them, so that there is no limit on length:
/// <code>
/// x = x + W_p attention(W_qkv norm(x))      x = x + W_d gelu(W_u norm(x))
/// </code>
/// and a norm after the last layer. Norms are LayerNorms, without biases as the linear maps. Weights start normal with a standard deviation
/// of 0.02, those back into x with 0.02 / sqrt(2 layers). Dropout is on what is added to x, not on the attention itself.
/// </summary>
internal sealed class TransformerBody : ISequenceBody
{
    private readonly Layer[] _layers;
    private readonly Norm _norm;
    private readonly int _pairs, _width;

    /// <param name="scope">Where the parameters live.</param>
    /// <param name="layers">Layers.</param>
    /// <param name="width">D, a multiple of 2 heads.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="inner">Width between W_u and W_d; 0 for 4 D.</param>
    /// <param name="dropout">On what a layer adds to x.</param>
    public TransformerBody(ParameterScope scope, int layers, int width, int heads, int inner = 0, float dropout = 0f)
    {
        if (heads < 1 || width % (2 * heads) != 0)
            throw new ArgumentException($"A width of {width} has no {heads} heads of an even width.", nameof(heads));
        (_width, _pairs) = (width, width / heads / 2);
        _layers = [.. Enumerable.Range(0, layers).Select(i => new Layer(scope.At($"layers.{i}"), layers, width, heads, inner == 0 ? 4 * width : inner, dropout))];
        _norm = new Norm(scope.At("norm"), width);
    }

    public Tensor Forward(Tensor x, Pass pass)
    {
        Tensor rotations = Attention.Rotations(pass, x.Shape[1], _pairs);
        foreach (Layer layer in _layers)
        {
            pass.Cancellation.ThrowIfCancellationRequested();
            x = layer.Forward(x, rotations, pass);
        }
        return _norm.Forward(x, pass);
    }

    /// <summary>Keys and values of every step.</summary>
    public long StateBytes(int steps) => 2L * _layers.Length * steps * _width * sizeof(float);

    private sealed class Layer(ParameterScope scope, int layers, int width, int heads, int inner, float dropout)
    {
        private readonly Norm _attentionNorm = new(scope.At("attention_norm"), width), _feedForwardNorm = new(scope.At("ffn_norm"), width);
        private readonly Linear _qkv = new(scope.At("qkv"), width, 3 * width, bias: false, Initializer.Normal(0.02));
        private readonly Linear _projection = new(scope.At("projection"), width, width, bias: false, Initializer.Normal(0.02 / Math.Sqrt(2 * layers)));
        private readonly Linear _up = new(scope.At("up"), width, inner, bias: false, Initializer.Normal(0.02));
        private readonly Linear _down = new(scope.At("down"), inner, width, bias: false, Initializer.Normal(0.02 / Math.Sqrt(2 * layers)));

        public Tensor Forward(Tensor x, Tensor rotations, Pass pass)
        {
            Tensor attended = Attention.Forward(pass, _qkv.Forward(_attentionNorm.Forward(x, pass), pass), rotations, heads);
            x = Ops.Add(pass, x, Ops.Dropout(pass, _projection.Forward(attended, pass), dropout));
            Tensor wide = Ops.Activate(pass, _up.Forward(_feedForwardNorm.Forward(x, pass), pass), Activation.Gelu);
            return Ops.Add(pass, x, Ops.Dropout(pass, _down.Forward(wide, pass), dropout));
        }
    }
}
