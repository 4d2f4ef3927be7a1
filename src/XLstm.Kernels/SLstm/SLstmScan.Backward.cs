using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

public static partial class SLstmScan
{
    /// <summary>Scratch floats that <see cref="Backward"/> needs for <paramref name="rowCount"/> rows.</summary>
    public static int BackwardScratchLength(in SLstmShape shape, int rowCount) => rowCount * (4 + 4) * shape.HeadWidth;

    /// <summary>
    /// Gradients of the scan of one head, back through time. With dc, dn, dm carried from step t + 1 and
    /// dy_t = dY_t + sum_g R_g^T dg~_{t+1}:
    /// <code>
    /// do = dy c/n          dc += dy o/n         dn -= dy y/n
    /// di' = dc z + dn      dz = dc i'           df' = dc c_{t-1} + dn n_{t-1}      dc_{t-1} = dc f'    dn_{t-1} = dn f'
    /// d(i~ - m) = di' i'   d(a - m) = df' f'    a = logsigmoid(f~) + m_{t-1}
    /// dm -= d(i~ - m) + d(a - m), then to i~ or a, whichever m was;   dm_{t-1} = da
    /// </code>
    /// The gradient of R is one product of <paramref name="dGates"/> with y_{t-1} over all rows and steps, and that of b
    /// the sum of its rows: both are left to the caller.
    /// </summary>
    /// <param name="shape">Sizes B, T, N and the head width.</param>
    /// <param name="function">sLSTM or LSTM.</param>
    /// <param name="head">Index of the head.</param>
    /// <param name="firstRow">First batch row.</param>
    /// <param name="rowCount">Batch rows.</param>
    /// <param name="kernel">R, [N, 4 HeadWidth, HeadWidth].</param>
    /// <param name="lengths">As in <see cref="Forward"/>.</param>
    /// <param name="initial">As in <see cref="Forward"/> (its values before the scan).</param>
    /// <param name="y">Output of the forward scan [B, T, H].</param>
    /// <param name="saved">Kept by the forward scan.</param>
    /// <param name="dY">Gradient of the output [B, T, H].</param>
    /// <param name="dFinal">Gradient of the final state [S, B, H], or empty.</param>
    /// <param name="dGates">Written, not added to: gradient of the pre-activations [B, T, 4 H].</param>
    /// <param name="dInitial">Written: gradient of the initial state [S, B, H], or empty.</param>
    /// <param name="scratch">At least <see cref="BackwardScratchLength"/>.</param>
    /// <exception cref="ArgumentException">A span is shorter than its shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">No such head or rows.</exception>
    public static void Backward(
        in SLstmShape shape, CellFunction function, int head, int firstRow, int rowCount,
        ReadOnlySpan<float> kernel, ReadOnlySpan<int> lengths, ReadOnlySpan<float> initial,
        ReadOnlySpan<float> y, ReadOnlySpan<float> saved, ReadOnlySpan<float> dY, ReadOnlySpan<float> dFinal,
        Span<float> dGates, Span<float> dInitial, Span<float> scratch)
    {
        Check.Length(kernel, shape.KernelLength);
        Check.LengthOrEmpty(lengths, shape.Batch);
        Check.LengthOrEmpty(initial, shape.StateLength(function));
        Check.Length(y, shape.OutputLength);
        Check.Length(saved, shape.SavedLength);
        Check.Length(dY, shape.OutputLength);
        Check.LengthOrEmpty(dFinal, shape.StateLength(function));
        Check.Length(dGates, shape.GatesLength);
        Check.LengthOrEmpty(dInitial, shape.StateLength(function));
        CheckPart(shape, head, firstRow, rowCount);
        Check.Length(scratch, BackwardScratchLength(shape, rowCount));

        switch (Simd.Width)
        {
            case 16: BackwardCore<Lanes16>(shape, function, head, firstRow, rowCount, kernel, lengths, initial, y, saved, dY, dFinal, dGates, dInitial, scratch); break;
            case 8: BackwardCore<Lanes8>(shape, function, head, firstRow, rowCount, kernel, lengths, initial, y, saved, dY, dFinal, dGates, dInitial, scratch); break;
            default: BackwardCore<Lanes4>(shape, function, head, firstRow, rowCount, kernel, lengths, initial, y, saved, dY, dFinal, dGates, dInitial, scratch); break;
        }
    }

    internal static void BackwardCore<L>(
        in SLstmShape shape, CellFunction function, int head, int firstRow, int rowCount,
        ReadOnlySpan<float> kernel, ReadOnlySpan<int> lengths, ReadOnlySpan<float> initial,
        ReadOnlySpan<float> y, ReadOnlySpan<float> saved, ReadOnlySpan<float> dY, ReadOnlySpan<float> dFinal,
        Span<float> dGates, Span<float> dInitial, Span<float> scratch)
        where L : struct, ILanes<L>
    {
        int T = shape.Time, H = shape.Width, d = shape.HeadWidth, B = shape.Batch, N = shape.Heads;
        int states = SLstmShape.StateCount(function);
        ReadOnlySpan<float> R = kernel.Slice(head * 4 * d * d, 4 * d * d);
        Span<float> dState = scratch[..(rowCount * 4 * d)];                   // [row, (dy, dc, dn, dm), cell]
        Span<float> dRaw = scratch.Slice(rowCount * 4 * d, rowCount * 4 * d); // [row, (gate, out)]

        dState.Clear();
        if (!dFinal.IsEmpty)
            for (int r = 0; r < rowCount; r++)
                for (int s = 0; s < states; s++)
                    dFinal.Slice((s * B + firstRow + r) * H + head * d, d).CopyTo(dState.Slice((r * 4 + s) * d, d));

        for (int t = T - 1; t >= 0; t--)
        {
            for (int r = 0; r < rowCount; r++)
            {
                int row = firstRow + r;
                Span<float> raw = dRaw.Slice(r * 4 * d, 4 * d);
                if (!lengths.IsEmpty && t >= lengths[row])
                {
                    // Past the end of this row the state stands still: its gradient passes through unchanged.
                    raw.Clear();
                    for (int g = 0; g < 4; g++)
                        dGates.Slice((row * T + t) * 4 * H + g * H + head * d, d).Clear();
                    continue;
                }

                ReadOnlySpan<float> kept = saved.Slice(((row * T + t) * N + head) * SavedPerCell * d, SavedPerCell * d);
                ReadOnlySpan<float> cPrevious = default, nPrevious = default;
                if (t > 0)
                {
                    ReadOnlySpan<float> before = saved.Slice(((row * T + t - 1) * N + head) * SavedPerCell * d, SavedPerCell * d);
                    cPrevious = before.Slice(5 * d, d);
                    nPrevious = before.Slice(6 * d, d);
                }
                else if (!initial.IsEmpty)
                {
                    cPrevious = initial.Slice((B + row) * H + head * d, d);
                    if (function == CellFunction.SLstm)
                        nPrevious = initial.Slice((2 * B + row) * H + head * d, d);
                }

                Span<float> dRow = dState.Slice(r * 4 * d, 4 * d);
                ReadOnlySpan<float> dOutput = dY.Slice((row * T + t) * H + head * d, d);
                if (function == CellFunction.Lstm)
                {
                    int done = LstmStepBackward<L>(kept, cPrevious, dOutput, dRow, raw, d, 0);
                    LstmStepBackward<Lanes1>(kept, cPrevious, dOutput, dRow, raw, d, done);
                }
                else
                {
                    ReadOnlySpan<float> output = y.Slice((row * T + t) * H + head * d, d);
                    // Only in the first step, where m ignores the carried state, may f' stand at its bound: no gradient passes it.
                    float bound = t == 0 && !nPrevious.ContainsAnyExcept(0f) ? 1f : float.PositiveInfinity;
                    int done = SLstmStepBackward<L>(kept, cPrevious, nPrevious, output, dOutput, dRow, raw, d, 0, bound);
                    SLstmStepBackward<Lanes1>(kept, cPrevious, nPrevious, output, dOutput, dRow, raw, d, done, bound);
                }
                for (int g = 0; g < 4; g++)
                    raw.Slice(g * d, d).CopyTo(dGates.Slice((row * T + t) * 4 * H + g * H + head * d, d));
            }

            // dy_{t-1} = dg~_t R for the rows that made this step.
            int from = 0;
            while (from < rowCount)
            {
                if (!lengths.IsEmpty && t >= lengths[firstRow + from])
                {
                    from++;
                    continue;
                }
                int to = from + 1;
                while (to < rowCount && to - from < RowBlock && (lengths.IsEmpty || t < lengths[firstRow + to]))
                    to++;
                ThroughRecurrence<L>(R, dRaw, dState, from, to, d);
                from = to;
            }
        }

        if (!dInitial.IsEmpty)
            for (int r = 0; r < rowCount; r++)
                for (int s = 0; s < states; s++)
                    dState.Slice((r * 4 + s) * d, d).CopyTo(dInitial.Slice((s * B + firstRow + r) * H + head * d, d));
    }

    private static int SLstmStepBackward<L>(
        ReadOnlySpan<float> kept, ReadOnlySpan<float> cPrevious, ReadOnlySpan<float> nPrevious, ReadOnlySpan<float> output,
        ReadOnlySpan<float> dOutput, Span<float> dState, Span<float> dRaw, int d, int j, float bound)
        where L : struct, ILanes<L>
    {
        ref float k = ref MemoryMarshal.GetReference(kept);
        ref float cp = ref MemoryMarshal.GetReference(cPrevious);
        ref float np = ref MemoryMarshal.GetReference(nPrevious);
        ref float yy = ref MemoryMarshal.GetReference(output);
        ref float dyy = ref MemoryMarshal.GetReference(dOutput);
        ref float ds = ref MemoryMarshal.GetReference(dState);
        ref float dr = ref MemoryMarshal.GetReference(dRaw);
        bool zero = cPrevious.IsEmpty;
        L one = L.Create(1f), none = L.Create(0f), forgetBound = L.Create(bound);
        for (; j + L.Count <= d; j += L.Count)
        {
            L i = L.Load(ref k, j), f = L.Load(ref k, d + j), z = L.Load(ref k, 2 * d + j), o = L.Load(ref k, 3 * d + j);
            L forgetSlope = L.Load(ref k, 4 * d + j), c = L.Load(ref k, 5 * d + j), n = L.Load(ref k, 6 * d + j);
            L dy = L.Load(ref ds, j) + L.Load(ref dyy, j);
            L inverse = one / n;
            L dO = dy * c * inverse;
            L dC = L.MultiplyAdd(dy * o, inverse, L.Load(ref ds, d + j));
            L dN = L.Load(ref ds, 2 * d + j) - dy * L.Load(ref yy, j) * inverse;
            L dM = L.Load(ref ds, 3 * d + j);
            L dI = L.MultiplyAdd(dC, z, dN);
            L dZ = dC * i;
            L dF = zero ? none : L.MultiplyAdd(dC, L.Load(ref cp, j), dN * L.Load(ref np, j));
            L dFromInput = dI * i;                                       // d(i~ - m)
            L dFromCarried = L.SelectLess(f, forgetBound, dF * f, none); // d(a - m)
            dM = dM - dFromInput - dFromCarried;
            // i' is exactly 1 where m took i~.
            dFromInput = dFromInput + L.SelectLess(i, one, none, dM);
            dFromCarried = dFromCarried + L.SelectLess(i, one, dM, none);
            L.Store(dFromInput, ref dr, j);
            L.Store(dFromCarried * forgetSlope, ref dr, d + j);
            L.Store(dZ * (one - z * z), ref dr, 2 * d + j);
            L.Store(dO * o * (one - o), ref dr, 3 * d + j);
            L.Store(dC * f, ref ds, d + j);
            L.Store(dN * f, ref ds, 2 * d + j);
            L.Store(dFromCarried, ref ds, 3 * d + j);
        }
        return j;
    }

    private static int LstmStepBackward<L>(
        ReadOnlySpan<float> kept, ReadOnlySpan<float> cPrevious, ReadOnlySpan<float> dOutput,
        Span<float> dState, Span<float> dRaw, int d, int j)
        where L : struct, ILanes<L>
    {
        ref float k = ref MemoryMarshal.GetReference(kept);
        ref float cp = ref MemoryMarshal.GetReference(cPrevious);
        ref float dyy = ref MemoryMarshal.GetReference(dOutput);
        ref float ds = ref MemoryMarshal.GetReference(dState);
        ref float dr = ref MemoryMarshal.GetReference(dRaw);
        bool zero = cPrevious.IsEmpty;
        L one = L.Create(1f);
        for (; j + L.Count <= d; j += L.Count)
        {
            L i = L.Load(ref k, j), f = L.Load(ref k, d + j), z = L.Load(ref k, 2 * d + j), o = L.Load(ref k, 3 * d + j);
            L squashed = L.Load(ref k, 4 * d + j);
            L dy = L.Load(ref ds, j) + L.Load(ref dyy, j);
            L dC = L.MultiplyAdd(dy * o, one - squashed * squashed, L.Load(ref ds, d + j));
            L dF = zero ? L.Create(0f) : dC * L.Load(ref cp, j);
            L.Store(dC * z * i * (one - i), ref dr, j);
            L.Store(dF * f * (one - f), ref dr, d + j);
            L.Store(dC * i * (one - z * z), ref dr, 2 * d + j);
            L.Store(dy * squashed * o * (one - o), ref dr, 3 * d + j);
            L.Store(dC * f, ref ds, d + j);
        }
        return j;
    }

    // dy[r, :] = dRaw[r, :] R for up to four rows; every element sums over (gate, out) in ascending order.
    private static void ThroughRecurrence<L>(ReadOnlySpan<float> R, ReadOnlySpan<float> dRaw, Span<float> dState, int from, int to, int d)
        where L : struct, ILanes<L>
    {
        ref float w = ref MemoryMarshal.GetReference(R);
        ref float g = ref MemoryMarshal.GetReference(dRaw);
        ref float s = ref MemoryMarshal.GetReference(dState);
        int j = 0;
        if (to - from == RowBlock)
        {
            nint g0 = from * 4 * d, g1 = g0 + 4 * d, g2 = g1 + 4 * d, g3 = g2 + 4 * d;
            for (; j + 2 * L.Count <= d; j += 2 * L.Count)
            {
                L a0 = L.Create(0f), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
                nint at = j;
                for (nint o = 0; o < 4 * d; o++, at += d)
                {
                    L w0 = L.Load(ref w, at), w1 = L.Load(ref w, at + L.Count);
                    L v = L.Create(Unsafe.Add(ref g, g0 + o));
                    a0 = L.MultiplyAdd(v, w0, a0);
                    a1 = L.MultiplyAdd(v, w1, a1);
                    v = L.Create(Unsafe.Add(ref g, g1 + o));
                    b0 = L.MultiplyAdd(v, w0, b0);
                    b1 = L.MultiplyAdd(v, w1, b1);
                    v = L.Create(Unsafe.Add(ref g, g2 + o));
                    c0 = L.MultiplyAdd(v, w0, c0);
                    c1 = L.MultiplyAdd(v, w1, c1);
                    v = L.Create(Unsafe.Add(ref g, g3 + o));
                    d0 = L.MultiplyAdd(v, w0, d0);
                    d1 = L.MultiplyAdd(v, w1, d1);
                }
                L.Store(a0, ref s, g0 + j);
                L.Store(a1, ref s, g0 + j + L.Count);
                L.Store(b0, ref s, g1 + j);
                L.Store(b1, ref s, g1 + j + L.Count);
                L.Store(c0, ref s, g2 + j);
                L.Store(c1, ref s, g2 + j + L.Count);
                L.Store(d0, ref s, g3 + j);
                L.Store(d1, ref s, g3 + j + L.Count);
            }
        }
        for (int r = from; r < to; r++)
        {
            int done = ThroughRow<L>(ref w, ref g, ref s, r * 4 * d, d, j);
            ThroughRow<Lanes1>(ref w, ref g, ref s, r * 4 * d, d, done);
        }
    }

    private static int ThroughRow<L>(ref float w, ref float g, ref float s, nint row, int d, int j) where L : struct, ILanes<L>
    {
        for (; j + L.Count <= d; j += L.Count)
        {
            L sum = L.Create(0f);
            nint at = j;
            for (nint o = 0; o < 4 * d; o++, at += d)
                sum = L.MultiplyAdd(L.Create(Unsafe.Add(ref g, row + o)), L.Load(ref w, at), sum);
            L.Store(sum, ref s, row + j);
        }
        return j;
    }
}
