using XLstm.Kernels;

namespace XLstm.Experiments;

/// <summary>
/// Layers of the plain LSTM, one after the other, with x_1 = x and x_{l+1} = y_l:
/// <code>
/// (i, f, g, o) = W x_t + R y_{t-1} + b      c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)      y_t = sigmoid(o) tanh(c_t)
/// </code>
/// The numbers of torch.nn.LSTM, which has two biases where one does. W and R start as there, uniform within 1 / sqrt(D); b starts at 0,
/// for the forget gate at 1 (Jozefowicz, Zaremba, Sutskever, ICML 2015). With a residual backbone, the second row of the paper's
/// ablation (arXiv 2405.04517, table 2), a layer is x + lstm(norm(x)), and a norm follows the last.
/// </summary>
internal sealed class LstmBody : ISequenceBody
{
    private readonly Layer[] _layers;
    private readonly Norm? _norm;
    private readonly float _dropout;
    private readonly int _width;

    /// <param name="scope">Where the parameters live.</param>
    /// <param name="layers">Layers.</param>
    /// <param name="width">D, also the cells of a layer.</param>
    /// <param name="dropout">On the output of each layer; without residuals not on that of the last, as torch has it.</param>
    /// <param name="residual">Pre-norm residuals around the layers.</param>
    public LstmBody(ParameterScope scope, int layers, int width, float dropout = 0f, bool residual = false)
    {
        (_width, _dropout) = (width, dropout);
        _layers = [.. Enumerable.Range(0, layers).Select(i => new Layer(scope.At($"layers.{i}"), width, residual))];
        _norm = residual ? new Norm(scope.At("norm"), width) : null;
    }

    public Tensor Forward(Tensor x, Pass pass)
    {
        foreach (Layer layer in _layers)
        {
            if (_norm is not null)
                x = Ops.Add(pass, x, Ops.Dropout(pass, layer.Forward(x, pass), _dropout));
            else
                x = layer.Forward(layer == _layers[0] ? x : Ops.Dropout(pass, x, _dropout), pass);
        }
        return _norm is null ? x : _norm.Forward(x, pass);
    }

    /// <summary>c and y of each layer.</summary>
    public long StateBytes(int steps) => 2L * _layers.Length * _width * sizeof(float);

    private sealed class Layer
    {
        private readonly Norm? _norm;
        private readonly Linear _input;
        private readonly SLstmCell _cell;

        public Layer(ParameterScope scope, int width, bool residual)
        {
            var uniform = Initializer.Uniform(1 / Math.Sqrt(width));
            var bias = new float[4 * width];
            bias.AsSpan(width, width).Fill(1f);
            _norm = residual ? new Norm(scope.At("norm"), width) : null;
            _input = new Linear(scope.At("input"), width, 4 * width, bias: false, uniform);
            _cell = new SLstmCell(scope.At("cell"), width, heads: 1, CellFunction.Lstm, uniform, Initializer.Values(bias));
        }

        public Tensor Forward(Tensor x, Pass pass) =>
            _cell.Forward(_input.Forward(_norm is null ? x : _norm.Forward(x, pass), pass), null, pass).Output;
    }
}
