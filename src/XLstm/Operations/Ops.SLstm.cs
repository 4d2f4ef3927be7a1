using XLstm.Kernels;

namespace XLstm;

public static partial class Ops
{
    /// <summary>
    /// The sLSTM (or plain LSTM) over time: gates [B, T, 4 H], R [N, 4 H/N, H/N], b [4 H] or null, state [S, B, H] or null for
    /// zeros. Returns y [B, T, H] and the state after the last step of each row; y is 0 past a row's length.
    /// </summary>
    public static (Tensor Y, Tensor State) SLstm(
        Pass pass, CellFunction function, Tensor gates, Parameter kernel, Parameter? bias, Tensor? state, int[]? lengths = null)
    {
        int N = kernel.Shape[0], d = kernel.Shape[2];
        var shape = new SLstmShape(gates.Shape[0], gates.Shape[1], N, d);
        if (gates.Shape[2] != 4 * shape.Width)
            throw new ArgumentException($"gates is {gates.Shape}; a kernel {kernel.Shape} expects {4 * shape.Width} as the last dimension.", nameof(gates));
        var stateShape = new Shape(SLstmShape.StateCount(function), shape.Batch, shape.Width);
        if (state is not null && state.Shape != stateShape)
            throw new ArgumentException($"state is {state.Shape}, expected {stateShape}.", nameof(state));
        CheckLengths(lengths, shape.Batch, shape.Time);

        Tensor y = pass.Rent(new Shape(shape.Batch, shape.Time, shape.Width));
        Tensor next = pass.UpdatesStates && state is not null ? state : pass.Rent(stateShape);
        Tensor? saved = pass.Record ? pass.Rent(new Shape(shape.SavedLength)) : null;
        pass.Workers.Run(
            Pieces(shape), new SLstmWork(shape, function, gates, kernel, bias, lengths, state, y, next, saved), (long)gates.Length * d);
        if (pass.Record)
            pass.Add(new SLstmNode(shape, function, gates, kernel, bias, lengths, state, y, next, saved!));
        return (y, next);
    }

    // Rows share R while it is in cache; with few heads smaller blocks keep every thread busy.
    private static int SLstmRows(in SLstmShape shape) => shape.Heads < 4 ? 4 : 8;

    private static int SLstmBlocks(in SLstmShape shape) => (shape.Batch + SLstmRows(shape) - 1) / SLstmRows(shape);

    private static int Pieces(in SLstmShape shape) => shape.Heads * SLstmBlocks(shape);

    private static (int Head, int Row, int Count) Piece(in SLstmShape shape, int index)
    {
        int rows = SLstmRows(shape), row = index / shape.Heads * rows;
        return (index % shape.Heads, row, Math.Min(rows, shape.Batch - row));
    }

    private readonly struct SLstmWork(SLstmShape shape, CellFunction function, Tensor gates, Parameter kernel, Parameter? bias, int[]? lengths, Tensor? state, Tensor y, Tensor next, Tensor? saved) : IWork
    {
        public int ScratchLength => SLstmScan.ForwardScratchLength(shape, SLstmRows(shape));

        public void Run(int index, Span<float> scratch)
        {
            (int head, int row, int count) = Piece(shape, index);
            SLstmScan.Forward(
                shape, function, head, row, count, gates.Span, kernel.Span, bias is null ? default : bias.Span, lengths,
                state is null ? default : state.Span, y.Span, next.Span, saved is null ? default : saved.Span, scratch);
        }
    }

    private sealed class SLstmNode(SLstmShape shape, CellFunction function, Tensor gates, Parameter kernel, Parameter? bias, int[]? lengths, Tensor? state, Tensor y, Tensor next, Tensor saved) : Node(y, next)
    {
        public override void Backward(Pass pass)
        {
            pass.GradientOf(y);
            GradientSum sum = pass.SumOf(gates);
            bool own = sum.Wanted && !sum.Holds;
            Tensor written = own ? sum.Tensor : pass.Rent(gates.Shape);
            Span<float> dState = pass.GradientOf(state);
            Tensor? dInitial = dState.IsEmpty ? null : pass.Rent(state!.Shape);
            // The sum for b of each block of rows, added in order.
            int rows = shape.Batch * shape.Time, H = shape.Width, blocks = SLstmBlocks(shape);
            Tensor? dBias = bias is { RequiresGradient: true } ? pass.Rent(new Shape(blocks * 4 * H)) : null;
            dBias?.Span.Clear();
            pass.Workers.Run(Pieces(shape), new SLstmBackwardWork(shape, function, kernel, lengths, state, y, next, saved, written, dInitial, dBias));

            if (dBias is not null)
            {
                AddRows(pass, blocks, 4 * H, dBias.Span, bias);
                pass.Return(dBias);
            }
            if (kernel.RequiresGradient && rows > 0)
            {
                pass.GradientOf(kernel);
                Tensor before = pass.Rent(y.Shape);
                pass.Workers.Run(shape.Batch, new SLstmPreviousWork(shape, state, y, before));
                pass.Workers.Run(shape.Heads * 4, new SLstmKernelWork(shape, written, before, kernel.Gradient!));
                pass.Return(before);
            }
            if (dInitial is not null)
            {
                Elementwise.AddTo(dInitial.Span, dState);
                pass.Return(dInitial);
            }
            if (!own)
            {
                if (sum.Wanted)
                    Elementwise.AddTo(written.Span, sum.Tensor.Span);
                pass.Return(written);
            }
        }
    }

    // y_{t-1} for every step of one row
    private readonly struct SLstmPreviousWork(SLstmShape shape, Tensor? state, Tensor y, Tensor before) : IWork
    {
        public int ScratchLength => 0;

        public void Run(int index, Span<float> scratch)
        {
            int T = shape.Time, H = shape.Width;
            Span<float> row = before.Span.Slice(index * T * H, T * H);
            if (state is null)
                row[..H].Clear();
            else
                state.Span.Slice(index * H, H).CopyTo(row);
            y.Span.Slice(index * T * H, (T - 1) * H).CopyTo(row[H..]);
        }
    }

    private readonly struct SLstmBackwardWork(SLstmShape shape, CellFunction function, Parameter kernel, int[]? lengths, Tensor? state, Tensor y, Tensor next, Tensor saved, Tensor dGates, Tensor? dInitial, Tensor? dBias) : IWork
    {
        public int ScratchLength => SLstmScan.BackwardScratchLength(shape, SLstmRows(shape));

        public void Run(int index, Span<float> scratch)
        {
            (int head, int row, int count) = Piece(shape, index);
            SLstmScan.Backward(
                shape, function, head, row, count, kernel.Span, lengths, state is null ? default : state.Span, y.Span, saved.Span,
                y.Gradient!.Span, next.Gradient is { } dNext ? dNext.Span : default, dGates.Span, dInitial is null ? default : dInitial.Span,
                dBias is null ? default : dBias.Span[(index / shape.Heads * 4 * shape.Width)..], scratch);
        }
    }

    // dR of one head and gate: one product over all rows and steps.
    private readonly struct SLstmKernelWork(SLstmShape shape, Tensor dGates, Tensor before, Tensor dKernel) : IWork
    {
        public int ScratchLength => MatrixProduct.ScratchLength(shape.HeadWidth, shape.HeadWidth, shape.Batch * shape.Time);

        public void Run(int index, Span<float> scratch)
        {
            int head = index / 4, gate = index % 4, d = shape.HeadWidth, H = shape.Width;
            MatrixProduct.Multiply(
                true, false, d, d, shape.Batch * shape.Time, dGates.Span[(gate * H + head * d)..], 4 * H, before.Span[(head * d)..], H,
                dKernel.Span[(index * d * d)..], d, accumulate: true, scratch);
        }
    }

    private static void CheckLengths(int[]? lengths, int batch, int time)
    {
        if (lengths is null)
            return;
        if (lengths.Length != batch)
            throw new ArgumentException($"lengths has {lengths.Length} elements, the batch has {batch} rows.", nameof(lengths));
        foreach (int length in lengths)
            if (length < 0 || length > time)
                throw new ArgumentOutOfRangeException(nameof(lengths), length, $"A length is {length}, expected 0 to {time}.");
    }
}
