using XLstm.Kernels;

namespace XLstm;

/// <summary>A block-diagonal map of the convolved or of the plain input of a cell, to some columns of an output.</summary>
internal readonly record struct Projection(BlockDiagonalLinear Map, bool Convolved, int Output = 0, int Offset = 0)
{
    public int Outputs => Map.Weight.Shape[0] * Map.Weight.Shape[1];
}

/// <summary>What <see cref="Ops.Project"/> makes: a = f(conv(x)), the outputs, and the state of the convolution.</summary>
internal readonly record struct Projected(Tensor A, Tensor First, Tensor? Second, Tensor? Third, Tensor? State)
{
    public Tensor this[int output] => (output == 0 ? First : output == 1 ? Second : Third)!;
}

public static partial class Ops
{
    /// <summary>
    /// What comes before a cell, in one pass over its input x [B, T, F]: a = silu(conv(x)), or without the convolution or
    /// without the silu, and block-diagonal maps of a and of x into outputs [B, T, ...].
    /// </summary>
    internal static Projected Project(Pass pass, Tensor x, CausalConv1d? convolution, Tensor? state, bool activate, int[]? lengths, Projection[] maps)
    {
        foreach (Projection map in maps)
            if (map.Map.Weight is { } weight && weight.Shape[0] * weight.Shape[2] != x.Shape.Last)
                throw new ArgumentException($"x is {x.Shape}; {weight.Name} {weight.Shape} expects {weight.Shape[0] * weight.Shape[2]} as the last dimension.", nameof(x));
        ConvolutionRows rows = ConvolutionOf(pass, x, state, convolution?.Weight, convolution?.Bias, lengths);
        var to = new Projected(pass.Rent(x.Shape), Rent(0)!, Rent(1), Rent(2), rows.Next);
        var pieces = new TimePieces(x, Math.Max(DiagonalRows, rows.Past));
        // Maps of x itself wait for nothing: each is work of its own.
        int parts = Array.Exists(maps, m => m.Convolved) ? 1 : maps.Length;
        pass.Workers.Run(pieces.Count * parts, new ProjectionWork(rows, pieces, parts, activate, x, maps, to));
        rows.Carry(pieces);
        if (pass.Record)
            pass.Add(new ProjectionNode(rows, pieces, activate, x, convolution, state, maps, to));
        return to;

        Tensor? Rent(int output)
        {
            int width = 0;
            foreach (Projection map in maps)
                if (map.Output == output)
                    width = Math.Max(width, map.Offset + map.Outputs);
            return width == 0 ? null : pass.Rent(x.Shape.WithLast(width));
        }
    }

    private static int ScratchLength(Projection[] maps, int rows)
    {
        int most = 0;
        foreach (Projection map in maps)
            most = Math.Max(most, BlockDiagonal.ScratchLength(rows, map.Map.Weight.Shape[0], map.Map.Weight.Shape[1], map.Map.Weight.Shape[2]));
        return most;
    }

    private readonly struct ProjectionWork(ConvolutionRows convolution, TimePieces pieces, int parts, bool activate, Tensor x, Projection[] maps, Projected to) : IWork
    {
        public int ScratchLength => Math.Max(convolution.ForwardScratchLength, Ops.ScratchLength(maps, pieces.Longest));

        public void Run(int index, Span<float> scratch)
        {
            (int b, int from, int steps) = pieces.At(index / parts);
            int F = x.Shape[2], row = b * x.Shape[1] + from, part = index % parts;
            Span<float> a = to.A.Span.Slice(row * F, steps * F);
            if (part == 0)
            {
                convolution.Forward(b, from, steps, a, convolution.After(b, from, pieces), scratch);
                if (activate)
                    Activations.Forward(Activation.Swish, a, a);
            }
            if (steps == 0)
                return;
            foreach (Projection map in parts == 1 ? maps : maps.AsSpan(part, 1))
            {
                Shape w = map.Map.Weight.Shape;
                Tensor y = to[map.Output];
                BlockDiagonal.Forward(
                    steps, w[0], w[1], w[2], map.Convolved ? a : convolution.Input(b, from, steps), F, map.Map.Weight.Span,
                    map.Map.Bias is { } bias ? bias.Span : default, y.Span[(row * y.Shape.Last + map.Offset)..], y.Shape.Last, scratch);
            }
        }
    }

    private sealed class ProjectionNode(
        ConvolutionRows rows, TimePieces pieces, bool activate, Tensor x, CausalConv1d? convolution, Tensor? state, Projection[] maps, Projected to)
        : Node(to.A, to.First, to.Second, to.Third, to.State)
    {
        public override void Backward(Pass pass)
        {
            var parameters = new Parameter?[2 + 2 * maps.Length];
            (parameters[0], parameters[1]) = (convolution?.Weight, convolution?.Bias);
            int sums = rows.SumsLength;
            for (int i = 0; i < maps.Length; i++)
            {
                pass.GradientOf(to[maps[i].Output]);
                (parameters[2 + 2 * i], parameters[3 + 2 * i]) = (maps[i].Map.Weight, maps[i].Map.Bias);
                sums += maps[i].Map.Weight.Length + (maps[i].Map.Bias?.Length ?? 0);
            }
            Tensor partial = pass.Rent(new Shape(pieces.Count, sums));
            pass.Workers.Run(pieces.Count, new ProjectionBackwardWork(rows, pieces, activate, x, maps, to, pass.SumOf(x), pass.SumOf(state), partial));
            AddParts(pass, partial, parameters);
        }
    }

    // Some steps of one row, from the outputs to x. Of the steps that see these through the convolution, dconv is made once more.
    private readonly struct ProjectionBackwardWork(
        ConvolutionRows convolution, TimePieces pieces, bool activate, Tensor x, Projection[] maps, Projected to, GradientSum dX, GradientSum dState, Tensor partial) : IWork
    {
        private int F => x.Shape[2];

        private int RowsLength => (pieces.Longest + convolution.Past) * F;

        public int ScratchLength => 2 * RowsLength + StripRows * F
            + Math.Max(Math.Max(convolution.ForwardScratchLength, convolution.BackwardScratchLength), Ops.ScratchLength(maps, pieces.Longest));

        public void Run(int index, Span<float> scratch)
        {
            (int b, int from, int steps) = pieces.At(index);
            int row = b * x.Shape[1] + from, more = convolution.Seeing(b, from, steps), length = (steps + more) * F;
            Span<float> sums = partial.Span.Slice(index * partial.Shape.Last, partial.Shape.Last), mapSums = sums[convolution.SumsLength..];
            Span<float> d = scratch[..length], work = scratch[RowsLength..], dx = dX.Part(row * F, steps * F);
            sums.Clear();
            if (steps == 0)
            {
                convolution.Backward(b, from, steps, default, dx, dState, sums, work);
                return;
            }
            if (to.A.Gradient is { } dA)
                dA.Span.Slice(row * F, length).CopyTo(d);
            else
                d.Clear();
            foreach (Projection map in maps)
            {
                Parameter weight = map.Map.Weight;
                Span<float> dWeight = mapSums[..weight.Length], dBias = map.Map.Bias is null ? default : mapSums.Slice(weight.Length, map.Map.Bias.Length);
                mapSums = mapSums[(dWeight.Length + dBias.Length)..];
                if (!map.Convolved)
                {
                    Back(map, row, steps, convolution.Input(b, from, steps), dx, dWeight, dBias, work);
                    continue;
                }
                Back(map, row, steps, to.A.Span.Slice(row * F, steps * F), d[..(steps * F)], dWeight, dBias, work);
                if (more > 0)
                    Back(map, row + steps, more, default, d[(steps * F)..], default, default, work);
            }
            if (activate)
                Activate(b, from, steps + more, d, work);
            convolution.Backward(b, from, steps, d, dx, dState, sums[..convolution.SumsLength], work);
        }

        private void Back(Projection map, int row, int rows, ReadOnlySpan<float> input, Span<float> dInput, Span<float> dWeight, Span<float> dBias, Span<float> scratch)
        {
            Shape w = map.Map.Weight.Shape;
            Tensor y = to[map.Output];
            BlockDiagonal.Backward(
                rows, w[0], w[1], w[2], input, F, map.Map.Weight.Span, y.Gradient!.Span[(row * y.Shape.Last + map.Offset)..], y.Shape.Last,
                dInput, F, dWeight, dBias, scratch);
        }

        // d *= silu'(conv(x))
        private void Activate(int b, int from, int steps, Span<float> d, Span<float> scratch)
        {
            Span<float> before = scratch[..d.Length], strip = scratch.Slice(RowsLength, StripRows * F);
            convolution.Forward(b, from, steps, before, default, scratch[(RowsLength + strip.Length)..]);
            for (int i = 0; i < d.Length; i += strip.Length)
            {
                Span<float> part = d.Slice(i, Math.Min(strip.Length, d.Length - i)), product = strip[..part.Length];
                product.Clear();
                Activations.Backward(Activation.Swish, before.Slice(i, part.Length), part, product);
                product.CopyTo(part);
            }
        }
    }
}
