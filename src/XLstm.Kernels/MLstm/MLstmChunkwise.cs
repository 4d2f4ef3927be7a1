using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// The mLSTM in chunks of L steps (arXiv 2503.14376): recurrent between chunks, parallel within, O(T (L + K) V).
/// With b_j the log forget gates summed from the start of the chunk, C_0, n_0, m_0 the state before it:
/// <code>
/// m_j   = max(b_j + m_0, max_{s&lt;=j} b_j - b_s + log i_s)
/// S_js  = (q_j . k_s / sqrt(K)) exp(b_j - b_s + log i_s - m_j)          s &lt;= j
/// w_j   = exp(b_j + m_0 - m_j)
/// h_j   = (w_j q_j C_0 + sum_s S_js v_s) / (max(|w_j q_j.n_0 + sum_s S_js|, exp(-m_j)) + epsilon)
/// C_L   = exp(b_L + m_0 - m_L) C_0 + sum_s exp(b_L - b_s + log i_s - m_L) (k_s / sqrt(K)) v_s^T
/// </code>
/// The last chunk may be shorter, so every T works. One chunk of T steps is the parallel form.
/// </summary>
public static partial class MLstmChunkwise
{
    /// <summary>Steps in a chunk where the caller has no reason for another length.</summary>
    public const int DefaultChunkLength = 64;

    /// <summary>Scratch floats that <see cref="Forward"/> needs.</summary>
    public static int ForwardScratchLength(in MLstmShape shape, int chunkLength)
    {
        int L = Math.Min(chunkLength, Math.Max(1, shape.Time)), K = shape.KeyWidth, V = shape.ValueWidth, padded = Cutter.Padded(L);
        return Cutter.Slack + padded * (MLstmGates.FloatsPerStep + 1)
            + 2 * Cutter.Padded(L * K) + K * padded                                   // queries, keys, keys transposed
            + Cutter.Padded(L * (K + padded)) + Cutter.Padded((K + L) * V)            // what a row of h is the product of
            + ProductScratch(L, K, V);
    }

    // A product sums at most 384 terms at a time, and needs most for as many.
    private static int ProductScratch(int L, int K, int V) =>
        MatrixProduct.ScratchLength(L, Math.Max(Cutter.Padded(L), Math.Max(K, V)), Math.Min(Math.Max(K + L, V), 384));

    /// <summary>Runs one sequence of one head and leaves the state after it in C, n and m.</summary>
    /// <param name="shape">T, K, V and strides.</param>
    /// <param name="chunkLength">L, at least 1.</param>
    /// <param name="options">Variant of the cell.</param>
    /// <param name="q">Queries [T, K], unscaled.</param>
    /// <param name="k">Keys [T, K], unscaled.</param>
    /// <param name="v">Values [T, V].</param>
    /// <param name="inputGate">i~ [T].</param>
    /// <param name="forgetGate">f~ [T].</param>
    /// <param name="continues">Whether C, n and m hold a state; otherwise they are only written, and m starts at 0.</param>
    /// <param name="C">Matrix memory [K, V], keys scaled by 1/sqrt(K).</param>
    /// <param name="n">Normaliser [K].</param>
    /// <param name="m">Stabiliser [1].</param>
    /// <param name="h">Output [T, V].</param>
    /// <param name="scratch">At least <see cref="ForwardScratchLength"/>.</param>
    /// <exception cref="ArgumentException">A span is shorter than its shape.</exception>
    public static void Forward(
        in MLstmShape shape, int chunkLength, in MLstmOptions options, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, bool continues, Span<float> C, Span<float> n, Span<float> m,
        Span<float> h, Span<float> scratch) =>
        ForwardFrom(0, shape, chunkLength, options, q, k, v, inputGate, forgetGate, continues, C, n, m, h, scratch);

    // The parallel form of a fresh sequence starts from m = -infinity instead of 0: nothing to stabilise against.
    internal static void ForwardFrom(
        float freshM, in MLstmShape shape, int chunkLength, in MLstmOptions options, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, bool continues, Span<float> C, Span<float> n, Span<float> m,
        Span<float> h, Span<float> scratch)
    {
        CheckInputs(shape, q, k, v, inputGate, forgetGate, h);
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkLength, 1);
        Check.Length(C, shape.MemoryLength);
        Check.Length(n, shape.KeyWidth);
        Check.Length(m, 1);
        Check.Length(scratch, ForwardScratchLength(shape, chunkLength));
        if (!continues)
        {
            C[..shape.MemoryLength].Clear();
            n[..shape.KeyWidth].Clear();
            m[0] = 0;
        }
        if (shape.Time == 0)
            return;

        float m0 = continues || options.InputGate == MLstmInputGate.Sigmoid ? m[0] : freshM;
        switch (Simd.Width)
        {
            case 16: ForwardCore<Lanes16>(shape, chunkLength, options, q, k, v, inputGate, forgetGate, continues, m0, C, n, m, h, scratch); break;
            case 8: ForwardCore<Lanes8>(shape, chunkLength, options, q, k, v, inputGate, forgetGate, continues, m0, C, n, m, h, scratch); break;
            default: ForwardCore<Lanes4>(shape, chunkLength, options, q, k, v, inputGate, forgetGate, continues, m0, C, n, m, h, scratch); break;
        }
    }

    internal static void CheckInputs(
        in MLstmShape shape, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, ReadOnlySpan<float> h)
    {
        Check.Length(q, shape.KeyLength);
        Check.Length(k, shape.KeyLength);
        Check.Length(v, shape.ValueLength);
        Check.Length(inputGate, shape.GateLength);
        Check.Length(forgetGate, shape.GateLength);
        Check.Length(h, shape.ValueLength);
    }

    internal static void ForwardCore<L>(
        in MLstmShape shape, int chunkLength, in MLstmOptions options, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, bool continues, float m0, Span<float> C, Span<float> n, Span<float> m,
        Span<float> h, Span<float> scratch)
        where L : struct, ILanes<L>
    {
        int K = shape.KeyWidth, V = shape.ValueWidth, length = Math.Min(chunkLength, shape.Time), padded = Cutter.Padded(length);
        var cut = new Cutter(scratch);
        var gates = new MLstmGates(padded, cut.Take(padded * MLstmGates.FloatsPerStep));
        Span<float> queries = cut.Take(length * K), keys = cut.Take(length * K), keysAcross = cut.Take(K * padded);

        // With r the inverse of the normaliser, a row of h is one product over K + j terms: [r w q | r S] [C; v].
        int width = K + padded, block = RowBlock(length);
        Span<float> left = cut.Take(length * width), right = cut.Take((K + length) * V);
        Span<float> memory = right[..(K * V)], values = right[(K * V)..];
        Span<float> r = cut.Take(padded), products = cut.Rest;
        C[..(K * V)].CopyTo(memory);

        for (int start = 0; start < shape.Time; start += length)
        {
            int steps = Math.Min(length, shape.Time - start);
            bool hasState = continues || start > 0;
            int from = hasState ? 0 : K;
            float decay = gates.Prepare<L>(steps, inputGate[(start * shape.GateStride)..], forgetGate[(start * shape.GateStride)..], shape.GateStride, m0, options.InputGate);
            Rows.Scale<L>(steps, K, q[(start * shape.KeyStride)..], shape.KeyStride, 1f, queries, K);
            Rows.Scale<L>(steps, K, k[(start * shape.KeyStride)..], shape.KeyStride, shape.KeyScale, keys, K);
            Rows.Scale<L>(steps, V, v[(start * shape.ValueStride)..], shape.ValueStride, 1f, values, V);
            Transpose(steps, K, keys, keysAcross, padded);

            for (int j = 0; j < steps; j += block)
            {
                int end = Math.Min(j + block, steps), columns = Cutter.Padded(end);
                MatrixProduct.Multiply(false, false, end - j, columns, K, queries[(j * K)..], K, keysAcross, padded, left[(j * width + K)..], width, accumulate: false, products);
                for (int i = j; i < end; i++)
                {
                    AskFor(start + length + i, K, shape.KeyStride, q, k);
                    Span<float> scores = left.Slice(i * width + K, columns);
                    float den = Weigh<L>(i, gates, scores, default);
                    if (hasState)
                        den += gates.Inter[i] * Rows.Dot<L>(queries.Slice(i * K, K), n);
                    r[i] = Inverse(options, den, gates.Floor[i]);
                }
                for (int i = j; i < end; i++)
                {
                    AskFor(start + length + i, V, shape.ValueStride, v, h);
                    Rows.Scale<L>(left.Slice(i * width + K, columns), r[i]);
                    if (hasState)
                        Rows.Scale<L>(queries.Slice(i * K, K), gates.Inter[i] * r[i], left.Slice(i * width, K));
                }
                MatrixProduct.Multiply(
                    false, false, end - j, V, K - from + end, left[(j * width + from)..], width, right[(from * V)..], V,
                    h[((start + j) * shape.ValueStride)..], shape.ValueStride, accumulate: false, products);
            }

            AdvanceState<L>(steps, K, V, keys, gates.Carry, values, decay, hasState, memory, n, products);
            m0 = gates.M[steps - 1];
        }
        memory.CopyTo(C);
        m[0] = m0;
    }

    // Rows of one head lie apart, and no prefetcher of the hardware follows them. A few at a time: requests too many are dropped.
    private static void AskFor(int t, int width, int stride, ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        Rows.Ahead(t, width, x, stride);
        Rows.Ahead(t, width, y, stride);
    }

    // Rows that go into one product, which leaves out the columns that lie right of the diagonal for all of them.
    private static int RowBlock(int length) => Math.Max(16, Cutter.Padded(length / 8));

    private static float Inverse(in MLstmOptions options, float den, float floor) =>
        options.Normalize ? 1f / (MathF.Max(MathF.Abs(den), floor) + options.Epsilon) : 1f;

    private static void Transpose(int rows, int width, ReadOnlySpan<float> x, Span<float> across, int stride) =>
        Panels.Transpose(ref MemoryMarshal.GetReference(x), width, rows, width, ref MemoryMarshal.GetReference(across), stride);

    // Row j of q k^T becomes S: times W_js = exp(b_j - b_s + log i_s - m_j) for s <= j, 0 from there on. Returns sum_s S_js;
    // W is kept where asked for. The row's length is a multiple of 16.
    private static float Weigh<L>(int j, in MLstmGates gates, Span<float> row, Span<float> keptWeights) where L : struct, ILanes<L>
    {
        ref float r = ref MemoryMarshal.GetReference(row);
        ref float kept = ref MemoryMarshal.GetReference(keptWeights);
        ref float columnHigh = ref MemoryMarshal.GetReference(gates.ColumnHigh);
        ref float columnLow = ref MemoryMarshal.GetReference(gates.ColumnLow);
        L high = L.Create(gates.RowHigh[j]), low = L.Create(gates.RowLow[j]), zero = L.Create(0f), sum = zero;
        bool keep = !keptWeights.IsEmpty;
        int s = 0;
        for (; s <= j; s += L.Count)
        {
            L weight = LaneMath.Exp(high + L.Load(ref columnHigh, s) + (low + L.Load(ref columnLow, s)));
            if (s + L.Count > j + 1)
                weight = L.SelectLess(LaneMath.Index<L>(), L.Create(j + 1 - s), weight, zero);
            if (keep)
                L.Store(weight, ref kept, s);
            L score = L.Load(ref r, s) * weight;
            L.Store(score, ref r, s);
            sum += score;
        }
        row[s..].Clear();
        if (keep)
            keptWeights[s..].Clear();
        return L.Sum(sum);
    }

    // u_s = exp(b_L - b_s + log i_s - m_L), keys k_s / sqrt(K), which become u_s k_s:  C = decay C + keys^T v;  n = decay n + sum of keys
    private static void AdvanceState<L>(
        int steps, int K, int V, Span<float> keys, ReadOnlySpan<float> u, ReadOnlySpan<float> values, float decay, bool hasState, Span<float> C, Span<float> n, Span<float> products)
        where L : struct, ILanes<L>
    {
        if (hasState)
        {
            Rows.Scale<L>(C[..(K * V)], decay);
            Rows.Scale<L>(n[..K], decay);
        }
        Rows.ScaleSum<L>(steps, K, keys, u, n);
        MatrixProduct.Multiply(true, false, K, V, steps, keys, K, values, V, C, V, hasState, products);
    }
}
