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
            (int from, int rows) = RowRange(logits, index);
            int start = from * logits.Shape.Last, count = rows * logits.Shape.Last;
            Kernels.CrossEntropy.Forward(rows, logits.Shape.Last, logits.Span.Slice(start, count), labels.AsSpan(from, rows), rowLoss.Span.Slice(from, rows), logSumExp.Span.Slice(from, rows));
        }
    }

    private sealed class CrossEntropyNode(Tensor logits, int[] labels, Tensor logSumExp, int counted, Tensor loss) : Node(loss)
    {
        public override void Backward(Pass pass)
        {
            if (!logits.RequiresGradient || counted == 0)
                return;
            GradientSum sum = pass.SumOf(logits);
            Tensor written = sum.Holds ? pass.Rent(logits.Shape) : sum.Tensor;
            pass.Workers.Run(Blocks(logits.Shape.Rows), new CrossEntropyBackwardWork(logits, labels, logSumExp, loss.Gradient!.Span[0] / counted, written));
            if (sum.Holds)
            {
                Elementwise.AddTo(written.Span, sum.Tensor.Span);
                pass.Return(written);
            }
        }
    }

    private readonly struct CrossEntropyBackwardWork(Tensor logits, int[] labels, Tensor logSumExp, float scale, Tensor written) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            (int from, int rows) = RowRange(logits, index);
            int start = from * logits.Shape.Last, count = rows * logits.Shape.Last;
            Kernels.CrossEntropy.Backward(rows, logits.Shape.Last, logits.Span.Slice(start, count), labels.AsSpan(from, rows), logSumExp.Span.Slice(from, rows), scale, written.Span.Slice(start, count));
        }
    }

    /// <summary>
    /// Mean of (p - y)^2, of |p - y|, or of Huber's loss (delta), over the elements whose target is not NaN: prediction and
    /// target of one shape.
    /// </summary>
    public static Tensor Regression(Pass pass, RegressionKind kind, Tensor prediction, Tensor target, float delta = 1f)
    {
        SameShape(prediction, target, nameof(target));
        Tensor losses = pass.Rent(prediction.Shape), loss = pass.Rent(new Shape(1));
        RegressionLoss.Forward(kind, prediction.Span, target.Span, delta, losses.Span);
        int known = Known(target.Span);
        loss.Span[0] = known == 0 ? 0 : (float)(Sum(losses.Span) / known);
        if (pass.Record)
            pass.Add(new RegressionNode(kind, prediction, target, delta, known, loss));
        return loss;
    }

    private sealed class RegressionNode(RegressionKind kind, Tensor prediction, Tensor target, float delta, int known, Tensor loss) : Node(loss)
    {
        public override void Backward(Pass pass)
        {
            if (prediction.RequiresGradient && known > 0)
                RegressionLoss.Backward(kind, prediction.Span, target.Span, delta, loss.Gradient!.Span[0] / known, pass.GradientOf(prediction));
        }
    }

    /// <summary>
    /// Mean quantile (pinball) loss max(tau (y - p), (tau - 1)(y - p)) over levels tau and known targets: prediction [..., Q],
    /// one column for each level; target has one element for each row.
    /// </summary>
    public static Tensor Quantile(Pass pass, ReadOnlySpan<float> levels, Tensor prediction, Tensor target)
    {
        int rows = prediction.Shape.Rows;
        if (prediction.Shape.Last != levels.Length || target.Length != rows)
            throw new ArgumentException($"prediction {prediction.Shape} and target {target.Shape} do not fit {levels.Length} levels.", nameof(prediction));
        Tensor losses = pass.Rent(new Shape(rows)), loss = pass.Rent(new Shape(1));
        QuantileLoss.Forward(rows, levels, prediction.Span, target.Span, losses.Span);
        int known = Known(target.Span);
        loss.Span[0] = known == 0 ? 0 : (float)(Sum(losses.Span) / ((double)known * levels.Length));
        if (pass.Record)
            pass.Add(new QuantileNode(levels.ToArray(), prediction, target, known, loss));
        return loss;
    }

    private sealed class QuantileNode(float[] levels, Tensor prediction, Tensor target, int known, Tensor loss) : Node(loss)
    {
        public override void Backward(Pass pass)
        {
            if (prediction.RequiresGradient && known > 0)
                QuantileLoss.Backward(
                    prediction.Shape.Rows, levels, prediction.Span, target.Span, loss.Gradient!.Span[0] / ((float)known * levels.Length), pass.GradientOf(prediction));
        }
    }

    private static int Known(ReadOnlySpan<float> target)
    {
        int known = 0;
        foreach (float value in target)
            known += float.IsNaN(value) ? 0 : 1;
        return known;
    }

    /// <summary>A loss of your own: <paramref name="function"/> returns its value and fills the gradient of its input.</summary>
    public static Tensor Loss(Pass pass, Tensor input, LossFunction function)
    {
        Tensor loss = pass.Rent(new Shape(1)), gradient = pass.Rent(input.Shape);
        gradient.Span.Clear();
        loss.Span[0] = function(input.Span, gradient.Span);
        if (pass.Record)
            pass.Add(new LossNode(input, gradient, loss));
        return loss;
    }

    private sealed class LossNode(Tensor input, Tensor gradient, Tensor loss) : Node(loss)
    {
        public override void Backward(Pass pass)
        {
            if (input.RequiresGradient)
                Elementwise.MultiplyAdd(loss.Gradient!.Span[0], gradient.Span, pass.GradientOf(input));
        }
    }
}

/// <summary>The value of a loss at <paramref name="input"/>; writes its gradient to <paramref name="gradient"/>, which holds zeros.</summary>
public delegate float LossFunction(ReadOnlySpan<float> input, Span<float> gradient);
