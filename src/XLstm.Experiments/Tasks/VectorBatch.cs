namespace XLstm.Experiments;

/// <summary>Sequences of vectors with one number as the answer of each, asked at its last step; the loss is the squared error.</summary>
/// <param name="rows">B.</param>
/// <param name="vectors">[B, T, numbers of a vector], row by row.</param>
/// <param name="lengths">Steps of each row.</param>
/// <param name="targets">The answer of each row.</param>
internal sealed class VectorBatch(int rows, float[] vectors, int[] lengths, float[] targets) : SequenceBatch
{
    private readonly int _steps = lengths.Max();

    public override int Labels => rows;

    /// <summary>[B, T, numbers of a vector].</summary>
    public float[] Vectors => vectors;

    /// <summary>Steps of each row.</summary>
    public int[] Lengths => lengths;

    /// <summary>The answer of each row.</summary>
    public float[] Targets => targets;

    public override Tensor Loss(TokenModel model, Pass pass)
    {
        Tensor x = pass.Rent(new Shape(rows, _steps, vectors.Length / rows / _steps), vectors);
        Tensor answers = model.Outputs(x, [.. lengths.Select((n, b) => (b * _steps) + n - 1)], pass);
        return Ops.Regression(pass, Kernels.RegressionKind.MeanSquared, answers, pass.Rent(answers.Shape, targets));
    }

    public override (double Loss, long Right) Score(TokenModel model, Pass pass) => (Loss(model, pass).Item * (double)rows, 0);
}
