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

            float dot = Normaliser<L>(qt, kt, n[..K], f, i);
            float inverse = options.Normalize ? 1f / (MathF.Max(MathF.Abs(dot), MathF.Exp(-mNew)) + options.Epsilon) : 1f;
            Span<float> ht = h.Slice(t * shape.ValueStride, V);
            Memory<L>(qt, kt, vt, C, ht, f, i);
            Elementwise.Scale(inverse, ht, ht);
            m[0] = mNew;
        }
    }

    // n = f n + i k; returns n . q
    private static float Normaliser<L>(ReadOnlySpan<float> q, ReadOnlySpan<float> k, Span<float> n, float f, float i) where L : struct, ILanes<L>
    {
        ref float qr = ref MemoryMarshal.GetReference(q);
        ref float kr = ref MemoryMarshal.GetReference(k);
        ref float nr = ref MemoryMarshal.GetReference(n);
        L sum = L.Create(0f), decay = L.Create(f), input = L.Create(i);
        int a = 0;
        for (; a + L.Count <= n.Length; a += L.Count)
        {
            L next = L.MultiplyAdd(decay, L.Load(ref nr, a), input * L.Load(ref kr, a));
            L.Store(next, ref nr, a);
            sum = L.MultiplyAdd(next, L.Load(ref qr, a), sum);
        }
        float dot = L.Sum(sum);
        for (; a < n.Length; a++)
        {
            n[a] = float.MultiplyAddEstimate(f, n[a], i * k[a]);
            dot = float.MultiplyAddEstimate(n[a], q[a], dot);
        }
        return dot;
    }

    // C = f C + i k v^T, h = C^T q: C is read and written once, in the order it is stored in, four rows beside each other.
    private static void Memory<L>(ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v, Span<float> C, Span<float> h, float f, float i)
        where L : struct, ILanes<L>
    {
        int V = v.Length, a = 0;
        h.Clear();
        for (; a + 4 <= q.Length; a += 4)
        {
            ref float row = ref C[a * V];
            int b = FourRows<L>(q.Slice(a, 4), k.Slice(a, 4), v, ref row, h, f, i, 0);
            FourRows<Lanes1>(q.Slice(a, 4), k.Slice(a, 4), v, ref row, h, f, i, b);
        }
        for (; a < q.Length; a++)
        {
            ref float row = ref C[a * V];
            int b = OneRow<L>(q[a], i * k[a], v, ref row, h, f, 0);
            OneRow<Lanes1>(q[a], i * k[a], v, ref row, h, f, b);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int FourRows<L>(ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v, ref float row, Span<float> h, float f, float i, int b)
        where L : struct, ILanes<L>
    {
        nint V = v.Length;
        ref float vr = ref MemoryMarshal.GetReference(v);
        ref float hr = ref MemoryMarshal.GetReference(h);
        ref float row1 = ref Unsafe.Add(ref row, V);
        ref float row2 = ref Unsafe.Add(ref row1, V);
        ref float row3 = ref Unsafe.Add(ref row2, V);
        L decay = L.Create(f), q0 = L.Create(q[0]), q1 = L.Create(q[1]), q2 = L.Create(q[2]), q3 = L.Create(q[3]);
        L k0 = L.Create(i * k[0]), k1 = L.Create(i * k[1]), k2 = L.Create(i * k[2]), k3 = L.Create(i * k[3]);
        for (; b + L.Count <= V; b += L.Count)
        {
            L value = L.Load(ref vr, b);
            Prefetch.Ahead(ref row, b + 4 * V, L.Count);
            Prefetch.Ahead(ref row1, b + 4 * V, L.Count);
            Prefetch.Ahead(ref row2, b + 4 * V, L.Count);
            Prefetch.Ahead(ref row3, b + 4 * V, L.Count);
            L c0 = L.MultiplyAdd(k0, value, decay * L.Load(ref row, b));
            L c1 = L.MultiplyAdd(k1, value, decay * L.Load(ref row1, b));
            L c2 = L.MultiplyAdd(k2, value, decay * L.Load(ref row2, b));
            L c3 = L.MultiplyAdd(k3, value, decay * L.Load(ref row3, b));
            L.Store(c0, ref row, b);
            L.Store(c1, ref row1, b);
            L.Store(c2, ref row2, b);
            L.Store(c3, ref row3, b);
            L sum = L.MultiplyAdd(q1, c1, L.MultiplyAdd(q0, c0, L.Load(ref hr, b)));
            L.Store(L.MultiplyAdd(q3, c3, L.MultiplyAdd(q2, c2, sum)), ref hr, b);
        }
        return b;
    }

    private static int OneRow<L>(float q, float k, ReadOnlySpan<float> v, ref float row, Span<float> h, float f, int b) where L : struct, ILanes<L>
    {
        ref float vr = ref MemoryMarshal.GetReference(v);
        ref float hr = ref MemoryMarshal.GetReference(h);
        L decay = L.Create(f), query = L.Create(q), key = L.Create(k);
        for (; b + L.Count <= v.Length; b += L.Count)
        {
            L c = L.MultiplyAdd(key, L.Load(ref vr, b), decay * L.Load(ref row, b));
            L.Store(c, ref row, b);
            L.Store(L.MultiplyAdd(query, c, L.Load(ref hr, b)), ref hr, b);
        }
        return b;
    }
}
