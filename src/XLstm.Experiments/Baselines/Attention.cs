using XLstm.Kernels;

namespace XLstm.Experiments;

/// <summary>
/// Causal attention of several heads with rotary positions (arXiv 1706.03762, 2104.09864). For one head of width d, with
/// R_t the rotation of the pairs (x_j, x_{j + d/2}) by the angles t 10000^(-2j/d):
/// <code>
/// P_ts = softmax over s &lt;= t of (R_t q_t) . (R_s k_s) / sqrt(d)      y_t = sum_s P_ts v_s
/// dV = P^T dY      dS_ts = P_ts (dy_t . v_s - dy_t . y_t)      dQ = R^T dS K / sqrt(d)      dK = R^T dS^T Q / sqrt(d)
/// </code>
/// Rows of P are made for a block of queries at a time and made again in the backward, so memory is linear in T.
/// </summary>
internal static class Attention
{
    private const int Queries = 64;
    private const double Base = 10000;

    /// <summary>[T, 2 pairs]: cosines of the angles of step t, then sines.</summary>
    public static Tensor Rotations(Pass pass, int steps, int pairs)
    {
        Tensor rotations = pass.Rent(new Shape(steps, 2 * pairs));
        for (int j = 0; j < pairs; j++)
        {
            double frequency = Math.Pow(Base, -(double)j / pairs);
            for (int t = 0; t < steps; t++)
            {
                (double sine, double cosine) = Math.SinCos(t * frequency);
                rotations.Span[t * 2 * pairs + j] = (float)cosine;
                rotations.Span[t * 2 * pairs + pairs + j] = (float)sine;
            }
        }
        return rotations;
    }

    /// <summary>qkv [B, T, 3 D] (queries of all heads, keys, values) to y [B, T, D]; rotations [T, D / heads].</summary>
    public static Tensor Forward(Pass pass, Tensor qkv, Tensor rotations, int heads)
    {
        int B = qkv.Shape[0], T = qkv.Shape[1], D = qkv.Shape[2] / 3;
        if (D % heads != 0 || 3 * D != qkv.Shape[2] || rotations.Shape != new Shape(T, D / heads))
            throw new ArgumentException($"qkv {qkv.Shape}, rotations {rotations.Shape} and {heads} heads do not fit.", nameof(qkv));
        Tensor y = pass.Rent(new Shape(B, T, D));
        pass.Workers.Run(B * heads, new ForwardWork(qkv, rotations, heads, y));
        if (pass.Record)
            pass.Add(new AttentionNode(qkv, rotations, heads, y));
        return y;
    }

    private static int ScratchLength(Tensor qkv, int heads, bool backward)
    {
        int T = qkv.Shape[1], d = qkv.Shape[2] / 3 / heads, rows = Math.Min(Queries, T);
        int product = Math.Max(MatrixProduct.ScratchLength(rows, T, d), Math.Max(MatrixProduct.ScratchLength(rows, d, T), MatrixProduct.ScratchLength(T, d, rows)));
        return (backward ? 4 : 2) * (T * d + rows * T) + product;
    }

    private readonly struct ForwardWork(Tensor qkv, Tensor rotations, int heads, Tensor y) : IWork
    {
        public int ScratchLength => ScratchLength(qkv, heads, backward: false);

        public void Run(int index, Span<float> scratch)
        {
            var head = new Head(qkv, rotations, heads, index, ref scratch);
            for (int from = 0; from < head.T; from += Queries)
            {
                int rows = Math.Min(Queries, head.T - from), columns = from + rows;
                head.Attend(from, rows, columns, scratch);
                MatrixProduct.Multiply(
                    false, false, rows, head.d, columns, head.P, columns, head.V, 3 * head.D,
                    y.Span[(head.Output + from * head.D)..], head.D, accumulate: false, scratch);
            }
        }
    }

    private sealed class AttentionNode(Tensor qkv, Tensor rotations, int heads, Tensor y) : Node(y)
    {
        public override void Backward(Pass pass)
        {
            if (pass.SumOf(qkv) is { Wanted: true } dQkv)
                pass.Workers.Run(qkv.Shape[0] * heads, new BackwardWork(qkv, rotations, heads, y, dQkv));
        }
    }

    private readonly struct BackwardWork(Tensor qkv, Tensor rotations, int heads, Tensor y, GradientSum sum) : IWork
    {
        public int ScratchLength => ScratchLength(qkv, heads, backward: true);

        public void Run(int index, Span<float> scratch)
        {
            var head = new Head(qkv, rotations, heads, index, ref scratch);
            int T = head.T, D = head.D, d = head.d;
            Span<float> dQ = Take(ref scratch, T * d), dK = Take(ref scratch, T * d), dS = Take(ref scratch, head.P.Length);
            Span<float> dV = sum.Tensor.Span[(head.Input + 2 * D)..];
            dK.Clear();
            for (int t = 0; t < T && !sum.Holds; t++)
                for (int part = 0; part < 3; part++)
                    sum.Tensor.Span.Slice(head.Input + t * 3 * D + part * D, d).Clear();

            for (int from = 0; from < T; from += Queries)
            {
                int rows = Math.Min(Queries, T - from), columns = from + rows;
                ReadOnlySpan<float> dY = y.Gradient!.Span[(head.Output + from * D)..], q = head.Q[(from * d)..];
                head.Attend(from, rows, columns, scratch);
                MatrixProduct.Multiply(true, false, columns, d, rows, head.P, columns, dY, D, dV, 3 * D, accumulate: true, scratch);
                MatrixProduct.Multiply(false, true, rows, columns, d, dY, D, head.V, 3 * D, dS, columns, accumulate: false, scratch);
                for (int r = 0; r < rows; r++)
                {
                    ReadOnlySpan<float> p = head.P.Slice(r * columns, columns);
                    Span<float> row = dS.Slice(r * columns, columns);
                    float mean = Dot(dY.Slice(r * D, d), y.Span.Slice(head.Output + (from + r) * D, d));
                    Elementwise.Multiply(p, row, row);
                    Elementwise.MultiplyAdd(-mean, p, row);
                }
                MatrixProduct.Multiply(false, false, rows, d, columns, dS, columns, head.K, d, dQ[(from * d)..], d, accumulate: false, scratch);
                MatrixProduct.Multiply(true, false, columns, d, rows, dS, columns, q, d, dK, d, accumulate: true, scratch);
            }
            for (int t = 0; t < T; t++)
            {
                Span<float> gradient = sum.Tensor.Span[(head.Input + t * 3 * D)..];
                RotateBack(dQ.Slice(t * d, d), rotations.Span.Slice(t * d, d), head.Scale, gradient);
                RotateBack(dK.Slice(t * d, d), rotations.Span.Slice(t * d, d), 1f, gradient[D..]);
            }
        }
    }

    /// <summary>One head of one sequence: rotated queries and keys, and memory for the rows of P of a block of queries.</summary>
    private readonly ref struct Head
    {
        public readonly int T, D, d, Input, Output;
        public readonly float Scale;
        public readonly ReadOnlySpan<float> V;
        public readonly Span<float> Q, K, P;

        /// <summary>Takes its memory from the front of the scratch.</summary>
        public Head(Tensor qkv, Tensor rotations, int heads, int index, ref Span<float> scratch)
        {
            (T, D) = (qkv.Shape[1], qkv.Shape[2] / 3);
            d = D / heads;
            Input = index / heads * T * 3 * D + index % heads * d;
            Output = index / heads * T * D + index % heads * d;
            Scale = 1 / MathF.Sqrt(d);
            V = qkv.Span[(Input + 2 * D)..];
            Q = Take(ref scratch, T * d);
            K = Take(ref scratch, T * d);
            P = Take(ref scratch, Math.Min(Queries, T) * T);
            for (int t = 0; t < T; t++)
            {
                ReadOnlySpan<float> row = qkv.Span[(Input + t * 3 * D)..], rotation = rotations.Span.Slice(t * d, d);
                Rotate(row, rotation, Scale, Q.Slice(t * d, d));
                Rotate(row[D..], rotation, 1f, K.Slice(t * d, d));
            }
        }

        /// <summary>P [rows, columns] of the queries from <paramref name="from"/> on; 0 for the keys that come after.</summary>
        public void Attend(int from, int rows, int columns, Span<float> scratch)
        {
            MatrixProduct.Multiply(false, true, rows, columns, d, Q[(from * d)..], d, K, d, P, columns, accumulate: false, scratch);
            for (int r = 0; r < rows; r++)
            {
                Span<float> row = P.Slice(r * columns, columns), past = row[..(from + r + 1)];
                SoftMax.Forward(1, past.Length, past, past);
                row[past.Length..].Clear();
            }
        }
    }

    private static void Rotate(ReadOnlySpan<float> x, ReadOnlySpan<float> rotation, float scale, Span<float> y)
    {
        int pairs = y.Length / 2;
        for (int j = 0; j < pairs; j++)
        {
            float cosine = rotation[j] * scale, sine = rotation[pairs + j] * scale, a = x[j], b = x[pairs + j];
            y[j] = a * cosine - b * sine;
            y[pairs + j] = b * cosine + a * sine;
        }
    }

    // Added to dx.
    private static void RotateBack(ReadOnlySpan<float> dy, ReadOnlySpan<float> rotation, float scale, Span<float> dx)
    {
        int pairs = dy.Length / 2;
        for (int j = 0; j < pairs; j++)
        {
            float cosine = rotation[j] * scale, sine = rotation[pairs + j] * scale, a = dy[j], b = dy[pairs + j];
            dx[j] += a * cosine + b * sine;
            dx[pairs + j] += b * cosine - a * sine;
        }
    }

    private static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        float sum = 0;
        for (int i = 0; i < x.Length; i++)
            sum += x[i] * y[i];
        return sum;
    }

    private static Span<float> Take(ref Span<float> scratch, int length)
    {
        Span<float> taken = scratch[..length];
        scratch = scratch[length..];
        return taken;
    }
}
