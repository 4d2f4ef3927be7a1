using XLstm.Kernels;

namespace XLstm;

public static partial class Ops
{
    private const int ElementBlock = 16384;

    /// <summary>x + y, of one shape.</summary>
    public static Tensor Add(Pass pass, Tensor x, Tensor y)
    {
        SameShape(x, y, nameof(y));
        Tensor sum = pass.Rent(x.Shape);
        pass.Workers.Run((x.Length + ElementBlock - 1) / ElementBlock, new AddWork(x, y, sum));
        if (pass.Record)
            pass.Add(new AddNode(x, y, sum));
        return sum;
    }

    private sealed class AddNode(Tensor x, Tensor y, Tensor sum) : Node(sum)
    {
        public override void Backward(Pass pass)
        {
            AddTo(pass, y);
            if (x is { RequiresGradient: true, Pooled: true, Gradient: null })
                (x.Gradient, sum.Gradient) = (sum.Gradient, null); // nobody else reads it any more
            else
                AddTo(pass, x);
        }

        private void AddTo(Pass pass, Tensor input)
        {
            if (pass.SumOf(input) is { Wanted: true } dInput)
                pass.Workers.Run(
                    (sum.Length + ElementBlock - 1) / ElementBlock, new AddWork(sum.Gradient!, dInput.Holds ? dInput.Tensor : null, dInput.Tensor));
        }
    }

    // Without a y, a copy.
    private readonly struct AddWork(Tensor x, Tensor? y, Tensor sum) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            int from = index * ElementBlock, count = Math.Min(ElementBlock, sum.Length - from);
            if (y is null)
                x.Span.Slice(from, count).CopyTo(sum.Span[from..]);
            else
                Elementwise.Add(x.Span.Slice(from, count), y.Span.Slice(from, count), sum.Span.Slice(from, count));
        }
    }

    /// <summary>x * y element by element, of one shape.</summary>
    public static Tensor Multiply(Pass pass, Tensor x, Tensor y)
    {
        SameShape(x, y, nameof(y));
        Tensor product = pass.Rent(x.Shape);
        Elementwise.Multiply(x.Span, y.Span, product.Span);
        if (pass.Record)
            pass.Add(new MultiplyNode(x, y, product));
        return product;
    }

    private sealed class MultiplyNode(Tensor x, Tensor y, Tensor product) : Node(product)
    {
        public override void Backward(Pass pass)
        {
            ReadOnlySpan<float> g = product.Gradient!.Span, xs = x.Span, ys = y.Span;
            Span<float> dX = pass.GradientOf(x), dY = pass.GradientOf(y);
            for (int i = 0; i < dX.Length; i++)
                dX[i] += g[i] * ys[i];
            for (int i = 0; i < dY.Length; i++)
                dY[i] += g[i] * xs[i];
        }
    }

    /// <summary>factor * x.</summary>
    public static Tensor Scale(Pass pass, Tensor x, float factor)
    {
        Tensor y = pass.Rent(x.Shape);
        Elementwise.Scale(factor, x.Span, y.Span);
        if (pass.Record)
            pass.Add(new ScaleNode(x, factor, y));
        return y;
    }

    private sealed class ScaleNode(Tensor x, float factor, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            if (x.RequiresGradient)
                Elementwise.MultiplyAdd(factor, y.Gradient!.Span, pass.GradientOf(x));
        }
    }

    /// <summary>f(x) element by element.</summary>
    public static Tensor Activate(Pass pass, Tensor x, Activation function)
    {
        Tensor y = pass.Rent(x.Shape);
        pass.Workers.Run((x.Length + ElementBlock - 1) / ElementBlock, new ActivationWork(function, x, y));
        if (pass.Record)
            pass.Add(new ActivationNode(function, x, y));
        return y;
    }

    private readonly struct ActivationWork(Activation function, Tensor x, Tensor y, GradientSum dX = default) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            int from = index * ElementBlock, count = Math.Min(ElementBlock, x.Length - from);
            if (dX.Wanted)
                Activations.Backward(function, x.Span.Slice(from, count), y.Gradient!.Span.Slice(from, count), dX.Part(from, count));
            else
                Activations.Forward(function, x.Span.Slice(from, count), y.Span.Slice(from, count));
        }
    }

    private sealed class ActivationNode(Activation function, Tensor x, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            if (pass.SumOf(x) is { Wanted: true } dX)
                pass.Workers.Run((x.Length + ElementBlock - 1) / ElementBlock, new ActivationWork(function, x, y, dX));
        }
    }

    /// <summary>f(first half) * second half of the last dimension: x [..., 2 F]; y [..., F].</summary>
    public static Tensor Gate(Pass pass, Tensor x, Activation function)
    {
        if (x.Shape.Last % 2 != 0)
            throw new ArgumentException($"x is {x.Shape}: the last dimension has no two halves.", nameof(x));
        return Gate(pass, x, x, x.Shape.Last / 2, function);
    }

    /// <summary>f(gate) * up element by element, of one shape.</summary>
    public static Tensor Gate(Pass pass, Tensor gate, Tensor up, Activation function)
    {
        SameShape(gate, up, nameof(up));
        return Gate(pass, gate, up, gate.Shape.Last, function);
    }

    // gate and up may be the two halves of one tensor's rows.
    private static Tensor Gate(Pass pass, Tensor gate, Tensor up, int width, Activation function)
    {
        Tensor y = pass.Rent(gate.Shape.WithLast(width));
        pass.Workers.Run(Blocks(gate.Shape.Rows), new GateWork(function, gate, up, y));
        if (pass.Record)
            pass.Add(new GateNode(function, gate, up, y));
        return y;
    }

    private readonly struct GateWork(Activation function, Tensor gate, Tensor up, Tensor y, GradientSum dGate = default, GradientSum dUp = default) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            int F = y.Shape.Last, stride = gate.Shape.Last, from = index * DiagonalRows, rows = Math.Min(DiagonalRows, y.Shape.Rows - from), start = from * stride;
            int upAt = start + (gate == up ? F : 0);
            if (!dGate.Wanted && !dUp.Wanted)
            {
                GatedActivation.Forward(function, rows, F, gate.Span[start..], up.Span[upAt..], stride, y.Span.Slice(from * F, rows * F));
                return;
            }
            Span<float> g = dGate.Part(start, rows * stride), u = gate == up ? g[F..] : dUp.Part(start, rows * stride);
            GatedActivation.Backward(function, rows, F, gate.Span[start..], up.Span[upAt..], stride, y.Gradient!.Span.Slice(from * F, rows * F), g, u);
        }
    }

    private sealed class GateNode(Activation function, Tensor gate, Tensor up, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            GradientSum dGate = pass.SumOf(gate), dUp = gate == up ? default : pass.SumOf(up);
            if (dGate.Wanted || dUp.Wanted)
                pass.Workers.Run(Blocks(gate.Shape.Rows), new GateWork(function, gate, up, y, dGate, dUp));
        }
    }

    /// <summary>cap tanh(x / cap).</summary>
    public static Tensor SoftCap(Pass pass, Tensor x, float cap)
    {
        Tensor y = pass.Rent(x.Shape);
        Kernels.SoftCap.Forward(cap, x.Span, y.Span);
        if (pass.Record)
            pass.Add(new SoftCapNode(x, cap, y));
        return y;
    }

    private sealed class SoftCapNode(Tensor x, float cap, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            if (x.RequiresGradient)
                Kernels.SoftCap.Backward(cap, y.Span, y.Gradient!.Span, pass.GradientOf(x));
        }
    }

    /// <summary>Zeroes each element with <paramref name="probability"/> and scales the others by 1/(1 - probability); the identity unless the pass trains.</summary>
    public static Tensor Dropout(Pass pass, Tensor x, float probability)
    {
        if (!pass.Options.Training || probability == 0)
            return x;
        Tensor y = pass.Rent(x.Shape);
        long offset = pass.NextDropoutOffset(x.Length);
        Kernels.Dropout.Forward(x.Span, y.Span, probability, pass.Seed, offset);
        if (pass.Record)
            pass.Add(new DropoutNode(x, probability, pass.Seed, offset, y));
        return y;
    }

    private sealed class DropoutNode(Tensor x, float probability, ulong seed, long offset, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            if (x.RequiresGradient)
                Kernels.Dropout.Backward(y.Gradient!.Span, pass.GradientOf(x), probability, seed, offset);
        }
    }

    private static (int From, int Rows) RowRange(Tensor x, int block) =>
        (block * DiagonalRows, Math.Min(DiagonalRows, x.Shape.Rows - block * DiagonalRows));

    private static Span<float> Part(Tensor? tensor, int start, int count) => tensor is null ? default : tensor.Span.Slice(start, count);

    private static void SameShape(Tensor x, Tensor y, string name)
    {
        if (x.Shape != y.Shape)
            throw new ArgumentException($"{name} is {y.Shape}, expected {x.Shape}.", name);
    }
}
