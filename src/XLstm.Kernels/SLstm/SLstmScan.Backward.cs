using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

public static partial class SLstmScan
{
    /// <summary>Scratch floats that <see cref="Backward"/> needs for <paramref name="rowCount"/> rows.</summary>
    public static int BackwardScratchLength(in SLstmShape shape, int rowCount)
    {
        int d = shape.HeadWidth;
        return Alignment + MatrixProduct.PackedLength(4 * d, d) + MatrixProduct.PackedScratchLength(rowCount, 4 * d) + rowCount * (4 + 4) * d;
    }

    /// <summary>
    /// Gradients of the scan of one head, back through time. With dc, dn, dm carried from step t + 1 and
    /// dy_t = dY_t + sum_g R_g^T dg~_{t+1}:
    /// <code>
    /// do = dy c/n          dc += dy o/n         dn -= dy y/n
    /// di' = dc z + dn      dz = dc i'           df' = dc c_{t-1} + dn n_{t-1}      dc_{t-1} = dc f'    dn_{t-1} = dn f'
    /// d(i~ - m) = di' i'   d(a - m) = df' f'    a = logsigmoid(f~) + m_{t-1}
    /// dm -= d(i~ - m) + d(a - m), then to i~ or a, whichever m was;   dm_{t-1} = da
    /// </code>
    /// The gradient of R is one product of <paramref name="dGates"/> with y_{t-1} over all rows and steps, left to the caller.
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
    /// <param name="dBias">Added to: gradient of b from these rows [4 H], only the columns of this head; or empty.</param>
    /// <param name="scratch">At least <see cref="BackwardScratchLength"/>.</param>
    /// <exception cref="ArgumentException">A span is shorter than its shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">No such head or rows.</exception>
    public static void Backward(
        in SLstmShape shape, CellFunction function, int head, int firstRow, int rowCount,
        ReadOnlySpan<float> kernel, ReadOnlySpan<int> lengths, ReadOnlySpan<float> initial,
        ReadOnlySpan<float> y, ReadOnlySpan<float> saved, ReadOnlySpan<float> dY, ReadOnlySpan<float> dFinal,
        Span<float> dGates, Span<float> dInitial, Span<float> dBias, Span<float> scratch)
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
        Check.LengthOrEmpty(dBias, 4 * shape.Width);
        CheckPart(shape, head, firstRow, rowCount);
        Check.Length(scratch, BackwardScratchLength(shape, rowCount));

        switch (Simd.Width)
        {
            case 16: BackwardCore<Lanes16>(shape, function, head, firstRow, rowCount, kernel, lengths, initial, y, saved, dY, dFinal, dGates, dInitial, dBias, scratch); break;
            case 8: BackwardCore<Lanes8>(shape, function, head, firstRow, rowCount, kernel, lengths, initial, y, saved, dY, dFinal, dGates, dInitial, dBias, scratch); break;
            default: BackwardCore<Lanes4>(shape, function, head, firstRow, rowCount, kernel, lengths, initial, y, saved, dY, dFinal, dGates, dInitial, dBias, scratch); break;
        }
    }

    internal static void BackwardCore<L>(
        in SLstmShape shape, CellFunction function, int head, int firstRow, int rowCount,
        ReadOnlySpan<float> kernel, ReadOnlySpan<int> lengths, ReadOnlySpan<float> initial,
        ReadOnlySpan<float> y, ReadOnlySpan<float> saved, ReadOnlySpan<float> dY, ReadOnlySpan<float> dFinal,
        Span<float> dGates, Span<float> dInitial, Span<float> dBias, Span<float> scratch)
        where L : struct, ILanes<L>
    {
        int T = shape.Time, H = shape.Width, d = shape.HeadWidth, B = shape.Batch;
        int states = SLstmShape.StateCount(function), packedLength = MatrixProduct.PackedLength(4 * d, d);
        scratch = Aligned(scratch);
        Span<float> packed = scratch[..packedLength];
        Span<float> dState = scratch.Slice(packedLength, rowCount * 4 * d);                  // [row, (dy, dc, dn, dm), cell]
        Span<float> dRaw = scratch.Slice(packedLength + rowCount * 4 * d, rowCount * 4 * d); // [row, (gate, out)]
        Span<float> work = scratch[(packedLength + rowCount * 8 * d)..];
        Span<float> dOwnBias = dBias.IsEmpty ? default : dBias.Slice(head * d, 3 * H + d);
        if (rowCount > 0 && T > 0)
            Pack<L>(false, 4 * d, d, kernel.Slice(head * 4 * d * d, 4 * d * d), packed);

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
                if (!Runs(lengths, row, t))
                {
                    // Past the end of this row the state stands still: its gradient passes through unchanged.
                    raw.Clear();
                    for (int g = 0; g < 4; g++)
                        dGates.Slice((row * T + t) * 4 * H + g * H + head * d, d).Clear();
                    continue;
                }

                ReadOnlySpan<float> kept = saved.Slice(SavedOffset(shape, head, t, row), SavedPerCell * d);
                ReadOnlySpan<float> cPrevious = default, nPrevious = default;
                if (t > 0)
                {
                    ReadOnlySpan<float> before = saved.Slice(SavedOffset(shape, head, t - 1, row), SavedPerCell * d);
                    cPrevious = before.Slice(4 * d, d);
                    nPrevious = before.Slice(5 * d, d);
                }
                else if (!initial.IsEmpty)
                {
                    cPrevious = initial.Slice((B + row) * H + head * d, d);
                    if (function == CellFunction.SLstm)
                        nPrevious = initial.Slice((2 * B + row) * H + head * d, d);
                }

                Span<float> dRow = dState.Slice(r * 4 * d, 4 * d);
                ReadOnlySpan<float> dOutput = dY.Slice((row * T + t) * H + head * d, d);
                var gradients = new GateGradients(raw, d, dGates.Slice((row * T + t) * 4 * H + head * d, 3 * H + d), dOwnBias, H);
                if (function == CellFunction.Lstm)
                {
                    int done = LstmStepBackward<L>(kept, cPrevious, dOutput, dRow, gradients, d, 0);
                    LstmStepBackward<Lanes1>(kept, cPrevious, dOutput, dRow, gradients, d, done);
                }
                else
                {
                    ReadOnlySpan<float> output = y.Slice((row * T + t) * H + head * d, d);
                    // Only in the first step, where m ignores the carried state, may f' stand at its bound: no gradient passes it.
                    float bound = t == 0 && !nPrevious.ContainsAnyExcept(0f) ? 1f : float.PositiveInfinity;
                    int done = SLstmStepBackward<L>(kept, cPrevious, nPrevious, output, dOutput, dRow, gradients, d, 0, bound);
                    SLstmStepBackward<Lanes1>(kept, cPrevious, nPrevious, output, dOutput, dRow, gradients, d, done, bound);
                }
            }

            // dy_{t-1} = dg~_t R for the rows that made this step.
            for (int from = 0, to; from < rowCount; from = to)
            {
                to = from + 1;
                if (!Runs(lengths, firstRow + from, t))
                    continue;
                while (to < rowCount && Runs(lengths, firstRow + to, t))
                    to++;
                MatrixProduct.MultiplyPacked<L>(false, to - from, d, 0, d, 4 * d, dRaw[(from * 4 * d)..], 4 * d, packed, dState[(from * 4 * d)..], 4 * d, false, work);
            }
        }

        if (!dInitial.IsEmpty)
            for (int r = 0; r < rowCount; r++)
                for (int s = 0; s < states; s++)
                    dState.Slice((r * 4 + s) * d, d).CopyTo(dInitial.Slice((s * B + firstRow + r) * H + head * d, d));
    }

    private static bool Runs(ReadOnlySpan<int> lengths, int row, int t) => lengths.IsEmpty || t < lengths[row];

    /// <summary>Where dg~ of one row and head goes: to the product with R, to the caller, and into the sum for b.</summary>
    private readonly ref struct GateGradients(Span<float> raw, int rawStride, Span<float> gates, Span<float> bias, int stride)
    {
        private readonly ref float _raw = ref MemoryMarshal.GetReference(raw);
        private readonly ref float _gates = ref MemoryMarshal.GetReference(gates);
        private readonly ref float _bias = ref MemoryMarshal.GetReference(bias);
        private readonly bool _biased = !bias.IsEmpty;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Put<L>(L value, int gate, int j) where L : struct, ILanes<L>
        {
            L.Store(value, ref _raw, gate * rawStride + j);
            L.Store(value, ref _gates, gate * stride + j);
            if (_biased)
                L.Store(L.Load(ref _bias, gate * stride + j) + value, ref _bias, gate * stride + j);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int SLstmStepBackward<L>(
        ReadOnlySpan<float> kept, ReadOnlySpan<float> cPrevious, ReadOnlySpan<float> nPrevious, ReadOnlySpan<float> output,
        ReadOnlySpan<float> dOutput, Span<float> dState, in GateGradients gradients, int d, int j, float bound)
        where L : struct, ILanes<L>
    {
        ref float k = ref MemoryMarshal.GetReference(kept);
        ref float cp = ref MemoryMarshal.GetReference(cPrevious);
        ref float np = ref MemoryMarshal.GetReference(nPrevious);
        ref float yy = ref MemoryMarshal.GetReference(output);
        ref float dyy = ref MemoryMarshal.GetReference(dOutput);
        ref float ds = ref MemoryMarshal.GetReference(dState);
        bool zero = cPrevious.IsEmpty;
        L one = L.Create(1f), none = L.Create(0f), forgetBound = L.Create(bound);
        for (; j + L.Count <= d; j += L.Count)
        {
            L lesser = L.Load(ref k, j), z = L.Load(ref k, d + j), o = L.Load(ref k, 2 * d + j);
            L i = L.SelectLess(lesser, none, one, lesser), f = L.SelectLess(lesser, none, none - lesser, one);
            L dy = L.Load(ref ds, j) + L.Load(ref dyy, j), yDy = dy * L.Load(ref yy, j);
            L inverse = one / L.Load(ref k, 5 * d + j);
            L dC = L.MultiplyAdd(dy * o, inverse, L.Load(ref ds, d + j));
            L dN = L.Load(ref ds, 2 * d + j) - yDy * inverse;
            L dF = zero ? none : L.MultiplyAdd(dC, L.Load(ref cp, j), dN * L.Load(ref np, j));
            L dFromInput = L.MultiplyAdd(dC, z, dN) * i;                 // d(i~ - m)
            L dFromCarried = L.SelectLess(f, forgetBound, dF * f, none); // d(a - m)
            L dM = L.Load(ref ds, 3 * d + j) - dFromInput - dFromCarried;
            // i' is exactly 1 where m took i~.
            dFromInput = dFromInput + L.SelectLess(i, one, none, dM);
            dFromCarried = dFromCarried + L.SelectLess(i, one, dM, none);
            gradients.Put(dFromInput, 0, j);
            gradients.Put(dFromCarried * L.Load(ref k, 3 * d + j), 1, j);
            gradients.Put(dC * i * (one - z * z), 2, j);
            gradients.Put(yDy * (one - o), 3, j); // do o = dy y
            L.Store(dC * f, ref ds, d + j);
            L.Store(dN * f, ref ds, 2 * d + j);
            L.Store(dFromCarried, ref ds, 3 * d + j);
        }
        return j;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int LstmStepBackward<L>(
        ReadOnlySpan<float> kept, ReadOnlySpan<float> cPrevious, ReadOnlySpan<float> dOutput,
        Span<float> dState, in GateGradients gradients, int d, int j)
        where L : struct, ILanes<L>
    {
        ref float k = ref MemoryMarshal.GetReference(kept);
        ref float cp = ref MemoryMarshal.GetReference(cPrevious);
        ref float dyy = ref MemoryMarshal.GetReference(dOutput);
        ref float ds = ref MemoryMarshal.GetReference(dState);
        bool zero = cPrevious.IsEmpty;
        L one = L.Create(1f);
        for (; j + L.Count <= d; j += L.Count)
        {
            L i = L.Load(ref k, j), z = L.Load(ref k, d + j), o = L.Load(ref k, 2 * d + j), f = L.Load(ref k, 3 * d + j);
            L squashed = L.Load(ref k, 5 * d + j);
            L dy = L.Load(ref ds, j) + L.Load(ref dyy, j);
            L dC = L.MultiplyAdd(dy * o, one - squashed * squashed, L.Load(ref ds, d + j));
            L dF = zero ? L.Create(0f) : dC * L.Load(ref cp, j);
            gradients.Put(dC * z * i * (one - i), 0, j);
            gradients.Put(dF * f * (one - f), 1, j);
            gradients.Put(dC * i * (one - z * z), 2, j);
            gradients.Put(dy * squashed * o * (one - o), 3, j);
            L.Store(dC * f, ref ds, d + j);
        }
        return j;
    }
}
