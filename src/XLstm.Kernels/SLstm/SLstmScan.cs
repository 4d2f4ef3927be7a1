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
    // i', f', tanh(z~), sigmoid(o~), sigmoid(-f~), c, n  (LSTM: i, f, z, o, tanh(c), c, unused)
    internal const int SavedPerCell = 7;

    private const int RowBlock = 4;

    /// <summary>Scratch floats that <see cref="Forward"/> needs for <paramref name="rowCount"/> rows.</summary>
    public static int ForwardScratchLength(in SLstmShape shape, int rowCount) =>
        4 * shape.HeadWidth * shape.HeadWidth + rowCount * (4 + 4) * shape.HeadWidth;

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
        int states = SLstmShape.StateCount(function);
        ReadOnlySpan<float> R = kernel.Slice(head * 4 * d * d, 4 * d * d);
        Span<float> transposed = scratch[..(4 * d * d)];                          // [in, (gate, out)]
        Span<float> gates = scratch.Slice(4 * d * d, rowCount * 4 * d);           // [row, (gate, out)]
        Span<float> state = scratch.Slice(4 * d * d + rowCount * 4 * d, rowCount * 4 * d); // [row, S, cell]

        // A few single steps (generation) cost less with R read in place than with R transposed first. The two sum in another
        // order, so the choice is by T alone: a row gives the same bits whatever rows stand beside it.
        bool transpose = T >= 2 * RowBlock;
        if (transpose)
            Transpose(R, 4 * d, d, transposed);

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
            for (int r = 0; r < rowCount; r++)
                LoadGates(x.Slice(((firstRow + r) * T + t) * 4 * H), bias, H, head * d, d, gates.Slice(r * 4 * d, 4 * d));
            if (transpose)
                AddRecurrent<L>(transposed, state, gates, rowCount, d);
            else
                AddRecurrentInPlace<L>(R, state, gates, rowCount, d);

            for (int r = 0; r < rowCount; r++)
            {
                int row = firstRow + r;
                Span<float> output = y.Slice((row * T + t) * H + head * d, d);
                if (!lengths.IsEmpty && t >= lengths[row])
                {
                    output.Clear();
                    continue;
                }

                Span<float> kept = saved.IsEmpty ? default : saved.Slice(((row * T + t) * shape.Heads + head) * SavedPerCell * d, SavedPerCell * d);
                Span<float> rowState = state.Slice(r * 4 * d, 4 * d);
                ReadOnlySpan<float> rowGates = gates.Slice(r * 4 * d, 4 * d);
                if (function == CellFunction.Lstm)
                {
                    int done = LstmStep<L>(rowGates, rowState, kept, d, 0);
                    LstmStep<Lanes1>(rowGates, rowState, kept, d, done);
                }
                else
                {
                    bool first = t == 0 && !rowState.Slice(2 * d, d).ContainsAnyExcept(0f);
                    int done = SLstmStep<L>(rowGates, rowState, kept, d, 0, first);
                    SLstmStep<Lanes1>(rowGates, rowState, kept, d, done, first);
                }
                rowState[..d].CopyTo(output);
            }
        }

        for (int r = 0; r < rowCount; r++)
            for (int s = 0; s < states; s++)
                state.Slice((r * 4 + s) * d, d).CopyTo(final.Slice((s * B + firstRow + r) * H + head * d, d));
    }

    private static void LoadGates(ReadOnlySpan<float> x, ReadOnlySpan<float> bias, int H, int offset, int d, Span<float> gates)
    {
        for (int g = 0; g < 4; g++)
        {
            ReadOnlySpan<float> source = x.Slice(g * H + offset, d);
            Span<float> target = gates.Slice(g * d, d);
            if (bias.IsEmpty)
            {
                source.CopyTo(target);
                continue;
            }
            ReadOnlySpan<float> b = bias.Slice(g * H + offset, d);
            for (int j = 0; j < target.Length; j++)
                target[j] = source[j] + b[j];
        }
    }

    private static void Transpose(ReadOnlySpan<float> source, int rows, int columns, Span<float> target)
    {
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++)
                target[j * rows + i] = source[i * columns + j];
    }

    // gates[r, :] += y[r, :] R^T with R^T stored [in, 4d]; every element sums over `in` in ascending order, whatever the block.
    private static void AddRecurrent<L>(ReadOnlySpan<float> transposed, ReadOnlySpan<float> state, Span<float> gates, int rowCount, int d)
        where L : struct, ILanes<L>
    {
        ref float w = ref MemoryMarshal.GetReference(transposed);
        ref float y = ref MemoryMarshal.GetReference(state);
        ref float g = ref MemoryMarshal.GetReference(gates);
        int columns = 4 * d, r = 0;
        for (; r + RowBlock <= rowCount; r += RowBlock)
        {
            nint g0 = r * columns, g1 = g0 + columns, g2 = g1 + columns, g3 = g2 + columns;
            nint y0 = r * columns, y1 = y0 + columns, y2 = y1 + columns, y3 = y2 + columns; // a row's state is 4 d long, y first
            int j = 0;
            for (; j + 2 * L.Count <= columns; j += 2 * L.Count)
            {
                L a0 = L.Load(ref g, g0 + j), a1 = L.Load(ref g, g0 + j + L.Count);
                L b0 = L.Load(ref g, g1 + j), b1 = L.Load(ref g, g1 + j + L.Count);
                L c0 = L.Load(ref g, g2 + j), c1 = L.Load(ref g, g2 + j + L.Count);
                L d0 = L.Load(ref g, g3 + j), d1 = L.Load(ref g, g3 + j + L.Count);
                nint at = j;
                for (nint i = 0; i < d; i++, at += columns)
                {
                    L w0 = L.Load(ref w, at), w1 = L.Load(ref w, at + L.Count);
                    L v = L.Create(Unsafe.Add(ref y, y0 + i));
                    a0 = L.MultiplyAdd(v, w0, a0);
                    a1 = L.MultiplyAdd(v, w1, a1);
                    v = L.Create(Unsafe.Add(ref y, y1 + i));
                    b0 = L.MultiplyAdd(v, w0, b0);
                    b1 = L.MultiplyAdd(v, w1, b1);
                    v = L.Create(Unsafe.Add(ref y, y2 + i));
                    c0 = L.MultiplyAdd(v, w0, c0);
                    c1 = L.MultiplyAdd(v, w1, c1);
                    v = L.Create(Unsafe.Add(ref y, y3 + i));
                    d0 = L.MultiplyAdd(v, w0, d0);
                    d1 = L.MultiplyAdd(v, w1, d1);
                }
                L.Store(a0, ref g, g0 + j);
                L.Store(a1, ref g, g0 + j + L.Count);
                L.Store(b0, ref g, g1 + j);
                L.Store(b1, ref g, g1 + j + L.Count);
                L.Store(c0, ref g, g2 + j);
                L.Store(c1, ref g, g2 + j + L.Count);
                L.Store(d0, ref g, g3 + j);
                L.Store(d1, ref g, g3 + j + L.Count);
            }
            for (int k = 0; k < RowBlock; k++)
            {
                int done = AddRow<L>(ref w, ref y, ref g, (r + k) * columns, columns, d, j);
                AddRow<Lanes1>(ref w, ref y, ref g, (r + k) * columns, columns, d, done);
            }
        }
        for (; r < rowCount; r++)
        {
            int done = AddRow<L>(ref w, ref y, ref g, r * columns, columns, d, 0);
            AddRow<Lanes1>(ref w, ref y, ref g, r * columns, columns, d, done);
        }
    }

    private static int AddRow<L>(ref float w, ref float y, ref float g, nint row, int columns, int d, int j) where L : struct, ILanes<L>
    {
        for (; j + L.Count <= columns; j += L.Count)
        {
            L sum = L.Load(ref g, row + j);
            nint at = j;
            for (nint i = 0; i < d; i++, at += columns)
                sum = L.MultiplyAdd(L.Create(Unsafe.Add(ref y, row + i)), L.Load(ref w, at), sum);
            L.Store(sum, ref g, row + j);
        }
        return j;
    }

    // gates[r, j] += R[j, :] . y[r, :]
    private static void AddRecurrentInPlace<L>(ReadOnlySpan<float> R, ReadOnlySpan<float> state, Span<float> gates, int rowCount, int d)
        where L : struct, ILanes<L>
    {
        ref float w = ref MemoryMarshal.GetReference(R);
        ref float y = ref MemoryMarshal.GetReference(state);
        for (int r = 0; r < rowCount; r++)
            for (int j = 0; j < 4 * d; j++)
            {
                L sum = L.Create(0f);
                int i = 0;
                for (; i + L.Count <= d; i += L.Count)
                    sum = L.MultiplyAdd(L.Load(ref w, j * d + i), L.Load(ref y, r * 4 * d + i), sum);
                float total = L.Sum(sum);
                for (; i < d; i++)
                    total += R[j * d + i] * state[r * 4 * d + i];
                gates[r * 4 * d + j] += total;
            }
    }

    private static int SLstmStep<L>(ReadOnlySpan<float> gates, Span<float> state, Span<float> kept, int d, int j, bool first)
        where L : struct, ILanes<L>
    {
        ref float g = ref MemoryMarshal.GetReference(gates);
        ref float s = ref MemoryMarshal.GetReference(state);
        ref float k = ref MemoryMarshal.GetReference(kept);
        L one = L.Create(1f);
        for (; j + L.Count <= d; j += L.Count)
        {
            L iRaw = L.Load(ref g, j), fRaw = L.Load(ref g, d + j), zRaw = L.Load(ref g, 2 * d + j), oRaw = L.Load(ref g, 3 * d + j);
            L c = L.Load(ref s, d + j), n = L.Load(ref s, 2 * d + j), m = L.Load(ref s, 3 * d + j);
            L carried = LaneMath.LogSigmoid(fRaw) + m;
            L mNew = first ? iRaw : L.Max(carried, iRaw);
            L i = L.Min(LaneMath.Exp(iRaw - mNew), one);
            L f = L.Min(LaneMath.Exp(carried - mNew), one);
            L z = LaneMath.Tanh(zRaw);
            L o = LaneMath.Sigmoid(oRaw);
            c = L.MultiplyAdd(f, c, i * z);
            n = L.MultiplyAdd(f, n, i);
            L.Store(o * (c / n), ref s, j);
            L.Store(c, ref s, d + j);
            L.Store(n, ref s, 2 * d + j);
            L.Store(mNew, ref s, 3 * d + j);
            if (!kept.IsEmpty)
            {
                L.Store(i, ref k, j);
                L.Store(f, ref k, d + j);
                L.Store(z, ref k, 2 * d + j);
                L.Store(o, ref k, 3 * d + j);
                L.Store(LaneMath.Sigmoid(L.Create(0f) - fRaw), ref k, 4 * d + j);
                L.Store(c, ref k, 5 * d + j);
                L.Store(n, ref k, 6 * d + j);
            }
        }
        return j;
    }

    private static int LstmStep<L>(ReadOnlySpan<float> gates, Span<float> state, Span<float> kept, int d, int j)
        where L : struct, ILanes<L>
    {
        ref float g = ref MemoryMarshal.GetReference(gates);
        ref float s = ref MemoryMarshal.GetReference(state);
        ref float k = ref MemoryMarshal.GetReference(kept);
        for (; j + L.Count <= d; j += L.Count)
        {
            L i = LaneMath.Sigmoid(L.Load(ref g, j)), f = LaneMath.Sigmoid(L.Load(ref g, d + j));
            L z = LaneMath.Tanh(L.Load(ref g, 2 * d + j)), o = LaneMath.Sigmoid(L.Load(ref g, 3 * d + j));
            L c = L.MultiplyAdd(f, L.Load(ref s, d + j), i * z);
            L squashed = LaneMath.Tanh(c);
            L.Store(o * squashed, ref s, j);
            L.Store(c, ref s, d + j);
            if (!kept.IsEmpty)
            {
                L.Store(i, ref k, j);
                L.Store(f, ref k, d + j);
                L.Store(z, ref k, 2 * d + j);
                L.Store(o, ref k, 3 * d + j);
                L.Store(squashed, ref k, 4 * d + j);
                L.Store(c, ref k, 5 * d + j);
            }
        }
        return j;
    }
}
