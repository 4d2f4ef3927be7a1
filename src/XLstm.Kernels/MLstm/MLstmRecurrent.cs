using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// The mLSTM one step at a time: O(K V) per step and head, decay, update and read-out of C in one pass.
/// <code>
/// m_t = max(logsigmoid(f~) + m_{t-1}, i~)     i' = exp(i~ - m_t)     f' = exp(logsigmoid(f~) + m_{t-1} - m_t)
/// C_t = f' C_{t-1} + i' (k/sqrt(K)) v^T       n_t = f' n_{t-1} + i' k/sqrt(K)
/// h_t = C_t^T q / (max(|n_t . q|, exp(-m_t)) + epsilon)
/// </code>
/// C [K, V] and n [K] hold keys scaled by 1/sqrt(K), and C = C_true exp(-m), n = n_true exp(-m).
/// </summary>
public static class MLstmRecurrent
{
    /// <summary>Runs <see cref="MLstmShape.Time"/> steps and leaves the state after the last one in C, n and m.</summary>
    /// <param name="shape">T, K, V and strides.</param>
    /// <param name="options">Variant of the cell.</param>
    /// <param name="q">Queries [T, K], unscaled.</param>
    /// <param name="k">Keys [T, K], unscaled.</param>
    /// <param name="v">Values [T, V].</param>
    /// <param name="inputGate">i~ [T].</param>
    /// <param name="forgetGate">f~ [T].</param>
    /// <param name="C">Matrix memory [K, V], updated in place.</param>
    /// <param name="n">Normaliser [K], updated in place.</param>
    /// <param name="m">Stabiliser [1], updated in place.</param>
    /// <param name="h">Output [T, V].</param>
    /// <exception cref="ArgumentException">A span is shorter than its shape.</exception>
    public static void Forward(
        in MLstmShape shape, in MLstmOptions options, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, Span<float> C, Span<float> n, Span<float> m, Span<float> h)
    {
        MLstmChunkwise.CheckInputs(shape, q, k, v, inputGate, forgetGate, h);
        Check.Length(C, shape.MemoryLength);
        Check.Length(n, shape.KeyWidth);
        Check.Length(m, 1);
        switch (Simd.Width)
        {
            case 16: ForwardCore<Lanes16>(shape, options, q, k, v, inputGate, forgetGate, C, n, m, h); break;
            case 8: ForwardCore<Lanes8>(shape, options, q, k, v, inputGate, forgetGate, C, n, m, h); break;
            default: ForwardCore<Lanes4>(shape, options, q, k, v, inputGate, forgetGate, C, n, m, h); break;
        }
    }

    internal static void ForwardCore<L>(
        in MLstmShape shape, in MLstmOptions options, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, Span<float> C, Span<float> n, Span<float> m, Span<float> h)
        where L : struct, ILanes<L>
    {
        int K = shape.KeyWidth, V = shape.ValueWidth;
        bool exponential = options.InputGate == MLstmInputGate.Exponential;
        for (int t = 0; t < shape.Time; t++)
        {
            ReadOnlySpan<float> qt = q.Slice(t * shape.KeyStride, K), kt = k.Slice(t * shape.KeyStride, K), vt = v.Slice(t * shape.ValueStride, V);
            double carried = MLstmGates.LogSigmoid(forgetGate[t * shape.GateStride]) + m[0];
            double input = inputGate[t * shape.GateStride];
            if (!exponential)
                input = MLstmGates.LogSigmoid((float)input);
            // Rounded first: then C, n and the stored m agree exactly, however long the sequence.
            float mNew = exponential ? (float)Math.Max(carried, input) : 0;
            float f = (float)Math.Exp(carried - mNew), i = (float)Math.Exp(input - mNew) * shape.KeyScale;

            float dot = 0;
            for (int a = 0; a < K; a++)
            {
                n[a] = float.MultiplyAddEstimate(f, n[a], i * kt[a]);
                dot = float.MultiplyAddEstimate(n[a], qt[a], dot);
            }
            float inverse = options.Normalize ? 1f / (MathF.Max(MathF.Abs(dot), MathF.Exp(-mNew)) + options.Epsilon) : 1f;

            Span<float> ht = h.Slice(t * shape.ValueStride, V);
            int b = Columns4<L>(qt, kt, vt, C, ht, f, i, inverse, V);
            b = Columns<L>(qt, kt, vt, C, ht, f, i, inverse, V, b);
            Columns<Lanes1>(qt, kt, vt, C, ht, f, i, inverse, V, b);
            m[0] = mNew;
        }
    }

    // Four registers of columns at a time: C is read and written once.
    private static int Columns4<L>(ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v, Span<float> C, Span<float> h, float f, float i, float inverse, int V)
        where L : struct, ILanes<L>
    {
        ref float c = ref MemoryMarshal.GetReference(C);
        ref float vr = ref MemoryMarshal.GetReference(v);
        ref float hr = ref MemoryMarshal.GetReference(h);
        int b = 0;
        L decay = L.Create(f), scale = L.Create(inverse);
        for (; b + 4 * L.Count <= V; b += 4 * L.Count)
        {
            L v0 = L.Load(ref vr, b), v1 = L.Load(ref vr, b + L.Count), v2 = L.Load(ref vr, b + 2 * L.Count), v3 = L.Load(ref vr, b + 3 * L.Count);
            L s0 = L.Create(0f), s1 = s0, s2 = s0, s3 = s0;
            nint at = b;
            for (int a = 0; a < q.Length; a++, at += V)
            {
                L key = L.Create(i * k[a]), query = L.Create(q[a]);
                L c0 = L.MultiplyAdd(key, v0, decay * L.Load(ref c, at));
                L c1 = L.MultiplyAdd(key, v1, decay * L.Load(ref c, at + L.Count));
                L c2 = L.MultiplyAdd(key, v2, decay * L.Load(ref c, at + 2 * L.Count));
                L c3 = L.MultiplyAdd(key, v3, decay * L.Load(ref c, at + 3 * L.Count));
                L.Store(c0, ref c, at);
                L.Store(c1, ref c, at + L.Count);
                L.Store(c2, ref c, at + 2 * L.Count);
                L.Store(c3, ref c, at + 3 * L.Count);
                s0 = L.MultiplyAdd(query, c0, s0);
                s1 = L.MultiplyAdd(query, c1, s1);
                s2 = L.MultiplyAdd(query, c2, s2);
                s3 = L.MultiplyAdd(query, c3, s3);
            }
            L.Store(s0 * scale, ref hr, b);
            L.Store(s1 * scale, ref hr, b + L.Count);
            L.Store(s2 * scale, ref hr, b + 2 * L.Count);
            L.Store(s3 * scale, ref hr, b + 3 * L.Count);
        }
        return b;
    }

    private static int Columns<L>(ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v, Span<float> C, Span<float> h, float f, float i, float inverse, int V, int b)
        where L : struct, ILanes<L>
    {
        ref float c = ref MemoryMarshal.GetReference(C);
        for (; b + L.Count <= V; b += L.Count)
        {
            L value = L.Load(ref MemoryMarshal.GetReference(v), b), sum = L.Create(0f), decay = L.Create(f);
            nint at = b;
            for (int a = 0; a < q.Length; a++, at += V)
            {
                L cell = L.MultiplyAdd(L.Create(i * k[a]), value, decay * L.Load(ref c, at));
                L.Store(cell, ref c, at);
                sum = L.MultiplyAdd(L.Create(q[a]), cell, sum);
            }
            L.Store(sum * L.Create(inverse), ref MemoryMarshal.GetReference(h), b);
        }
        return b;
    }
}
