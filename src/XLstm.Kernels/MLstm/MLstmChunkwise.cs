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
        int L = Math.Min(chunkLength, Math.Max(1, shape.Time)), K = shape.KeyWidth, V = shape.ValueWidth;
        return L * MLstmGates.FloatsPerStep + L * L + L * V + L * K + L + ProductScratch(L, K, V);
    }

    private static int ProductScratch(int L, int K, int V)
    {
        int most = MatrixProduct.ScratchLength(L, L, K);
        most = Math.Max(most, MatrixProduct.ScratchLength(L, V, K));
        most = Math.Max(most, MatrixProduct.ScratchLength(L, V, L));
        most = Math.Max(most, MatrixProduct.ScratchLength(K, V, L));
        most = Math.Max(most, MatrixProduct.ScratchLength(L, L, V));
        most = Math.Max(most, MatrixProduct.ScratchLength(L, K, L));
        return Math.Max(most, MatrixProduct.ScratchLength(L, K, V));
    }

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
        int K = shape.KeyWidth, V = shape.ValueWidth, length = Math.Min(chunkLength, shape.Time);
        var cut = new Cutter(scratch);
        var gates = new MLstmGates(length, cut.Take(length * MLstmGates.FloatsPerStep));
        Span<float> S = cut.Take(length * length), sums = cut.Take(length * V), weightedKeys = cut.Take(length * K), den = cut.Take(length);
        Span<float> products = cut.Rest;

        for (int start = 0; start < shape.Time; start += length)
        {
            int steps = Math.Min(length, shape.Time - start);
            bool hasState = continues || start > 0;
            ReadOnlySpan<float> qc = q[(start * shape.KeyStride)..], kc = k[(start * shape.KeyStride)..], vc = v[(start * shape.ValueStride)..];
            float decay = gates.Prepare<L>(steps, inputGate[(start * shape.GateStride)..], forgetGate[(start * shape.GateStride)..], shape.GateStride, m0, options.InputGate);

            Scores<L>(shape, steps, qc, kc, gates, S, default, den, products);
            if (hasState)
            {
                MatrixProduct.Multiply(false, false, steps, V, K, qc, shape.KeyStride, C, V, sums, V, accumulate: false, products);
                for (int j = 0; j < steps; j++)
                {
                    Rows.Scale<L>(sums.Slice(j * V, V), gates.Inter[j]);
                    den[j] += gates.Inter[j] * Rows.Dot<L>(qc.Slice(j * shape.KeyStride, K), n);
                }
            }
            MatrixProduct.Multiply(false, false, steps, V, steps, S, steps, vc, shape.ValueStride, sums, V, hasState, products);

            for (int j = 0; j < steps; j++)
                Rows.Scale<L>(sums.Slice(j * V, V), Inverse(options, den[j], gates.Floor[j]), h.Slice((start + j) * shape.ValueStride, V));

            AdvanceState<L>(shape, steps, kc, vc, gates, decay, hasState, C, n, weightedKeys, products);
            m0 = gates.M[steps - 1];
        }
        m[0] = m0;
    }

    private static float Inverse(in MLstmOptions options, float den, float floor) =>
        options.Normalize ? 1f / (MathF.Max(MathF.Abs(den), floor) + options.Epsilon) : 1f;

    // S = (q k^T / sqrt(K)) W with W_js = exp(b_j - b_s + log i_s - m_j) for s <= j, else 0; den_j = sum_s S_js. W is kept where asked for.
    private static void Scores<L>(
        in MLstmShape shape, int steps, ReadOnlySpan<float> q, ReadOnlySpan<float> k, in MLstmGates gates,
        Span<float> S, Span<float> W, Span<float> den, Span<float> products)
        where L : struct, ILanes<L>
    {
        MatrixProduct.Multiply(false, true, steps, steps, shape.KeyWidth, q, shape.KeyStride, k, shape.KeyStride, S, steps, accumulate: false, products);
        ref float high = ref MemoryMarshal.GetReference(gates.ColumnHigh);
        ref float low = ref MemoryMarshal.GetReference(gates.ColumnLow);
        ref float keptWeights = ref MemoryMarshal.GetReference(W);
        bool keep = !W.IsEmpty;
        for (int j = 0; j < steps; j++)
        {
            Span<float> row = S.Slice(j * steps, steps);
            ref float r = ref MemoryMarshal.GetReference(row);
            L rowHigh = L.Create(gates.RowHigh[j]), rowLow = L.Create(gates.RowLow[j]), scale = L.Create(shape.KeyScale);
            L sum = L.Create(0f);
            int s = 0, count = j + 1;
            for (; s + L.Count <= count; s += L.Count)
            {
                L weight = scale * LaneMath.Exp(rowHigh + L.Load(ref high, s) + (rowLow + L.Load(ref low, s)));
                if (keep)
                    L.Store(weight, ref keptWeights, j * steps + s);
                L score = L.Load(ref r, s) * weight;
                L.Store(score, ref r, s);
                sum += score;
            }
            float total = L.Sum(sum);
            for (; s < count; s++)
            {
                Lanes1 weight = Lanes1.Create(shape.KeyScale) * LaneMath.Exp(
                    Lanes1.Create(gates.RowHigh[j] + gates.ColumnHigh[s] + (gates.RowLow[j] + gates.ColumnLow[s])));
                if (keep)
                    Lanes1.Store(weight, ref keptWeights, j * steps + s);
                row[s] *= Lanes1.Sum(weight);
                total += row[s];
            }
            row[count..].Clear();
            if (keep)
                W.Slice(j * steps + count, steps - count).Clear();
            den[j] = total;
        }
    }

    // weightedKeys_s = exp(b_L - b_s + log i_s - m_L) k_s / sqrt(K);  C = decay C + weightedKeys^T v;  n = decay n + sum of weightedKeys
    private static void AdvanceState<L>(
        in MLstmShape shape, int steps, ReadOnlySpan<float> k, ReadOnlySpan<float> v, in MLstmGates gates, float decay, bool hasState,
        Span<float> C, Span<float> n, Span<float> weightedKeys, Span<float> products)
        where L : struct, ILanes<L>
    {
        int K = shape.KeyWidth, V = shape.ValueWidth;
        if (hasState)
        {
            Rows.Scale<L>(C[..(K * V)], decay);
            Rows.Scale<L>(n[..K], decay);
        }
        for (int s = 0; s < steps; s++)
        {
            Span<float> key = weightedKeys.Slice(s * K, K);
            Rows.Scale<L>(k.Slice(s * shape.KeyStride, K), gates.Carry[s] * shape.KeyScale, key);
            Rows.Add<L>(key, n);
        }
        MatrixProduct.Multiply(true, false, K, V, steps, weightedKeys, K, v, shape.ValueStride, C, V, hasState, products);
    }
}
