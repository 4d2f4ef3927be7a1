using System.Runtime.CompilerServices;

namespace XLstm.Kernels;

/// <summary>-ln softmax(logits)[label] of each row: logsumexp(logits) - logits[label], in nats.</summary>
public static class CrossEntropy
{
    /// <summary>The label of a row that does not count.</summary>
    public const int Ignored = -1;

    /// <summary>Losses of all rows.</summary>
    /// <param name="rows">Rows of logits.</param>
    /// <param name="V">Classes.</param>
    /// <param name="logits">[rows, V].</param>
    /// <param name="labels">[rows], each from 0 to V - 1, or <see cref="Ignored"/>.</param>
    /// <param name="rowLoss">[rows]; 0 for an ignored row.</param>
    /// <param name="logSumExp">[rows], kept for the backward pass; 0 for an ignored row.</param>
    /// <exception cref="ArgumentOutOfRangeException">A label is no class.</exception>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Forward(
        int rows, int V, ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, Span<float> rowLoss, Span<float> logSumExp) =>
        Forward(Simd.Width, rows, V, logits, labels, rowLoss, logSumExp);

    /// <summary>Writes (not adds) dLogits = (softmax(logits) - onehot(label)) scale, and 0 for an ignored row.</summary>
    /// <param name="rows">Rows of logits.</param>
    /// <param name="V">Classes.</param>
    /// <param name="logits">[rows, V].</param>
    /// <param name="labels">[rows].</param>
    /// <param name="logSumExp">[rows], from the forward pass.</param>
    /// <param name="scale">Gradient of each row's loss, for example 1 / number of rows that count.</param>
    /// <param name="dLogits">[rows, V]; may be the logits' own memory.</param>
    /// <exception cref="ArgumentOutOfRangeException">A label is no class.</exception>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    public static void Backward(
        int rows, int V, ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, ReadOnlySpan<float> logSumExp, float scale, Span<float> dLogits) =>
        Backward(Simd.Width, rows, V, logits, labels, logSumExp, scale, dLogits);

    internal static void Forward(
        int lanes, int rows, int V, ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, Span<float> rowLoss, Span<float> logSumExp)
    {
        Check.Length(logits, Extent.Of(rows, V));
        Check.Length(labels, rows);
        Check.Length(rowLoss, rows);
        Check.Length(logSumExp, rows);
        for (int r = 0; r < rows; r++)
        {
            if (!Counts(labels, r, V))
            {
                (rowLoss[r], logSumExp[r]) = (0, 0);
                continue;
            }

            double sum = LogSumExp.Of(lanes, logits.Slice(r * V, V));
            (rowLoss[r], logSumExp[r]) = ((float)(sum - logits[r * V + labels[r]]), (float)sum);
        }
    }

    internal static void Backward(
        int lanes, int rows, int V, ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, ReadOnlySpan<float> logSumExp, float scale, Span<float> dLogits)
    {
        Check.Length(logits, Extent.Of(rows, V));
        Check.Length(labels, rows);
        Check.Length(logSumExp, rows);
        Check.Length(dLogits, Extent.Of(rows, V));
        for (int r = 0; r < rows; r++)
        {
            Span<float> row = dLogits.Slice(r * V, V);
            if (!Counts(labels, r, V))
            {
                row.Clear();
                continue;
            }

            Map.Run(lanes, new Probability(logSumExp[r], scale), logits.Slice(r * V, V), row);
            row[labels[r]] -= scale;
        }
    }

    private static bool Counts(ReadOnlySpan<int> labels, int row, int V)
    {
        int label = labels[row];
        return label is >= Ignored && label < V ? label != Ignored
            : throw new ArgumentOutOfRangeException(nameof(labels), label, $"Label {label} of row {row} is not one of {V} classes, nor {Ignored} (ignored).");
    }

    private readonly struct Probability(float logSumExp, float scale) : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a) where L : struct, ILanes<L> => LaneMath.Exp(a - L.Create(logSumExp)) * L.Create(scale);
    }
}
