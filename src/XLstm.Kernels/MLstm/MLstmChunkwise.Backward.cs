using System.Runtime.InteropServices;

namespace XLstm.Kernels;

public static partial class MLstmChunkwise
{
    /// <summary>Scratch floats that <see cref="Backward"/> needs: among them the state before each chunk, which is recomputed.</summary>
    public static int BackwardScratchLength(in MLstmShape shape, int chunkLength)
    {
        int T = Math.Max(1, shape.Time), L = Math.Min(chunkLength, T), K = shape.KeyWidth, V = shape.ValueWidth;
        int chunks = (T + L - 1) / L;
        return (chunks + 1) * (K * V + K + 1)                       // C, n, m before each chunk, and after the last
            + L * MLstmGates.FloatsPerStep + 3 * L * L              // gates, S, W, dS
            + 2 * L * V + 3 * L * K + 4 * L + 2 * L                 // d numerators, keys, row sums
            + K * V + K                                             // dC, dn
            + ProductScratch(L, K, V);
    }

    /// <summary>
    /// Exact gradients of <see cref="Forward"/>. The stabiliser cancels everywhere but beside epsilon, so the gates' gradients
    /// are taken with respect to the unstabilised weights, and m's own gradient, -dh.h epsilon / (N + epsilon) at each step
    /// (without a normaliser nothing cancels: -dh.h), runs back along the path m took. With r = 1 / (N + epsilon), N = max(|den|, exp(-m)):
    /// <code>
    /// dnum = r dh      dden = -(dh . h) r sign(den) where |den| &gt; exp(-m), else 0
    /// dS_js = dnum_j . v_s + dden_j       dD = dS S      (log weights: rows to b_j, columns to -b_s and log i_s)
    /// dq_j = sum_s dS_js W_js k_s + w_j (C_0 dnum_j + n_0 dden_j)
    /// dk_s = sum_j dS_js W_js q_j + u_s (dC v_s + dn)/sqrt(K)      dv_s = sum_j S_js dnum_j + u_s dC^T k_s/sqrt(K)
    /// dC_0 = exp(b_L + m_0 - m_L) dC + sum_j w_j q_j dnum_j^T      (n alike)
    /// dlogf_t = sum_{j&gt;=t} db_j       df~ = dlogf sigmoid(-f~)
    /// </code>
    /// </summary>
    /// <param name="shape">T, K, V and strides.</param>
    /// <param name="chunkLength">L, at least 1; it need not be the forward's.</param>
    /// <param name="options">Variant of the cell.</param>
    /// <param name="q">Queries [T, K].</param>
    /// <param name="k">Keys [T, K].</param>
    /// <param name="v">Values [T, V].</param>
    /// <param name="inputGate">i~ [T].</param>
    /// <param name="forgetGate">f~ [T].</param>
    /// <param name="C0">State before the sequence [K, V], or empty for none.</param>
    /// <param name="n0">[K], or empty.</param>
    /// <param name="m0">[1], or empty.</param>
    /// <param name="h">Output of the forward pass [T, V].</param>
    /// <param name="dH">Gradient of h [T, V].</param>
    /// <param name="dC">Gradient of the final C, or empty.</param>
    /// <param name="dN">Gradient of the final n, or empty.</param>
    /// <param name="dM">Gradient of the final m, or empty.</param>
    /// <param name="dQ">Added to: gradient of q.</param>
    /// <param name="dK">Added to: gradient of k.</param>
    /// <param name="dV">Added to: gradient of v.</param>
    /// <param name="dInputGate">Added to: gradient of i~.</param>
    /// <param name="dForgetGate">Added to: gradient of f~.</param>
    /// <param name="dC0">Added to: gradient of C0, or empty.</param>
    /// <param name="dN0">Added to: gradient of n0, or empty.</param>
    /// <param name="dM0">Added to: gradient of m0, or empty.</param>
    /// <param name="scratch">At least <see cref="BackwardScratchLength"/>.</param>
    /// <exception cref="ArgumentException">A span is shorter than its shape.</exception>
    public static void Backward(
        in MLstmShape shape, int chunkLength, in MLstmOptions options, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, ReadOnlySpan<float> C0, ReadOnlySpan<float> n0, ReadOnlySpan<float> m0,
        ReadOnlySpan<float> h, ReadOnlySpan<float> dH, ReadOnlySpan<float> dC, ReadOnlySpan<float> dN, ReadOnlySpan<float> dM,
        Span<float> dQ, Span<float> dK, Span<float> dV, Span<float> dInputGate, Span<float> dForgetGate,
        Span<float> dC0, Span<float> dN0, Span<float> dM0, Span<float> scratch) =>
        BackwardFrom(0, shape, chunkLength, options, q, k, v, inputGate, forgetGate, C0, n0, m0, h, dH, dC, dN, dM, dQ, dK, dV, dInputGate, dForgetGate, dC0, dN0, dM0, scratch);

    internal static void BackwardFrom(
        float freshM, in MLstmShape shape, int chunkLength, in MLstmOptions options, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, ReadOnlySpan<float> C0, ReadOnlySpan<float> n0, ReadOnlySpan<float> m0,
        ReadOnlySpan<float> h, ReadOnlySpan<float> dH, ReadOnlySpan<float> dC, ReadOnlySpan<float> dN, ReadOnlySpan<float> dM,
        Span<float> dQ, Span<float> dK, Span<float> dV, Span<float> dInputGate, Span<float> dForgetGate,
        Span<float> dC0, Span<float> dN0, Span<float> dM0, Span<float> scratch)
    {
        CheckInputs(shape, q, k, v, inputGate, forgetGate, h);
        Check.Length(dH, shape.ValueLength);
        Check.Length(dQ, shape.KeyLength);
        Check.Length(dK, shape.KeyLength);
        Check.Length(dV, shape.ValueLength);
        Check.Length(dInputGate, shape.GateLength);
        Check.Length(dForgetGate, shape.GateLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkLength, 1);
        bool continues = !C0.IsEmpty;
        if (continues)
        {
            Check.Length(C0, shape.MemoryLength);
            Check.Length(n0, shape.KeyWidth);
            Check.Length(m0, 1);
        }
        Check.LengthOrEmpty(dC, shape.MemoryLength);
        Check.LengthOrEmpty(dN, shape.KeyWidth);
        Check.LengthOrEmpty(dC0, shape.MemoryLength);
        Check.LengthOrEmpty(dN0, shape.KeyWidth);
        Check.Length(scratch, BackwardScratchLength(shape, chunkLength));
        float start = continues ? m0[0] : options.InputGate == MLstmInputGate.Sigmoid ? 0 : freshM;

        switch (Simd.Width)
        {
            case 16: BackwardCore<Lanes16>(shape, chunkLength, options, q, k, v, inputGate, forgetGate, C0, n0, start, h, dH, dC, dN, dM, dQ, dK, dV, dInputGate, dForgetGate, dC0, dN0, dM0, scratch); break;
            case 8: BackwardCore<Lanes8>(shape, chunkLength, options, q, k, v, inputGate, forgetGate, C0, n0, start, h, dH, dC, dN, dM, dQ, dK, dV, dInputGate, dForgetGate, dC0, dN0, dM0, scratch); break;
            default: BackwardCore<Lanes4>(shape, chunkLength, options, q, k, v, inputGate, forgetGate, C0, n0, start, h, dH, dC, dN, dM, dQ, dK, dV, dInputGate, dForgetGate, dC0, dN0, dM0, scratch); break;
        }
    }

    internal static void BackwardCore<L>(
        in MLstmShape shape, int chunkLength, in MLstmOptions options, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, ReadOnlySpan<float> C0, ReadOnlySpan<float> n0, float m0,
        ReadOnlySpan<float> h, ReadOnlySpan<float> dH, ReadOnlySpan<float> dCFinal, ReadOnlySpan<float> dNFinal, ReadOnlySpan<float> dMFinal,
        Span<float> dQ, Span<float> dK, Span<float> dV, Span<float> dInputGate, Span<float> dForgetGate,
        Span<float> dC0, Span<float> dN0, Span<float> dM0, Span<float> scratch)
        where L : struct, ILanes<L>
    {
        int T = shape.Time, K = shape.KeyWidth, V = shape.ValueWidth, length = Math.Min(chunkLength, Math.Max(1, T));
        int chunks = (T + length - 1) / length;
        bool continues = !C0.IsEmpty, exponential = options.InputGate == MLstmInputGate.Exponential;

        var cut = new Cutter(scratch);
        Span<float> mBefore = cut.Take(chunks + 1);
        Span<float> states = cut.Take((chunks + 1) * (K * V + K));
        var gates = new MLstmGates(length, cut.Take(length * MLstmGates.FloatsPerStep));
        Span<float> S = cut.Take(length * length), W = cut.Take(length * length), dS = cut.Take(length * length);
        Span<float> dNum = cut.Take(length * V), dNumInter = cut.Take(length * V);
        Span<float> weightedKeys = cut.Take(length * K), dKeys = cut.Take(length * K), dQueries = cut.Take(length * K);
        Span<float> den = cut.Take(length), dDen = cut.Take(length), dmOwn = cut.Take(length), columns = cut.Take(length);
        Span<double> dB = MemoryMarshal.Cast<float, double>(cut.Take(2 * length));
        Span<float> dC = cut.Take(K * V), dN = cut.Take(K);
        Span<float> products = cut.Rest;

        // The state before every chunk, forward once more.
        if (continues)
        {
            C0[..(K * V)].CopyTo(states);
            n0[..K].CopyTo(states.Slice(K * V, K));
        }
        else
            states[..(K * V + K)].Clear();
        mBefore[0] = m0;
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            int start = chunk * length, steps = Math.Min(length, T - start);
            Span<float> next = states.Slice((chunk + 1) * (K * V + K), K * V + K);
            states.Slice(chunk * (K * V + K), K * V + K).CopyTo(next);
            float decay = gates.Prepare<L>(steps, inputGate[(start * shape.GateStride)..], forgetGate[(start * shape.GateStride)..], shape.GateStride, mBefore[chunk], options.InputGate);
            AdvanceState<L>(shape, steps, k[(start * shape.KeyStride)..], v[(start * shape.ValueStride)..], gates, decay, continues || chunk > 0, next[..(K * V)], next.Slice(K * V, K), weightedKeys, products);
            mBefore[chunk + 1] = gates.M[steps - 1];
        }

        double dmPath = 0;
        bool hasFinal = !dCFinal.IsEmpty || !dNFinal.IsEmpty;
        if (dCFinal.IsEmpty)
            dC.Clear();
        else
            dCFinal[..(K * V)].CopyTo(dC);
        if (dNFinal.IsEmpty)
            dN.Clear();
        else
            dNFinal[..K].CopyTo(dN);
        if (exponential)
        {
            // A loss that reads C and n at a fixed m is moved to the unstabilised memory, C exp(m), by the chain rule.
            Span<float> last = states.Slice(chunks * (K * V + K), K * V + K);
            if (hasFinal)
                dmPath -= Rows.DotDouble(dC, last[..(K * V)]) + Rows.DotDouble(dN, last.Slice(K * V, K));
            if (!dMFinal.IsEmpty)
                dmPath += dMFinal[0];
        }

        for (int chunk = chunks - 1; chunk >= 0; chunk--)
        {
            int start = chunk * length, steps = Math.Min(length, T - start);
            bool hasState = continues || chunk > 0, carriesBack = hasFinal || chunk < chunks - 1;
            ReadOnlySpan<float> qc = q[(start * shape.KeyStride)..], kc = k[(start * shape.KeyStride)..], vc = v[(start * shape.ValueStride)..];
            Span<float> dQc = dQ[(start * shape.KeyStride)..], dKc = dK[(start * shape.KeyStride)..], dVc = dV[(start * shape.ValueStride)..];
            Span<float> C = states.Slice(chunk * (K * V + K), K * V), n = states.Slice(chunk * (K * V + K) + K * V, K);
            ReadOnlySpan<float> fc = forgetGate[(start * shape.GateStride)..], ic = inputGate[(start * shape.GateStride)..];
            float decay = gates.Prepare<L>(steps, ic, fc, shape.GateStride, mBefore[chunk], options.InputGate);
            Scores<L>(shape, steps, qc, kc, gates, S, W, den, products);

            for (int j = 0; j < steps; j++)
            {
                if (hasState)
                    den[j] += gates.Inter[j] * Rows.Dot<L>(qc.Slice(j * shape.KeyStride, K), n);
                ReadOnlySpan<float> dh = dH.Slice((start + j) * shape.ValueStride, V);
                float r = Inverse(options, den[j], gates.Floor[j]);
                Rows.Scale<L>(dh, r, dNum.Slice(j * V, V));
                float dScale = -Rows.Dot<L>(dh, h.Slice((start + j) * shape.ValueStride, V));
                float dNormalizer = options.Normalize ? dScale * r : 0f;
                dDen[j] = MathF.Abs(den[j]) > gates.Floor[j] ? dNormalizer * MathF.Sign(den[j]) : 0f;
                dmOwn[j] = exponential ? (options.Normalize ? dNormalizer * options.Epsilon : dScale) : 0f;
            }

            // Within the chunk.
            MatrixProduct.Multiply(false, true, steps, steps, V, dNum, V, vc, shape.ValueStride, dS, steps, accumulate: false, products);
            dB[..steps].Clear();
            for (int j = 0; j < steps; j++)
                dB[j] += ScoresBackward<L>(j, S.Slice(j * steps, steps), W.Slice(j * steps, steps), dS.Slice(j * steps, steps), dDen[j]);
            ColumnSums<L>(steps, dS, columns);
            for (int s = 0; s < steps; s++)
            {
                dB[s] -= columns[s];
                float dLogInput = columns[s] + dS[s * steps + s];
                dInputGate[(start + s) * shape.GateStride] += exponential ? dLogInput : dLogInput * InputSlope(ic[s * shape.GateStride]);
            }
            MatrixProduct.Multiply(false, false, steps, K, steps, W, steps, kc, shape.KeyStride, dQc, shape.KeyStride, accumulate: true, products);
            MatrixProduct.Multiply(true, false, steps, K, steps, W, steps, qc, shape.KeyStride, dKc, shape.KeyStride, accumulate: true, products);
            MatrixProduct.Multiply(true, false, steps, V, steps, S, steps, dNum, V, dVc, shape.ValueStride, accumulate: true, products);

            // What the state after the chunk took from its steps, and from the state before it.
            double dTotal = 0;
            if (carriesBack)
            {
                for (int s = 0; s < steps; s++)
                    Rows.Scale<L>(kc.Slice(s * shape.KeyStride, K), gates.Carry[s] * shape.KeyScale, weightedKeys.Slice(s * K, K));
                MatrixProduct.Multiply(false, true, steps, K, V, vc, shape.ValueStride, dC, V, dKeys, K, accumulate: false, products);
                MatrixProduct.Multiply(false, false, steps, V, K, weightedKeys, K, dC, V, dVc, shape.ValueStride, accumulate: true, products);
                for (int s = 0; s < steps; s++)
                {
                    Span<float> row = dKeys.Slice(s * K, K);
                    Rows.Add<L>(dN, row);
                    float dCarry = Rows.Dot<L>(weightedKeys.Slice(s * K, K), row);
                    dB[s] -= dCarry;
                    dTotal += dCarry;
                    dInputGate[(start + s) * shape.GateStride] += exponential ? dCarry : dCarry * InputSlope(ic[s * shape.GateStride]);
                    Rows.MultiplyAdd<L>(row, gates.Carry[s] * shape.KeyScale, dKc.Slice(s * shape.KeyStride, K));
                }
                if (hasState)
                    dTotal += decay * (Rows.DotDouble(dC, C) + Rows.DotDouble(dN, n));
                Rows.Scale<L>(dC, decay);
                Rows.Scale<L>(dN, decay);
            }

            // What the outputs took from the state before the chunk.
            if (hasState)
            {
                for (int j = 0; j < steps; j++)
                    Rows.Scale<L>(dNum.Slice(j * V, V), gates.Inter[j], dNumInter.Slice(j * V, V));
                MatrixProduct.Multiply(false, true, steps, K, V, dNumInter, V, C, V, dQueries, K, accumulate: false, products);
                MatrixProduct.Multiply(true, false, K, V, steps, qc, shape.KeyStride, dNumInter, V, dC, V, accumulate: true, products);
                for (int j = 0; j < steps; j++)
                {
                    Span<float> row = dQueries.Slice(j * K, K);
                    ReadOnlySpan<float> query = qc.Slice(j * shape.KeyStride, K);
                    float dDenInter = gates.Inter[j] * dDen[j];
                    Rows.MultiplyAdd<L>(n, dDenInter, row);
                    dB[j] += Rows.Dot<L>(query, row);
                    Rows.Add<L>(row, dQc.Slice(j * shape.KeyStride, K));
                    Rows.MultiplyAdd<L>(query, dDenInter, dN);
                }
            }

            dB[steps - 1] += dTotal;
            double dLogForget = 0;
            for (int j = steps - 1; j >= 0; j--)
            {
                dLogForget += dB[j];
                double dF = dLogForget;
                if (exponential)
                {
                    dmPath += dmOwn[j];
                    if (gates.CarriedOver(j, mBefore[chunk]))
                        dF += dmPath;
                    else
                    {
                        dInputGate[(start + j) * shape.GateStride] += (float)dmPath;
                        dmPath = 0;
                    }
                }
                dForgetGate[(start + j) * shape.GateStride] += (float)(dF * InputSlope(fc[j * shape.GateStride]));
            }
        }

        if (!dC0.IsEmpty)
            Rows.Add<L>(dC, dC0[..(K * V)]);
        if (!dN0.IsEmpty)
            Rows.Add<L>(dN, dN0[..K]);
        if (!dM0.IsEmpty && exponential)
            dM0[0] += (float)(dmPath + Rows.DotDouble(dC, states[..(K * V)]) + Rows.DotDouble(dN, states.Slice(K * V, K)));
    }

    // d log sigmoid(x) / dx = sigmoid(-x)
    private static float InputSlope(float x) => (float)(1 / (1 + Math.Exp(x)));

    // One row up to its diagonal: dS += dDen; W becomes dS W (the gradient of q.k), dS becomes dD = dS S. Returns the sum of dD
    // left of the diagonal: b_j - b_j is 0 there, and the largest terms would only cancel.
    private static float ScoresBackward<L>(int diagonal, Span<float> S, Span<float> W, Span<float> dS, float dDen) where L : struct, ILanes<L>
    {
        ref float s = ref MemoryMarshal.GetReference(S);
        ref float w = ref MemoryMarshal.GetReference(W);
        ref float d = ref MemoryMarshal.GetReference(dS);
        L sum = L.Create(0f), add = L.Create(dDen);
        int i = 0;
        for (; i + L.Count <= diagonal; i += L.Count)
        {
            L gradient = L.Load(ref d, i) + add;
            L.Store(gradient * L.Load(ref w, i), ref w, i);
            L log = gradient * L.Load(ref s, i);
            L.Store(log, ref d, i);
            sum += log;
        }
        float total = L.Sum(sum);
        for (; i <= diagonal; i++)
        {
            float gradient = dS[i] + dDen;
            W[i] *= gradient;
            dS[i] = gradient * S[i];
            if (i < diagonal)
                total += dS[i];
        }
        return total;
    }

    // Left of the diagonal, as above.
    private static void ColumnSums<L>(int steps, ReadOnlySpan<float> dS, Span<float> columns) where L : struct, ILanes<L>
    {
        columns[..steps].Clear();
        for (int j = 0; j < steps; j++)
            Rows.Add<L>(dS.Slice(j * steps, j), columns);
    }
}
