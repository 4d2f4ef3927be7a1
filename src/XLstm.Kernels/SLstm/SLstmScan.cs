using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XLstm.Kernels;

/// <summary>
/// The sLSTM over time (arXiv 2405.04517, section 2.2), for one head and a block of batch rows; heads and rows are
/// independent, so callers spread them over threads. With pre-activations g~ = x_g + R_g y_{t-1} + b_g:
/// <code>
/// m_t = max(logsigmoid(f~) + m_{t-1}, i~)      a head whose n is all 0 takes m_t = i~ in the first step
/// i'  = min(1, exp(i~ - m_t))                  f' = min(1, exp(logsigmoid(f~) + m_{t-1} - m_t))
/// c_t = f' c_{t-1} + i' tanh(z~)               n_t = f' n_{t-1} + i'
/// y_t = sigmoid(o~) c_t / n_t
/// </code>
/// The first-step rule is decided for each row (sequence) and head, so that a batch that mixes fresh and continued
/// sequences equals each sequence alone; the reference decides for the whole batch, its CUDA code for each element, and
/// the three agree on every state that a batch of equally old sequences can reach.
/// </summary>
public static partial class SLstmScan
{
    // The gate below 1, i' or -f' (the other one is 1); tanh(z~), sigmoid(o~), sigmoid(-f~), c, n
    // (LSTM: i, z, o, f, c, tanh(c))
    internal const int SavedPerCell = 6;

    private const int Alignment = 16;

    private const float LeastNormal = 1.17549435e-38f;

    // With fewer steps R is read in place, which costs less than packing it first. The two sum in another order, so the choice
    // is by T alone: a row gives the same bits whatever rows stand beside it.
    private const int PackingSteps = 8;

    /// <summary>Scratch floats that <see cref="Forward"/> needs for <paramref name="rowCount"/> rows.</summary>
    public static int ForwardScratchLength(in SLstmShape shape, int rowCount)
    {
        int d = shape.HeadWidth;
        return Alignment + MatrixProduct.PackedLength(d, 4 * d) + MatrixProduct.PackedScratchLength(rowCount, d) + rowCount * (4 + 4) * d;
    }

    /// <summary>Runs the scan of one head over <paramref name="rowCount"/> rows from <paramref name="firstRow"/>.</summary>
    /// <param name="shape">Sizes B, T, N and the head width.</param>
    /// <param name="function">sLSTM or LSTM.</param>
    /// <param name="head">Index of the head.</param>
    /// <param name="firstRow">First batch row.</param>
    /// <param name="rowCount">Batch rows.</param>
    /// <param name="x">Gate pre-activations from the input, [B, T, 4 H].</param>
    /// <param name="kernel">R, [N, 4 HeadWidth, HeadWidth]: rows are (gate, out), columns in.</param>
    /// <param name="bias">b, [4, H], or empty.</param>
    /// <param name="lengths">Steps of each row, [B], or empty for T; later steps give 0 and leave the state alone.</param>
    /// <param name="initial">State [S, B, H], or empty for zeros.</param>
    /// <param name="y">Output [B, T, H]; only the columns of this head and rows are written.</param>
    /// <param name="final">State after the last step [S, B, H]; may be the memory of <paramref name="initial"/>.</param>
    /// <param name="saved">What <see cref="Backward"/> needs, <see cref="SLstmShape.SavedLength"/>, or empty.</param>
    /// <param name="scratch">At least <see cref="ForwardScratchLength"/>.</param>
    /// <exception cref="ArgumentException">A span is shorter than its shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">No such head or rows.</exception>
    public static void Forward(
        in SLstmShape shape, CellFunction function, int head, int firstRow, int rowCount,
        ReadOnlySpan<float> x, ReadOnlySpan<float> kernel, ReadOnlySpan<float> bias, ReadOnlySpan<int> lengths,
        ReadOnlySpan<float> initial, Span<float> y, Span<float> final, Span<float> saved, Span<float> scratch)
    {
        Check.Length(x, shape.GatesLength);
        Check.Length(kernel, shape.KernelLength);
        Check.LengthOrEmpty(bias, 4 * shape.Width);
        Check.LengthOrEmpty(lengths, shape.Batch);
        Check.LengthOrEmpty(initial, shape.StateLength(function));
        Check.Length(y, shape.OutputLength);
        Check.Length(final, shape.StateLength(function));
        Check.LengthOrEmpty(saved, shape.SavedLength);
        CheckPart(shape, head, firstRow, rowCount);
        Check.Length(scratch, ForwardScratchLength(shape, rowCount));

        switch (Simd.Width)
        {
            case 16: ForwardCore<Lanes16>(shape, function, head, firstRow, rowCount, x, kernel, bias, lengths, initial, y, final, saved, scratch); break;
            case 8: ForwardCore<Lanes8>(shape, function, head, firstRow, rowCount, x, kernel, bias, lengths, initial, y, final, saved, scratch); break;
            default: ForwardCore<Lanes4>(shape, function, head, firstRow, rowCount, x, kernel, bias, lengths, initial, y, final, saved, scratch); break;
        }
    }

    private static void CheckPart(in SLstmShape shape, int head, int firstRow, int rowCount)
    {
        Check.Range(head, shape.Heads);
        Check.Range(firstRow, shape.Batch + 1);
        Check.Range(rowCount, shape.Batch - firstRow + 1);
    }

    internal static void ForwardCore<L>(
        in SLstmShape shape, CellFunction function, int head, int firstRow, int rowCount,
        ReadOnlySpan<float> x, ReadOnlySpan<float> kernel, ReadOnlySpan<float> bias, ReadOnlySpan<int> lengths,
        ReadOnlySpan<float> initial, Span<float> y, Span<float> final, Span<float> saved, Span<float> scratch)
        where L : struct, ILanes<L>
    {
        int T = shape.Time, H = shape.Width, d = shape.HeadWidth, B = shape.Batch;
        int states = SLstmShape.StateCount(function), packedLength = MatrixProduct.PackedLength(d, 4 * d);
        ReadOnlySpan<float> R = kernel.Slice(head * 4 * d * d, 4 * d * d);
        scratch = Aligned(scratch);
        Span<float> packed = scratch[..packedLength];
        Span<float> state = scratch.Slice(packedLength, rowCount * 4 * d);                       // [row, S, cell]
        Span<float> recurrent = scratch.Slice(packedLength + rowCount * 4 * d, rowCount * 4 * d); // [row, (gate, out)]
        Span<float> work = scratch[(packedLength + rowCount * 8 * d)..];
        bool packs = T >= PackingSteps && rowCount > 0;
        if (packs)
            Pack<L>(true, d, 4 * d, R, packed);

        for (int r = 0; r < rowCount; r++)
            for (int s = 0; s < states; s++)
            {
                Span<float> target = state.Slice((r * 4 + s) * d, d);
                if (initial.IsEmpty)
                    target.Clear();
                else
                    initial.Slice((s * B + firstRow + r) * H + head * d, d).CopyTo(target);
            }

        for (int t = 0; t < T; t++)
        {
            // A row's gates lie in four places of a page that changes with each step, out of sight for what the processor foresees.
            for (int r = 0; r < rowCount && t + 1 < T; r++)
                PrefetchGates(x.Slice(((firstRow + r) * T + t + 1) * 4 * H + head * d, 3 * H + d), H, d);
            if (packs)
                MatrixProduct.MultiplyPacked<L>(false, rowCount, 4 * d, 0, 4 * d, d, state, 4 * d, packed, recurrent, 4 * d, false, work);
            else
                for (int r = 0; r < rowCount; r += DirectProduct.MaxRows)
                    MatrixProduct.Multiply<L>(false, true, Math.Min(rowCount - r, DirectProduct.MaxRows), 4 * d, d, state[(r * 4 * d)..], 4 * d, R, d, recurrent[(r * 4 * d)..], 4 * d, false, work);

            for (int r = 0; r < rowCount; r++)
            {
                int row = firstRow + r;
                Span<float> output = y.Slice((row * T + t) * H + head * d, d);
                if (!lengths.IsEmpty && t >= lengths[row])
                {
                    output.Clear();
                    continue;
                }

                Span<float> kept = saved.IsEmpty ? default : saved.Slice(SavedOffset(shape, head, t, row), SavedPerCell * d);
                Span<float> rowState = state.Slice(r * 4 * d, 4 * d);
                var gates = new Gates(
                    x.Slice((row * T + t) * 4 * H + head * d, 3 * H + d), bias.IsEmpty ? default : bias.Slice(head * d, 3 * H + d), H,
                    recurrent.Slice(r * 4 * d, 4 * d), d);
                if (function == CellFunction.Lstm)
                {
                    int done = LstmStep<L>(gates, rowState, kept, d, 0);
                    LstmStep<Lanes1>(gates, rowState, kept, d, done);
                }
                else
                {
                    bool first = t == 0 && !rowState.Slice(2 * d, d).ContainsAnyExcept(0f);
                    int done = SLstmStep<L>(gates, rowState, kept, d, 0, first);
                    SLstmStep<Lanes1>(gates, rowState, kept, d, done, first);
                }
                rowState[..d].CopyTo(output);
            }
        }

        for (int r = 0; r < rowCount; r++)
            for (int s = 0; s < states; s++)
                state.Slice((r * 4 + s) * d, d).CopyTo(final.Slice((s * B + firstRow + r) * H + head * d, d));
    }

    private static void Pack<L>(bool transpose, int k, int n, ReadOnlySpan<float> R, Span<float> packed) where L : struct, ILanes<L>
    {
        for (int piece = 0; piece < MatrixProduct.PackPieces(k); piece++)
            MatrixProduct.PackPiece<L>(piece, transpose, k, n, R, transpose ? k : n, packed);
    }

    // [head, t, row, kept, cell]: a block of rows reads and writes in one stretch.
    private static void PrefetchGates(ReadOnlySpan<float> x, int H, int d)
    {
        ref float start = ref MemoryMarshal.GetReference(x);
        for (int g = 0; g < 4; g++)
            for (int j = 0; j < d; j += 64)
                Prefetch.Ahead(ref start, g * H + j, Math.Min(64, d - j));
    }

    private static int SavedOffset(in SLstmShape shape, int head, int t, int row) =>
        ((head * shape.Time + t) * shape.Batch + row) * SavedPerCell * shape.HeadWidth;

    // From the first 64-byte boundary on: a register across two cache lines costs two loads.
    private static Span<float> Aligned(Span<float> scratch)
    {
        nint address = Unsafe.ByteOffset(ref Unsafe.NullRef<float>(), ref MemoryMarshal.GetReference(scratch));
        return scratch[(int)((-address & 63) / sizeof(float))..];
    }

    /// <summary>g~ = x_g + b_g + R_g y_{t-1} of one row and head, summed as it is read.</summary>
    private readonly ref struct Gates(ReadOnlySpan<float> x, ReadOnlySpan<float> bias, int inputStride, ReadOnlySpan<float> recurrent, int recurrentStride)
    {
        private readonly ref float _x = ref MemoryMarshal.GetReference(x);
        private readonly ref float _bias = ref MemoryMarshal.GetReference(bias);
        private readonly ref float _recurrent = ref MemoryMarshal.GetReference(recurrent);
        private readonly bool _biased = !bias.IsEmpty;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Load<L>(int gate, int j) where L : struct, ILanes<L>
        {
            L sum = L.Load(ref _x, gate * inputStride + j) + L.Load(ref _recurrent, gate * recurrentStride + j);
            return _biased ? sum + L.Load(ref _bias, gate * inputStride + j) : sum;
        }
    }

    // Not inlined, as the product's tiles: with it the scan is past the budget of the JIT, and every operation on lanes a call.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int SLstmStep<L>(in Gates gates, Span<float> state, Span<float> kept, int d, int j, bool first)
        where L : struct, ILanes<L>
    {
        ref float s = ref MemoryMarshal.GetReference(state);
        ref float k = ref MemoryMarshal.GetReference(kept);
        L zero = L.Create(0f), one = L.Create(1f);
        for (; j + L.Count <= d; j += L.Count)
        {
            L iRaw = gates.Load<L>(0, j);
            L carried = LaneMath.LogSigmoid(gates.Load<L>(1, j), out L forgetSlope) + L.Load(ref s, 3 * d + j);
            L z = LaneMath.Tanh(gates.Load<L>(2, j));
            // m is one of the two, so one of i' and f' is 1, and the other e^-|i~ - a|. A NaN reaches both.
            L lesser = LaneMath.ExpNonPositive(zero - L.Abs(iRaw - carried));
            L i = first ? one : L.SelectLess(carried, iRaw, one, lesser);
            L f = L.SelectLess(iRaw, carried, one, lesser);
            L m = first ? iRaw : L.Max(carried, iRaw);
            L c = L.MultiplyAdd(f, L.Load(ref s, d + j), i * z);
            L n = L.MultiplyAdd(f, L.Load(ref s, 2 * d + j), i);
            // y = o c / n with o = 1 / (1 + e^-o~), in one division.
            L inverse = one / L.MultiplyAdd(n, LaneMath.Exp(zero - gates.Load<L>(3, j)), n);
            L.Store(c * inverse, ref s, j);
            L.Store(c, ref s, d + j);
            L.Store(n, ref s, 2 * d + j);
            L.Store(m, ref s, 3 * d + j);
            if (!kept.IsEmpty)
            {
                // f' of 0 keeps its sign as the least normal number.
                L.Store(L.SelectLess(i, one, i, zero - L.Max(f, L.Create(LeastNormal))), ref k, j);
                L.Store(z, ref k, d + j);
                L.Store(n * inverse, ref k, 2 * d + j);
                L.Store(forgetSlope, ref k, 3 * d + j);
                L.Store(c, ref k, 4 * d + j);
                L.Store(n, ref k, 5 * d + j);
            }
        }
        return j;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int LstmStep<L>(in Gates gates, Span<float> state, Span<float> kept, int d, int j)
        where L : struct, ILanes<L>
    {
        ref float s = ref MemoryMarshal.GetReference(state);
        ref float k = ref MemoryMarshal.GetReference(kept);
        for (; j + L.Count <= d; j += L.Count)
        {
            L i = LaneMath.Sigmoid(gates.Load<L>(0, j)), f = LaneMath.Sigmoid(gates.Load<L>(1, j));
            L z = LaneMath.Tanh(gates.Load<L>(2, j)), o = LaneMath.Sigmoid(gates.Load<L>(3, j));
            L c = L.MultiplyAdd(f, L.Load(ref s, d + j), i * z);
            L squashed = LaneMath.Tanh(c);
            L.Store(o * squashed, ref s, j);
            L.Store(c, ref s, d + j);
            if (!kept.IsEmpty)
            {
                L.Store(i, ref k, j);
                L.Store(z, ref k, d + j);
                L.Store(o, ref k, 2 * d + j);
                L.Store(f, ref k, 3 * d + j);
                L.Store(c, ref k, 4 * d + j);
                L.Store(squashed, ref k, 5 * d + j);
            }
        }
        return j;
    }
}
