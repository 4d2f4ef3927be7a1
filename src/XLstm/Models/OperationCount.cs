using XLstm.Kernels;

namespace XLstm;

/// <summary>
/// Multiplications with an addition that a model cannot do without: the floor that its speed is measured against. Products
/// only; norms, gates, activations and losses are left out. The backward needs each product twice, for its two inputs.
/// </summary>
internal static class OperationCount
{
    public const int BackwardOverForward = 2;

    /// <summary>Of one sequence of <paramref name="steps"/> tokens forward; with <paramref name="headRows"/> of them through the head.</summary>
    public static long Forward(XLstmLanguageModel model, int steps, int headRows, int chunkLength = MLstmChunkwise.DefaultChunkLength)
    {
        long cells = 0;
        foreach (IXLstmBlock block in model.Stack.Blocks)
            cells += block switch
            {
                MLstmBlock { Cell: var cell } when cell.InputWeight.Shape.Last / 3 / cell.Heads is var width => cell.Heads * MLstm(steps, chunkLength, width, width),
                XLstmLargeBlock large => large.Heads * MLstm(steps, chunkLength, large.KeyWidth, large.ValueWidth),
                _ => 0,
            };
        return steps * Weights(model.Parameters.Where(p => p != model.Head.Weight && p != model.Embedding.Weight)) + headRows * (long)model.Head.Weight.Length + cells;
    }

    /// <summary>Of a training step over <paramref name="batch"/> sequences, forward and backward.</summary>
    public static long TrainingStep(XLstmLanguageModel model, int batch, int steps) =>
        (1 + BackwardOverForward) * batch * Forward(model, steps, steps);

    /// <summary>Weights that every token is multiplied by: those with rows and columns. Vectors scale or are added.</summary>
    public static long Weights(IEnumerable<Parameter> parameters) => parameters.Where(p => p.Shape.Rank >= 2).Sum(p => (long)p.Length);

    /// <summary>
    /// Of one head of the chunkwise mLSTM forward. In a chunk of l steps: q k^T and its product with v for the pairs s &lt;= t
    /// only, l (l + 1) / 2 (K + V); q C and the update of C by k v^T, 2 l K V.
    /// </summary>
    public static long MLstm(int steps, int chunkLength, int keyWidth, int valueWidth)
    {
        (long chunks, long rest) = Math.DivRem(steps, chunkLength);
        return chunks * Chunk(chunkLength) + Chunk(rest);

        long Chunk(long l) => l * (l + 1) / 2 * (keyWidth + valueWidth) + 2 * l * keyWidth * valueWidth;
    }
}
