namespace XLstm.Experiments;

/// <summary>Blocks of this library, with the norm after the last.</summary>
internal sealed class XLstmBody(ParameterScope scope, XLstmStackConfig config) : ISequenceBody
{
    private readonly XLstmStack _stack = new(scope, config);

    public Tensor Forward(Tensor x, Pass pass) => _stack.Forward(x, null, pass).Output;

    public long StateBytes(int steps) => _stack.CreateState().Bytes;
}
