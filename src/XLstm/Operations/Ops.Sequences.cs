using XLstm.Kernels;

namespace XLstm;

public static partial class Ops
{
    /// <summary>Rows of a table: tokens [B * T] row by row, table [V, D]; returns [B, T, D].</summary>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the table.</exception>
    public static Tensor Embed(Pass pass, int[] tokens, int batch, Parameter table)
    {
        if (batch < 1 || tokens.Length % batch != 0)
            throw new ArgumentException($"{tokens.Length} tokens do not make {batch} rows of equal length.", nameof(tokens));
        Tensor y = pass.Rent(new Shape(batch, tokens.Length / batch, table.Shape[1]));
        Embedding.Forward(tokens, table.Shape[1], table.Span, y.Span);
        if (pass.Record)
            pass.Add(new EmbedNode(tokens, table, y));
        return y;
    }

    private sealed class EmbedNode(int[] tokens, Parameter table, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            if (table.RequiresGradient)
                Embedding.Backward(tokens, table.Shape[1], y.Gradient!.Span, pass.GradientOf(table));
        }
    }

    /// <summary>The last step of each row, at its length: x [B, T, D]; returns [B, D]. A row of length 0 gives 0.</summary>
    public static Tensor Last(Pass pass, Tensor x, int[]? lengths = null)
    {
        int B = x.Shape[0], T = x.Shape[1], D = x.Shape[2];
        CheckLengths(lengths, B, T);
        Tensor y = pass.Rent(new Shape(B, D));
        for (int b = 0; b < B; b++)
        {
            int last = (lengths is null ? T : lengths[b]) - 1;
            if (last < 0)
                y.Span.Slice(b * D, D).Clear();
            else
                x.Span.Slice((b * T + last) * D, D).CopyTo(y.Span[(b * D)..]);
        }
        if (pass.Record)
            pass.Add(new LastNode(x, lengths, y));
        return y;
    }

    private sealed class LastNode(Tensor x, int[]? lengths, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            if (!x.RequiresGradient)
                return;
            int B = x.Shape[0], T = x.Shape[1], D = x.Shape[2];
            Span<float> dX = pass.GradientOf(x);
            for (int b = 0; b < B; b++)
            {
                int last = (lengths is null ? T : lengths[b]) - 1;
                if (last >= 0)
                    Elementwise.AddTo(y.Gradient!.Span.Slice(b * D, D), dX.Slice((b * T + last) * D, D));
            }
        }
    }

    /// <summary>The mean over the steps of each row, within its length: x [B, T, D]; returns [B, D]. A row of length 0 gives 0.</summary>
    public static Tensor Mean(Pass pass, Tensor x, int[]? lengths = null)
    {
        int B = x.Shape[0], T = x.Shape[1], D = x.Shape[2];
        CheckLengths(lengths, B, T);
        Tensor y = pass.Rent(new Shape(B, D));
        y.Span.Clear();
        for (int b = 0; b < B; b++)
        {
            int steps = lengths is null ? T : lengths[b];
            Span<float> mean = y.Span.Slice(b * D, D);
            for (int t = 0; t < steps; t++)
                Elementwise.AddTo(x.Span.Slice((b * T + t) * D, D), mean);
            for (int d = 0; d < D; d++)
                mean[d] /= Math.Max(1, steps);
        }
        if (pass.Record)
            pass.Add(new MeanNode(x, lengths, y));
        return y;
    }

    private sealed class MeanNode(Tensor x, int[]? lengths, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            if (!x.RequiresGradient)
                return;
            int B = x.Shape[0], T = x.Shape[1], D = x.Shape[2];
            Span<float> dX = pass.GradientOf(x);
            for (int b = 0; b < B; b++)
            {
                int steps = lengths is null ? T : lengths[b];
                for (int t = 0; t < steps; t++)
                    Elementwise.MultiplyAdd(1f / steps, y.Gradient!.Span.Slice(b * D, D), dX.Slice((b * T + t) * D, D));
            }
        }
    }

    /// <summary>The largest of each feature over the steps of each row, within its length: x [B, T, D]; returns [B, D]. A row of length 0 gives 0.</summary>
    public static Tensor Max(Pass pass, Tensor x, int[]? lengths = null)
    {
        int B = x.Shape[0], T = x.Shape[1], D = x.Shape[2];
        CheckLengths(lengths, B, T);
        Tensor y = pass.Rent(new Shape(B, D));
        y.Span.Clear();
        var at = new int[B * D];
        for (int b = 0; b < B; b++)
        {
            int steps = lengths is null ? T : lengths[b];
            for (int d = 0; d < D && steps > 0; d++)
            {
                int best = b * T * D + d;
                for (int t = 1; t < steps; t++)
                    best = x.Span[(b * T + t) * D + d] > x.Span[best] ? (b * T + t) * D + d : best;
                (at[b * D + d], y.Span[b * D + d]) = (best, x.Span[best]);
            }
        }
        if (pass.Record)
            pass.Add(new MaxNode(x, lengths, at, y));
        return y;
    }

    private sealed class MaxNode(Tensor x, int[]? lengths, int[] at, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            if (!x.RequiresGradient)
                return;
            int D = x.Shape[2];
            Span<float> dX = pass.GradientOf(x);
            for (int i = 0; i < at.Length; i++)
                if (lengths is null || lengths[i / D] > 0)
                    dX[at[i]] += y.Gradient!.Span[i];
        }
    }

    /// <summary>Rows of x [..., D], numbered over all dimensions but the last: [places, D].</summary>
    internal static Tensor Gather(Pass pass, Tensor x, int[] places)
    {
        int rows = x.Shape.Rows, D = x.Shape.Last;
        Tensor y = pass.Rent(new Shape(places.Length, D));
        for (int i = 0; i < places.Length; i++)
        {
            if (places[i] < 0 || places[i] >= rows)
                throw new ArgumentOutOfRangeException(nameof(places), places[i], $"Place {i} is {places[i]}; x {x.Shape} has rows 0 to {rows - 1}.");
            x.Span.Slice(places[i] * D, D).CopyTo(y.Span[(i * D)..]);
        }
        if (pass.Record)
            pass.Add(new GatherNode(x, places, y));
        return y;
    }

    private sealed class GatherNode(Tensor x, int[] places, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            if (!x.RequiresGradient)
                return;
            int D = x.Shape.Last;
            Span<float> dX = pass.GradientOf(x);
            for (int i = 0; i < places.Length; i++)
                Elementwise.AddTo(y.Gradient!.Span.Slice(i * D, D), dX.Slice(places[i] * D, D));
        }
    }

    /// <summary>Each row's steps in reverse order, within its length: x [B, T, D].</summary>
    public static Tensor Reverse(Pass pass, Tensor x, int[]? lengths = null)
    {
        CheckLengths(lengths, x.Shape[0], x.Shape[1]);
        Tensor y = pass.Rent(x.Shape);
        y.Span.Clear();
        AddReversed(x, y, lengths);
        if (pass.Record)
            pass.Add(new ReverseNode(x, lengths, y));
        return y;
    }

    private static void AddReversed(Tensor x, Tensor destination, int[]? lengths)
    {
        int B = x.Shape[0], T = x.Shape[1], D = x.Shape[2];
        for (int b = 0; b < B; b++)
        {
            int steps = lengths is null ? T : lengths[b];
            for (int t = 0; t < steps; t++)
                Elementwise.AddTo(x.Span.Slice((b * T + t) * D, D), destination.Span.Slice((b * T + steps - 1 - t) * D, D));
        }
    }

    private sealed class ReverseNode(Tensor x, int[]? lengths, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            if (!pass.GradientOf(x).IsEmpty)
                AddReversed(y.Gradient!, x.Gradient!, lengths);
        }
    }

    /// <summary>Joins two tensors along the last dimension.</summary>
    public static Tensor Concatenate(Pass pass, Tensor x, Tensor y)
    {
        int rows = x.Shape.Rows, a = x.Shape.Last, b = y.Shape.Last;
        if (y.Shape != x.Shape.WithLast(b))
            throw new ArgumentException($"y is {y.Shape}, expected {x.Shape} up to the last dimension.", nameof(y));
        Tensor joined = pass.Rent(x.Shape.WithLast(a + b));
        for (int r = 0; r < rows; r++)
        {
            x.Span.Slice(r * a, a).CopyTo(joined.Span[(r * (a + b))..]);
            y.Span.Slice(r * b, b).CopyTo(joined.Span[(r * (a + b) + a)..]);
        }
        if (pass.Record)
            pass.Add(new ConcatenateNode(x, y, joined));
        return joined;
    }

    private sealed class ConcatenateNode(Tensor x, Tensor y, Tensor joined) : Node(joined)
    {
        public override void Backward(Pass pass)
        {
            int rows = x.Shape.Rows, a = x.Shape.Last, b = y.Shape.Last;
            ReadOnlySpan<float> g = joined.Gradient!.Span;
            Span<float> dX = pass.GradientOf(x), dY = pass.GradientOf(y);
            for (int r = 0; r < rows; r++)
            {
                if (!dX.IsEmpty)
                    Elementwise.AddTo(g.Slice(r * (a + b), a), dX.Slice(r * a, a));
                if (!dY.IsEmpty)
                    Elementwise.AddTo(g.Slice(r * (a + b) + a, b), dY.Slice(r * b, b));
            }
        }
    }
}
