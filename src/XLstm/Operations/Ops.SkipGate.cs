namespace XLstm;

public static partial class Ops
{
    // Rows that several kernels pass over one after the other: few enough to stay in the first-level cache in between.
    private const int StripRows = 16;

    /// <summary>
    /// The output of an mLSTM block before its down-projection: (norm(h) + skip * a) * silu(z); h, a, z [..., F], skip [F].
    /// </summary>
    public static Tensor SkipGate(Pass pass, Tensor h, Norm norm, Parameter skip, Tensor a, Tensor z)
    {
        SameShape(h, a, nameof(a));
        SameShape(h, z, nameof(z));
        if (skip.Length != h.Shape.Last)
            throw new ArgumentException($"h is {h.Shape}; {skip} expects {skip.Length} as the last dimension.", nameof(h));
        NormRows rows = NormOf(pass, h, norm);
        Tensor y = pass.Rent(h.Shape);
        pass.Workers.Run(Blocks(h.Shape.Rows), new SkipGateWork(rows, skip, a, z, y));
        if (pass.Record)
            pass.Add(new SkipGateNode(rows, h, norm, skip, a, z, y));
        else
            pass.Return(rows.Statistics);
        return y;
    }

    private readonly struct SkipGateWork(NormRows norm, Parameter skip, Tensor a, Tensor z, Tensor y) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            (int from, int rows) = RowRange(y, index);
            for (int end = from + rows; from < end; from += StripRows)
            {
                int count = Math.Min(StripRows, end - from), F = skip.Length, start = from * F, length = count * F;
                Span<float> strip = y.Span.Slice(start, length);
                norm.Forward(from, count, strip);
                Kernels.SkipGate.Forward(count, F, strip, a.Span.Slice(start, length), z.Span.Slice(start, length), F, skip.Span, strip);
            }
        }
    }

    private sealed class SkipGateNode(NormRows rows, Tensor h, Norm norm, Parameter skip, Tensor a, Tensor z, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            int blocks = Blocks(h.Shape.Rows);
            Tensor partial = pass.Rent(new Shape(blocks, skip.Length + rows.SumsLength));
            pass.Workers.Run(blocks, new SkipGateBackwardWork(rows, skip, a, z, y, pass.SumOf(h), pass.SumOf(a), pass.SumOf(z), partial));
            AddParts(pass, partial, skip, norm.Weight, norm.Bias);
        }
    }

    private readonly struct SkipGateBackwardWork(
        NormRows norm, Parameter skip, Tensor a, Tensor z, Tensor y, GradientSum dH, GradientSum dA, GradientSum dZ, Tensor partial) : IWork
    {
        public int ScratchLength => partial.Shape.Last + 2 * StripRows * skip.Length;

        public void Run(int index, Span<float> scratch)
        {
            (int from, int rows) = RowRange(y, index);
            int F = skip.Length;
            Span<float> sums = scratch[..partial.Shape.Last], strips = scratch[sums.Length..];
            sums.Clear();
            for (int end = from + rows; from < end; from += StripRows)
            {
                int count = Math.Min(StripRows, end - from), start = from * F, length = count * F;
                Span<float> normed = strips[..length], dNormed = strips.Slice(length, length);
                norm.Again(from, count, normed);
                dNormed.Clear();
                Kernels.SkipGate.Backward(
                    count, F, normed, a.Span.Slice(start, length), z.Span.Slice(start, length), F, skip.Span, y.Gradient!.Span.Slice(start, length),
                    dNormed, dA.Part(start, length), dZ.Part(start, length), sums[..F]);
                norm.Backward(from, count, dNormed, dH, sums[F..]);
            }
            sums.CopyTo(partial.Span[(index * sums.Length)..]);
        }
    }
}
