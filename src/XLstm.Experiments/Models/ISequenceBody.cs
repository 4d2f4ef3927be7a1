namespace XLstm.Experiments;

/// <summary>What stands between embedding and head, and all that differs between the models of an experiment: x [B, T, D] to [B, T, D], causal.</summary>
internal interface ISequenceBody
{
    /// <summary>Each row starts anew; step t sees steps 0 to t.</summary>
    Tensor Forward(Tensor x, Pass pass);

    /// <summary>Bytes that have to be kept after so many steps for the next one.</summary>
    long StateBytes(int steps);
}
