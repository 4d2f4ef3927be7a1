using XLstm.Kernels;

namespace XLstm;

public static partial class Ops
{
    /// <summary>
    /// Mean cross-entropy in nats, -log softmax(logits)[label], over the rows whose label is not -1: logits [..., V], one label
    /// a row. 0 where every label is ignored.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A label is neither -1 nor in the vocabulary.</exception>
    public static Tensor CrossEntropy(Pass pass, Tensor logits, int[] labels)
    {
        int rows = logits.Shape.Rows, V = logits.Shape.Last;
        if (labels.Length != rows)
            throw new ArgumentException($"labels has {labels.Length} elements, logits {logits.Shape} have {rows} rows.", nameof(labels));
        Tensor rowLoss = pass.Rent(new Shape(rows)), logSumExp = pass.Rent(new Shape(rows)), loss = pass.Rent(new Shape(1));
        pass.Workers.Run(Blocks(rows), new CrossEntropyWork(logits, labels, rowLoss, logSumExp));
        int counted = 0;
        foreach (int label in labels)
            counted += label >= 0 ? 1 : 0;
        loss.Span[0] = counted == 0 ? 0 : (float)(Sum(rowLoss.Span) / counted);
        if (pass.Record)
            pass.Add(new CrossEntropyNode(logits, labels, logSumExp, counted, loss));
        return loss;
    }

    private static double Sum(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float value in values)
            sum += value;
        return sum;
    }

    private readonly struct CrossEntropyWork(Tensor logits, int[] labels, Tensor rowLoss, Tensor logSumExp) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            (int start, int count, int rows) = RowRange(logits, index);
            int from = index * DiagonalRows;
            Kernels.CrossEntropy.Forward(rows, logits.Shape.Last, logits.Span.Slice(start, count), labels.AsSpan(from, rows), rowLoss.Span.Slice(from, rows), logSumExp.Span.Slice(from, rows));
        }
    }

    private sealed class CrossEntropyNode(Tensor logits, int[] labels, Tensor logSumExp, int counted, Tensor loss) : Node(loss)
    {
        public override void Backward(Pass pass)
        {
            if (!logits.RequiresGradient || counted == 0)
                return;
            bool first = logits.Gradient is null;
            Span<float> dLogits = pass.GradientOf(logits);
            Tensor written = first ? logits.Gradient! : pass.Rent(logits.Shape);
            pass.Workers.Run(Blocks(logits.Shape.Rows), new CrossEntropyBackwardWork(logits, labels, logSumExp, loss.Gradient!.Span[0] / counted, written));
            if (!first)
            {
                Elementwise.AddTo(written.Span, dLogits);
                pass.Return(written);
            }
        }
    }

    private readonly struct CrossEntropyBackwardWork(Tensor logits, int[] labels, Tensor logSumExp, float scale, Tensor written) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            (int start, int count, int rows) = RowRange(logits, index);
            int from = index * DiagonalRows;
            Kernels.CrossEntropy.Backward(rows, logits.Shape.Last, logits.Span.Slice(start, count), labels.AsSpan(from, rows), logSumExp.Span.Slice(from, rows), scale, written.Span.Slice(start, count));
        }
    }
}
