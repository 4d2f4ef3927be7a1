using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

public static partial class MLstmChunkwise
{
    /// <summary>Scratch floats that <see cref="Backward"/> needs: among them the state before each chunk, which is recomputed.</summary>
    public static int BackwardScratchLength(in MLstmShape shape, int chunkLength)
    {
        int T = Math.Max(1, shape.Time), L = Math.Min(chunkLength, T), K = shape.KeyWidth, V = shape.ValueWidth;
        int chunks = (T + L - 1) / L, padded = Cutter.Padded(L);
        return Cutter.Slack + Cutter.Padded(chunks + 1) + Cutter.Padded((chunks + 1) * (K * V + K))     // m, C and n before each chunk and after the last
            + padded * (MLstmGates.FloatsPerStep + 8)                              // gates and what else is one number for each step
            + 2 * Cutter.Padded(L * K) + 2 * Cutter.Padded(L * V)                  // queries, keys, values, dnum
            + 2 * Cutter.Padded(L * Math.Max(K, V)) + Math.Max(K, V) * padded      // a gradient, weighted rows, transposed rows
            + 3 * L * padded + Cutter.Padded(K * V) + Cutter.Padded(K)             // S, W, dS, dC, dn
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
    /// <param name="dQ">Gradient of q.</param>
    /// <param name="dK">Gradient of k.</param>
    /// <param name="dV">Gradient of v.</param>
    /// <param name="dInputGate">Gradient of i~.</param>
    /// <param name="dForgetGate">Gradient of f~.</param>
    /// <param name="dC0">Added to: gradient of C0, or empty.</param>
    /// <param name="dN0">Added to: gradient of n0, or empty.</param>
    /// <param name="dM0">Added to: gradient of m0, or empty.</param>
    /// <param name="accumulate">Whether the gradients of q, k, v and the gates are added to; otherwise they are written.</param>
    /// <param name="scratch">At least <see cref="BackwardScratchLength"/>.</param>
    /// <exception cref="ArgumentException">A span is shorter than its shape.</exception>
    public static void Backward(
        in MLstmShape shape, int chunkLength, in MLstmOptions options, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, ReadOnlySpan<float> C0, ReadOnlySpan<float> n0, ReadOnlySpan<float> m0,
        ReadOnlySpan<float> h, ReadOnlySpan<float> dH, ReadOnlySpan<float> dC, ReadOnlySpan<float> dN, ReadOnlySpan<float> dM,
        Span<float> dQ, Span<float> dK, Span<float> dV, Span<float> dInputGate, Span<float> dForgetGate,
        Span<float> dC0, Span<float> dN0, Span<float> dM0, bool accumulate, Span<float> scratch) =>
        BackwardFrom(0, shape, chunkLength, options, q, k, v, inputGate, forgetGate, C0, n0, m0, h, dH, dC, dN, dM, dQ, dK, dV, dInputGate, dForgetGate, dC0, dN0, dM0, accumulate, scratch);

    internal static void BackwardFrom(
        float freshM, in MLstmShape shape, int chunkLength, in MLstmOptions options, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, ReadOnlySpan<float> C0, ReadOnlySpan<float> n0, ReadOnlySpan<float> m0,
        ReadOnlySpan<float> h, ReadOnlySpan<float> dH, ReadOnlySpan<float> dC, ReadOnlySpan<float> dN, ReadOnlySpan<float> dM,
        Span<float> dQ, Span<float> dK, Span<float> dV, Span<float> dInputGate, Span<float> dForgetGate,
        Span<float> dC0, Span<float> dN0, Span<float> dM0, bool accumulate, Span<float> scratch)
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
            case 16: BackwardCore<Lanes16>(shape, chunkLength, options, q, k, v, inputGate, forgetGate, C0, n0, start, h, dH, dC, dN, dM, dQ, dK, dV, dInputGate, dForgetGate, dC0, dN0, dM0, accumulate, scratch); break;
            case 8: BackwardCore<Lanes8>(shape, chunkLength, options, q, k, v, inputGate, forgetGate, C0, n0, start, h, dH, dC, dN, dM, dQ, dK, dV, dInputGate, dForgetGate, dC0, dN0, dM0, accumulate, scratch); break;
            default: BackwardCore<Lanes4>(shape, chunkLength, options, q, k, v, inputGate, forgetGate, C0, n0, start, h, dH, dC, dN, dM, dQ, dK, dV, dInputGate, dForgetGate, dC0, dN0, dM0, accumulate, scratch); break;
        }
    }

    internal static void BackwardCore<L>(
        in MLstmShape shape, int chunkLength, in MLstmOptions options, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> inputGate, ReadOnlySpan<float> forgetGate, ReadOnlySpan<float> C0, ReadOnlySpan<float> n0, float m0,
        ReadOnlySpan<float> h, ReadOnlySpan<float> dH, ReadOnlySpan<float> dCFinal, ReadOnlySpan<float> dNFinal, ReadOnlySpan<float> dMFinal,
        Span<float> dQ, Span<float> dK, Span<float> dV, Span<float> dInputGate, Span<float> dForgetGate,
        Span<float> dC0, Span<float> dN0, Span<float> dM0, bool accumulate, Span<float> scratch)
        where L : struct, ILanes<L>
    {
        int T = shape.Time, K = shape.KeyWidth, V = shape.ValueWidth, length = Math.Min(chunkLength, Math.Max(1, T)), padded = Cutter.Padded(length);
        int chunks = (T + length - 1) / length, block = RowBlock(length);
        bool continues = !C0.IsEmpty, exponential = options.InputGate == MLstmInputGate.Exponential;
        bool hasFinal = !dCFinal.IsEmpty || !dNFinal.IsEmpty;

        var cut = new Cutter(scratch);
        Span<float> mBefore = cut.Take(chunks + 1), states = cut.Take((chunks + 1) * (K * V + K));
        var gates = new MLstmGates(padded, cut.Take(padded * MLstmGates.FloatsPerStep));
        Span<float> den = cut.Take(padded), dDen = cut.Take(padded), dmOwn = cut.Take(padded), slopes = cut.Take(padded);
        Span<float> columns = cut.Take(padded), dLogInput = cut.Take(padded);
        Span<double> dB = MemoryMarshal.Cast<float, double>(cut.Take(2 * padded));
        Span<float> queries = cut.Take(length * K), keys = cut.Take(length * K), values = cut.Take(length * V), dNum = cut.Take(length * V);
        Span<float> gradient = cut.Take(length * Math.Max(K, V)), weighted = cut.Take(length * Math.Max(K, V)), across = cut.Take(Math.Max(K, V) * padded);
        Span<float> S = cut.Take(length * padded), W = cut.Take(length * padded), dS = cut.Take(length * padded);
        Span<float> dC = cut.Take(K * V), dN = cut.Take(K);
        Span<float> products = cut.Rest;

        // The state before every chunk, and where its gradient is given after the last, forward once more.
        if (continues)
        {
            C0[..(K * V)].CopyTo(states);
            n0[..K].CopyTo(states.Slice(K * V, K));
        }
        else
            states[..(K * V + K)].Clear();
        mBefore[0] = m0;
        for (int chunk = 0; chunk < (hasFinal ? chunks : chunks - 1); chunk++)
        {
            int start = chunk * length, steps = Math.Min(length, T - start);
            Span<float> next = states.Slice((chunk + 1) * (K * V + K), K * V + K);
            states.Slice(chunk * (K * V + K), K * V + K).CopyTo(next);
            float decay = gates.Prepare<L>(steps, inputGate[(start * shape.GateStride)..], forgetGate[(start * shape.GateStride)..], shape.GateStride, mBefore[chunk], options.InputGate);
            Rows.Scale<L>(steps, K, k[(start * shape.KeyStride)..], shape.KeyStride, shape.KeyScale, keys, K);
            Rows.Scale<L>(steps, V, v[(start * shape.ValueStride)..], shape.ValueStride, 1f, values, V);
            AdvanceState<L>(steps, K, V, keys, gates.Carry, values, decay, continues || chunk > 0, next[..(K * V)], next.Slice(K * V, K), products);
            mBefore[chunk + 1] = gates.M[steps - 1];
        }

        double dmPath = 0;
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
            if (hasFinal)
            {
                Span<float> last = states.Slice(chunks * (K * V + K), K * V + K);
                dmPath -= Rows.DotDouble<L>(dC, last[..(K * V)]) + Rows.DotDouble<L>(dN, last.Slice(K * V, K));
            }
            if (!dMFinal.IsEmpty)
                dmPath += dMFinal[0];
        }

        for (int chunk = chunks - 1; chunk >= 0; chunk--)
        {
            int start = chunk * length, steps = Math.Min(length, T - start);
            bool hasState = continues || chunk > 0, carriesBack = hasFinal || chunk < chunks - 1;
            Span<float> C = states.Slice(chunk * (K * V + K), K * V), n = states.Slice(chunk * (K * V + K) + K * V, K);
            ReadOnlySpan<float> fc = forgetGate[(start * shape.GateStride)..], ic = inputGate[(start * shape.GateStride)..];
            float decay = gates.Prepare<L>(steps, ic, fc, shape.GateStride, mBefore[chunk], options.InputGate);
            Rows.Scale<L>(steps, K, q[(start * shape.KeyStride)..], shape.KeyStride, 1f, queries, K);
            Rows.Scale<L>(steps, K, k[(start * shape.KeyStride)..], shape.KeyStride, shape.KeyScale, keys, K);
            Rows.Scale<L>(steps, V, v[(start * shape.ValueStride)..], shape.ValueStride, 1f, values, V);

            // The scores once more, and what the normaliser takes from h.
            Transpose(steps, K, keys, across, padded);
            for (int j = 0; j < steps; j += block)
            {
                int end = Math.Min(j + block, steps), width = Cutter.Padded(end);
                MatrixProduct.Multiply(false, false, end - j, width, K, queries[(j * K)..], K, across, padded, S[(j * padded)..], padded, accumulate: false, products);
                for (int i = j; i < end; i++)
                {
                    AskFor(start - length + i, K, shape.KeyStride, q, k);
                    AskFor(start - length + i, V, shape.ValueStride, v, h);
                    den[i] = Weigh<L>(i, gates, S.Slice(i * padded, width), W.Slice(i * padded, width));
                    if (hasState)
                        den[i] += gates.Inter[i] * Rows.Dot<L>(queries.Slice(i * K, K), n);
                }
            }
            for (int j = 0; j < steps; j++)
            {
                ReadOnlySpan<float> dh = dH.Slice((start + j) * shape.ValueStride, V);
                float r = Inverse(options, den[j], gates.Floor[j]);
                Rows.Scale<L>(dh, r, dNum.Slice(j * V, V));
                float dScale = -Rows.Dot<L>(dh, h.Slice((start + j) * shape.ValueStride, V));
                float dNormalizer = options.Normalize ? dScale * r : 0f;
                dDen[j] = MathF.Abs(den[j]) > gates.Floor[j] ? dNormalizer * MathF.Sign(den[j]) : 0f;
                dmOwn[j] = exponential ? (options.Normalize ? dNormalizer * options.Epsilon : dScale) : 0f;
            }

            // Within the chunk: W becomes the gradient of q.k.
            Transpose(steps, V, values, across, padded);
            columns.Clear();
            for (int j = 0; j < steps; j += block)
            {
                int end = Math.Min(j + block, steps), width = Cutter.Padded(end);
                MatrixProduct.Multiply(false, false, end - j, width, V, dNum[(j * V)..], V, across, padded, dS[(j * padded)..], padded, accumulate: false, products);
                for (int i = j; i < end; i++)
                {
                    Rows.Ahead(start - length + i, V, dH, shape.ValueStride);
                    dLogInput[i] = (dS[i * padded + i] + dDen[i]) * S[i * padded + i];
                    dB[i] = ScoresBackward<L>(i, S.Slice(i * padded, width), W.Slice(i * padded, width), dS.Slice(i * padded, width), dDen[i], columns);
                }
            }
            for (int s = 0; s < steps; s++)
            {
                dB[s] -= columns[s];
                dLogInput[s] += columns[s];
            }

            // Queries: from the keys of the chunk and from the state before it.
            Span<float> dQueries = accumulate ? gradient : dQ[(start * shape.KeyStride)..];
            int apart = accumulate ? K : shape.KeyStride;
            if (hasState)
            {
                MatrixProduct.Multiply(false, true, steps, K, V, dNum, V, C, V, dQueries, apart, accumulate: false, products);
                for (int j = 0; j < steps; j++)
                    dB[j] += Rows.AddScaleDot<L>(dQueries.Slice(j * apart, K), n, dDen[j], gates.Inter[j], queries.Slice(j * K, K));
            }
            for (int j = 0; j < steps; j += block)
            {
                int end = Math.Min(j + block, steps);
                MatrixProduct.Multiply(false, false, end - j, K, end, W[(j * padded)..], padded, keys, K, dQueries[(j * apart)..], apart, hasState, products);
            }
            if (accumulate)
                Rows.MultiplyAdd<L>(steps, K, gradient, 1f, dQ[(start * shape.KeyStride)..], shape.KeyStride);

            // Keys: from the queries of the chunk and from the state after it.
            double dTotal = 0;
            if (carriesBack)
            {
                MatrixProduct.Multiply(false, true, steps, K, V, values, V, dC, V, gradient, K, accumulate: false, products);
                for (int s = 0; s < steps; s++)
                {
                    float dCarry = Rows.AddScaleDot<L>(gradient.Slice(s * K, K), dN, 1f, gates.Carry[s], keys.Slice(s * K, K));
                    dB[s] -= dCarry;
                    dTotal += dCarry;
                    dLogInput[s] += dCarry;
                }
            }
            for (int s = 0; s < steps; s += block)
            {
                MatrixProduct.Multiply(
                    true, false, Math.Min(block, steps - s), K, steps - s, W[(s * padded + s)..], padded, queries[(s * K)..], K, gradient[(s * K)..], K, carriesBack, products);
            }
            Put<L>(steps, K, gradient, shape.KeyScale, dK[(start * shape.KeyStride)..], shape.KeyStride, accumulate);

            // Values, alike.
            Span<float> dValues = accumulate ? gradient : dV[(start * shape.ValueStride)..];
            apart = accumulate ? V : shape.ValueStride;
            if (carriesBack)
            {
                Rows.Scale<L>(steps, K, keys, gates.Carry, weighted);
                MatrixProduct.Multiply(false, false, steps, V, K, weighted, K, dC, V, dValues, apart, accumulate: false, products);
            }
            for (int s = 0; s < steps; s += block)
            {
                MatrixProduct.Multiply(
                    true, false, Math.Min(block, steps - s), V, steps - s, S[(s * padded + s)..], padded, dNum[(s * V)..], V, dValues[(s * apart)..], apart, carriesBack, products);
            }
            if (accumulate)
                Rows.MultiplyAdd<L>(steps, V, gradient, 1f, dV[(start * shape.ValueStride)..], shape.ValueStride);

            // The state before the chunk: from the state after it and from the queries.
            if (carriesBack)
            {
                if (hasState)
                    dTotal += decay * (Rows.DotDouble<L>(dC, C) + Rows.DotDouble<L>(dN, n));
                Rows.Scale<L>(dC, decay);
                Rows.Scale<L>(dN, decay);
            }
            if (hasState)
            {
                Rows.Scale<L>(steps, K, queries, gates.Inter, weighted);
                for (int j = 0; j < steps; j++)
                    Rows.MultiplyAdd<L>(weighted.Slice(j * K, K), dDen[j], dN);
                MatrixProduct.Multiply(true, false, K, V, steps, weighted, K, dNum, V, dC, V, accumulate: true, products);
            }

            dB[steps - 1] += dTotal;
            double dLogForget = 0;
            LogSigmoidSlopes<L>(steps, fc, shape.GateStride, slopes);
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
                        dLogInput[j] += (float)dmPath;
                        dmPath = 0;
                    }
                }
                Put(ref dForgetGate[(start + j) * shape.GateStride], (float)(dF * slopes[j]), accumulate);
            }
            if (exponential)
                slopes[..steps].Fill(1f);
            else
                LogSigmoidSlopes<L>(steps, ic, shape.GateStride, slopes);
            for (int s = 0; s < steps; s++)
                Put(ref dInputGate[(start + s) * shape.GateStride], dLogInput[s] * slopes[s], accumulate);
        }

        if (!dC0.IsEmpty)
            Rows.Add<L>(dC, dC0[..(K * V)]);
        if (!dN0.IsEmpty)
            Rows.Add<L>(dN, dN0[..K]);
        if (!dM0.IsEmpty && exponential)
            dM0[0] += (float)(dmPath + Rows.DotDouble<L>(dC, states[..(K * V)]) + Rows.DotDouble<L>(dN, states.Slice(K * V, K)));
    }

    private static void Put<L>(int rows, int width, ReadOnlySpan<float> gradient, float factor, Span<float> destination, int stride, bool accumulate) where L : struct, ILanes<L>
    {
        if (accumulate)
            Rows.MultiplyAdd<L>(rows, width, gradient, factor, destination, stride);
        else
            Rows.Scale<L>(rows, width, gradient, width, factor, destination, stride);
    }

    private static void Put(ref float destination, float gradient, bool accumulate) => destination = accumulate ? destination + gradient : gradient;

    // d log sigmoid(x) / dx = sigmoid(-x)
    private static void LogSigmoidSlopes<L>(int steps, ReadOnlySpan<float> gates, int stride, Span<float> slopes) where L : struct, ILanes<L>
    {
        for (int j = 0; j < steps; j++)
            slopes[j] = -gates[j * stride];
        Map.Run<SigmoidMap, L>(default, slopes[..steps], slopes);
    }

    // One row up to its diagonal: dS += dDen; W becomes dS W (the gradient of q.k). Returns the sum of dD = dS S left of the
    // diagonal and adds it to columns: b_j - b_j is 0 on the diagonal, and the largest terms would only cancel.
    private static float ScoresBackward<L>(int diagonal, ReadOnlySpan<float> S, Span<float> W, ReadOnlySpan<float> dS, float dDen, Span<float> columns) where L : struct, ILanes<L>
    {
        ref float scores = ref MemoryMarshal.GetReference(S);
        ref float weights = ref MemoryMarshal.GetReference(W);
        ref float dScores = ref MemoryMarshal.GetReference(dS);
        ref float column = ref MemoryMarshal.GetReference(columns);
        L zero = L.Create(0f), sum = zero, add = L.Create(dDen);
        for (int s = 0; s <= diagonal; s += L.Count)
        {
            L dScore = L.Load(ref dScores, s) + add;
            L.Store(dScore * L.Load(ref weights, s), ref weights, s);
            L log = dScore * L.Load(ref scores, s);
            if (s + L.Count > diagonal)
                log = L.SelectLess(LaneMath.Index<L>(), L.Create(diagonal - s), log, zero);
            L.Store(L.Load(ref column, s) + log, ref column, s);
            sum += log;
        }
        return L.Sum(sum);
    }

    private readonly struct SigmoidMap : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Apply<L>(L a) where L : struct, ILanes<L> => LaneMath.Sigmoid(a);
    }
}
