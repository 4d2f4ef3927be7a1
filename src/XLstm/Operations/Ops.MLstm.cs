using XLstm.Kernels;

namespace XLstm;

public static partial class Ops
{
    // The gates of so few rows read their weights as they are stored.
    private const int FewRows = 4;

    /// <summary>
    /// Gate pre-activations of an mLSTM, linear in concat(q, k, v): W_i, W_f [N, 3 F], b [N]; returns [B, T, 2 N], the input
    /// gates of all heads, then the forget gates.
    /// </summary>
    public static Tensor MLstmGates(Pass pass, Tensor q, Tensor k, Tensor v, Parameter inputWeight, Parameter inputBias, Parameter forgetWeight, Parameter forgetBias)
    {
        int N = inputWeight.Shape[0], F = q.Shape.Last;
        if (k.Shape != q.Shape || v.Shape.Rows != q.Shape.Rows || inputWeight.Shape.Last != 2 * F + v.Shape.Last)
            throw new ArgumentException($"q {q.Shape}, k {k.Shape}, v {v.Shape} do not fit {inputWeight}.", nameof(q));
        Tensor gates = pass.Rent(q.Shape.WithLast(2 * N));
        if (!pass.Options.Record && q.Shape.Rows <= FewRows)
        {
            pass.Workers.Run(2, new FewGatesWork(q, k, v, inputWeight, inputBias, forgetWeight, forgetBias, gates), 2L * inputWeight.Length);
            return gates;
        }
        Tensor weight = pass.Rent(new Shape(2 * N, inputWeight.Shape.Last)), bias = pass.Rent(new Shape(2 * N));
        Join(inputWeight, forgetWeight, weight);
        Join(inputBias, forgetBias, bias);
        Tensor packedQ = Packed(pass, true, F, 2 * N, weight, 0, weight.Shape.Last);
        Tensor packedK = Packed(pass, true, F, 2 * N, weight, F, weight.Shape.Last);
        Tensor packedV = Packed(pass, true, v.Shape.Last, 2 * N, weight, 2 * F, weight.Shape.Last);
        pass.Workers.Run((q.Shape.Rows + RowBlock - 1) / RowBlock, new GatesWork(q, k, v, packedQ, packedK, packedV, bias, gates));
        foreach (Tensor tensor in (ReadOnlySpan<Tensor>)[packedQ, packedK, packedV, bias])
            pass.Return(tensor);
        if (pass.Record)
            pass.Add(new MLstmGatesNode(q, k, v, inputWeight, inputBias, forgetWeight, forgetBias, weight, gates));
        else
            pass.Return(weight);
        return gates;
    }

    private static void Join(Tensor input, Tensor forget, Tensor both)
    {
        input.Span.CopyTo(both.Span);
        forget.Span.CopyTo(both.Span[input.Length..]);
    }

    // All gates for some rows: the bias, and what each of q, k, v adds.
    private readonly struct GatesWork(Tensor q, Tensor k, Tensor v, Tensor packedQ, Tensor packedK, Tensor packedV, Tensor bias, Tensor gates) : IWork
    {
        public int ScratchLength => MatrixProduct.PackedScratchLength(RowBlock, Math.Max(q.Shape.Last, v.Shape.Last));

        public void Run(int index, Span<float> scratch)
        {
            int count = bias.Length, from = index * RowBlock, rows = Math.Min(RowBlock, q.Shape.Rows - from);
            Span<float> block = gates.Span.Slice(from * count, rows * count);
            for (int r = 0; r < rows; r++)
                bias.Span.CopyTo(block[(r * count)..]);
            Add(q, packedQ, block, scratch);
            Add(k, packedK, block, scratch);
            Add(v, packedV, block, scratch);

            void Add(Tensor part, Tensor packed, Span<float> block, Span<float> scratch)
            {
                int width = part.Shape.Last;
                MatrixProduct.MultiplyPacked(false, rows, count, width, part.Span[(from * width)..], width, packed.Span, block, count, accumulate: true, scratch);
            }
        }
    }

    // One of the two gates, straight from its weight: for few rows reading it is all the time there is.
    private readonly struct FewGatesWork(Tensor q, Tensor k, Tensor v, Parameter inputWeight, Parameter inputBias, Parameter forgetWeight, Parameter forgetBias, Tensor gates) : IWork
    {
        public int ScratchLength => MatrixProduct.ScratchLength(q.Shape.Rows, inputBias.Length, Math.Max(q.Shape.Last, v.Shape.Last));

        public void Run(int index, Span<float> scratch)
        {
            (Parameter weight, Parameter bias) = index == 0 ? (inputWeight, inputBias) : (forgetWeight, forgetBias);
            int N = bias.Length, rows = q.Shape.Rows, offset = 0;
            Span<float> to = Tail(gates, index * N);
            for (int r = 0; r < rows; r++)
                bias.Span.CopyTo(to[(r * 2 * N)..]);
            foreach (Tensor part in (ReadOnlySpan<Tensor>)[q, k, v])
            {
                int width = part.Shape.Last;
                MatrixProduct.Multiply(
                    false, true, rows, N, width, part.Span, width, weight.Span[offset..], weight.Shape.Last, to, 2 * N, accumulate: true, scratch);
                offset += width;
            }
        }
    }

    private sealed class MLstmGatesNode(
        Tensor q, Tensor k, Tensor v, Parameter inputWeight, Parameter inputBias, Parameter forgetWeight, Parameter forgetBias, Tensor weight, Tensor gates) : Node(gates)
    {
        public override void Backward(Pass pass)
        {
            int count = weight.Shape[0], rows = q.Shape.Rows, blocks = Math.Max(1, (rows + GateRows - 1) / GateRows);
            // Of each block of rows: dW [2 N, 3 F], then db.
            Tensor partial = pass.Rent(new Shape(blocks, weight.Length + count));
            pass.Workers.Run(blocks, new GatesBackwardWork(q, k, v, weight, gates.Gradient!, pass.SumOf(q), pass.SumOf(k), pass.SumOf(v), partial));
            for (int block = 1; block < blocks; block++)
                Elementwise.AddTo(partial.Span.Slice(block * partial.Shape.Last, partial.Shape.Last), partial.Span);
            int half = weight.Length / 2;
            AddPart(pass, partial, 0, inputWeight);
            AddPart(pass, partial, half, forgetWeight);
            AddPart(pass, partial, 2 * half, inputBias);
            AddPart(pass, partial, 2 * half + inputBias.Length, forgetBias);
            pass.Return(partial);
        }

        private static void AddPart(Pass pass, Tensor gradient, int from, Parameter parameter)
        {
            if (parameter.RequiresGradient)
                Elementwise.AddTo(gradient.Span.Slice(from, parameter.Length), pass.GradientOf(parameter));
        }
    }

    // Rows whose gradients of the weights are summed before they are added to those of others.
    private const int GateRows = 128;

    // Some rows: everything that reads them while they are at hand.
    private readonly struct GatesBackwardWork(Tensor q, Tensor k, Tensor v, Tensor weight, Tensor dGates, GradientSum dQ, GradientSum dK, GradientSum dV, Tensor partial) : IWork
    {
        public int ScratchLength
        {
            get
            {
                int most = Math.Max(q.Shape.Last, v.Shape.Last);
                return Math.Max(MatrixProduct.ScratchLength(weight.Shape[0], most, GateRows), MatrixProduct.ScratchLength(GateRows, most, weight.Shape[0]));
            }
        }

        public void Run(int index, Span<float> scratch)
        {
            int count = weight.Shape[0], ld = weight.Shape.Last, from = index * GateRows, rows = Math.Min(GateRows, q.Shape.Rows - from);
            ReadOnlySpan<float> dBlock = dGates.Span.Slice(from * count, rows * count);
            Span<float> sums = partial.Span.Slice(index * partial.Shape.Last, partial.Shape.Last), bias = sums[weight.Length..];
            bias.Clear();
            Elementwise.SumRows(rows, count, dBlock, bias);
            Of(q, dQ, 0, dBlock, sums, weight, scratch);
            Of(k, dK, q.Shape.Last, dBlock, sums, weight, scratch);
            Of(v, dV, 2 * q.Shape.Last, dBlock, sums, weight, scratch);

            void Of(Tensor part, GradientSum dPart, int offset, ReadOnlySpan<float> dBlock, Span<float> sums, Tensor weight, Span<float> scratch)
            {
                int width = part.Shape.Last;
                MatrixProduct.Multiply(true, false, count, width, rows, dBlock, count, part.Span[(from * width)..], width, sums[offset..], ld, accumulate: false, scratch);
                if (dPart.Wanted)
                {
                    MatrixProduct.Multiply(
                        false, false, rows, width, count, dBlock, count, weight.Span[offset..], ld, dPart.Tensor.Span[(from * width)..], width, dPart.Holds, scratch);
                }
            }
        }
    }

    /// <summary>
    /// The mLSTM over time: q, k [B, T, N K], v [B, T, N V], gates [B, T, 2 N] (input, then forget), state or null for zeros.
    /// Returns h [B, T, N V] and the state after the last step of each row; h is 0 past a row's length.
    /// </summary>
    public static (Tensor H, MLstmState State) MLstm(
        Pass pass, Tensor q, Tensor k, Tensor v, Tensor gates, MLstmState? state, MLstmOptions options, int[]? lengths = null)
    {
        int B = q.Shape[0], T = q.Shape[1], N = gates.Shape[2] / 2, K = q.Shape[2] / N, V = v.Shape[2] / N;
        if (k.Shape != q.Shape || gates.Shape.Rows != q.Shape.Rows || v.Shape.Rows != q.Shape.Rows || N * K != q.Shape[2] || N * V != v.Shape[2])
            throw new ArgumentException($"q {q.Shape}, k {k.Shape}, v {v.Shape} and gates {gates.Shape} do not fit.", nameof(q));
        var shapeC = new Shape(B, N, K, V);
        if (state is not null && (state.C.Shape != shapeC || state.N.Shape != new Shape(B, N, K) || state.M.Shape != new Shape(B, N)))
            throw new ArgumentException($"state is C {state.C.Shape}, n {state.N.Shape}, m {state.M.Shape}; expected C {shapeC} and what belongs to it.", nameof(state));
        CheckLengths(lengths, B, T);
        if (pass.Options is { Record: true, Form: MLstmForm.Recurrent })
            throw new InvalidOperationException("The recurrent form computes no gradients; record with the chunkwise or the parallel form.");

        Tensor h = pass.Rent(v.Shape);
        MLstmState next = pass.UpdatesStates && state is not null
            ? state
            : new MLstmState(pass.Rent(shapeC), pass.Rent(new Shape(B, N, K)), pass.Rent(new Shape(B, N)));
        MLstmForm form = T == 1 && !pass.Options.Record ? MLstmForm.Recurrent : pass.Options.Form;
        int chunk = pass.Options.ChunkLength, stretch = form == MLstmForm.Parallel ? Math.Max(1, T) : (Stretch + chunk - 1) / chunk * chunk;
        for (int from = 0; from == 0 || from < T; from += stretch)
        {
            pass.Workers.Run(
                B * N, new MLstmWork(form, chunk, options, q, k, v, gates, from == 0 ? state : next, next, h, lengths, from, Math.Min(stretch, T - from)), (long)q.Length * V);
        }
        if (pass.Record)
            pass.Add(new MLstmNode(options, q, k, v, gates, state, next, h, lengths));
        return (h, next);
    }

    // Steps that all heads pass before any goes on. The rows of a head lie between those of the others, and what is fetched of
    // them without being asked for is then at hand when their turn comes.
    private const int Stretch = 256;

    private static MLstmShape HeadShape(Tensor q, Tensor v, int N, int steps) =>
        new(steps, q.Shape[2] / N, v.Shape[2] / N, q.Shape[2], v.Shape[2], 2 * N);

    private readonly struct MLstmWork(MLstmForm form, int chunk, MLstmOptions options, Tensor q, Tensor k, Tensor v, Tensor gates, MLstmState? state, MLstmState next, Tensor h, int[]? lengths, int from, int count) : IWork
    {
        public int ScratchLength => form switch
        {
            MLstmForm.Recurrent => 0,
            MLstmForm.Parallel => MLstmParallel.ForwardScratchLength(HeadShape(q, v, gates.Shape[2] / 2, count)),
            _ => MLstmChunkwise.ForwardScratchLength(HeadShape(q, v, gates.Shape[2] / 2, count), chunk),
        };

        public void Run(int index, Span<float> scratch)
        {
            int N = gates.Shape[2] / 2, b = index / N, head = index % N, row = b * q.Shape[1] + from;
            MLstmShape shape = HeadShape(q, v, N, lengths is null ? count : Math.Clamp(lengths[b] - from, 0, count));
            int K = shape.KeyWidth, V = shape.ValueWidth, keys = row * N * K + head * K, values = row * N * V + head * V, gate = row * 2 * N + head;
            Span<float> C = next.C.Span.Slice(index * K * V, K * V), n = next.N.Span.Slice(index * K, K), m = next.M.Span.Slice(index, 1);
            bool continues = state is not null;
            if (continues && state != next)
            {
                state!.C.Span.Slice(index * K * V, K * V).CopyTo(C);
                state.N.Span.Slice(index * K, K).CopyTo(n);
                m[0] = state.M.Span[index];
            }
            for (int t = shape.Time; t < count; t++)
                h.Span.Slice(values + t * N * V, V).Clear();

            ReadOnlySpan<float> queries = Tail(q, keys), keyRows = Tail(k, keys), valueRows = Tail(v, values);
            ReadOnlySpan<float> inputs = Tail(gates, gate), forgets = Tail(gates, gate + N);
            Span<float> output = Tail(h, values);
            switch (form)
            {
                case MLstmForm.Recurrent:
                    if (!continues)
                    {
                        C.Clear();
                        n.Clear();
                        m.Clear();
                    }
                    MLstmRecurrent.Forward(shape, options, queries, keyRows, valueRows, inputs, forgets, C, n, m, output);
                    break;
                case MLstmForm.Parallel:
                    MLstmParallel.Forward(shape, options, queries, keyRows, valueRows, inputs, forgets, continues, C, n, m, output, scratch);
                    break;
                default:
                    MLstmChunkwise.Forward(shape, chunk, options, queries, keyRows, valueRows, inputs, forgets, continues, C, n, m, output, scratch);
                    break;
            }
        }
    }

    private sealed class MLstmNode(MLstmOptions options, Tensor q, Tensor k, Tensor v, Tensor gates, MLstmState? state, MLstmState next, Tensor h, int[]? lengths)
        : Node(h, next.C, next.N, next.M)
    {
        public override void Backward(Pass pass)
        {
            foreach (Tensor? tensor in (ReadOnlySpan<Tensor?>)[h, state?.C, state?.N, state?.M])
                pass.GradientOf(tensor);
            bool holds = q == k || q == v || k == v; // one gradient then takes several sums
            foreach (Tensor tensor in (ReadOnlySpan<Tensor>)[q, k, v, gates])
                holds |= tensor.Gradient is not null;
            pass.Workers.Run(q.Shape[0] * gates.Shape[2] / 2, new MLstmBackwardWork(
                pass.Options.Form, pass.Options.ChunkLength, options, q, k, v, gates, state, next, h, lengths,
                Gradient(q), Gradient(k), Gradient(v), Gradient(gates), holds));

            // Where nothing is to be added to, each piece writes its own part; where nobody wants a gradient, memory that takes it.
            Tensor Gradient(Tensor tensor)
            {
                GradientSum sum = pass.SumOf(tensor);
                Tensor gradient = sum.Wanted ? sum.Tensor : pass.Rent(tensor.Shape);
                if (holds && !(sum.Wanted && sum.Holds))
                    gradient.Span.Clear();
                return gradient;
            }
        }
    }

    private readonly struct MLstmBackwardWork(MLstmForm form, int chunk, MLstmOptions options, Tensor q, Tensor k, Tensor v, Tensor gates, MLstmState? state, MLstmState next, Tensor h, int[]? lengths, Tensor gradQ, Tensor gradK, Tensor gradV, Tensor gradGates, bool accumulate) : IWork
    {
        private int Chunk => form == MLstmForm.Parallel ? Math.Max(1, q.Shape[1]) : chunk;

        public int ScratchLength => MLstmChunkwise.BackwardScratchLength(HeadShape(q, v, gates.Shape[2] / 2, q.Shape[1]), Chunk);

        public void Run(int index, Span<float> scratch)
        {
            int T = q.Shape[1], N = gates.Shape[2] / 2, b = index / N, head = index % N;
            MLstmShape shape = HeadShape(q, v, N, lengths is null ? T : lengths[b]);
            int K = shape.KeyWidth, V = shape.ValueWidth, keys = b * T * N * K + head * K, values = b * T * N * V + head * V, gate = b * T * 2 * N + head;
            ReadOnlySpan<float> C0 = Part(state?.C, index * K * V, K * V), n0 = Part(state?.N, index * K, K), m0 = Part(state?.M, index, 1);
            ReadOnlySpan<float> dC = Part(next.C.Gradient, index * K * V, K * V), dN = Part(next.N.Gradient, index * K, K), dM = Part(next.M.Gradient, index, 1);
            Span<float> dC0 = Part(state?.C.Gradient, index * K * V, K * V), dN0 = Part(state?.N.Gradient, index * K, K), dM0 = Part(state?.M.Gradient, index, 1);
            ReadOnlySpan<float> qs = Tail(q, keys), ks = Tail(k, keys), vs = Tail(v, values), inputs = Tail(gates, gate), forgets = Tail(gates, gate + N);
            ReadOnlySpan<float> hs = Tail(h, values), dH = Tail(h.Gradient!, values);
            Span<float> dQ = Tail(gradQ, keys), dK = Tail(gradK, keys), dV = Tail(gradV, values);
            Span<float> dInput = Tail(gradGates, gate), dForget = Tail(gradGates, gate + N);
            for (int t = accumulate ? T : shape.Time; t < T; t++)
            {
                dQ.Slice(t * N * K, K).Clear();
                dK.Slice(t * N * K, K).Clear();
                dV.Slice(t * N * V, V).Clear();
                dInput[t * 2 * N] = dForget[t * 2 * N] = 0;
            }
            if (form == MLstmForm.Parallel)
                MLstmParallel.Backward(shape, options, qs, ks, vs, inputs, forgets, C0, n0, m0, hs, dH, dC, dN, dM, dQ, dK, dV, dInput, dForget, dC0, dN0, dM0, accumulate, scratch);
            else
                MLstmChunkwise.Backward(shape, chunk, options, qs, ks, vs, inputs, forgets, C0, n0, m0, hs, dH, dC, dN, dM, dQ, dK, dV, dInput, dForget, dC0, dN0, dM0, accumulate, scratch);
        }
    }

    // From an element to the end; empty where a sequence of length 0 leaves nothing to read.
    private static Span<float> Tail(Tensor tensor, int from) => from >= tensor.Length ? default : tensor.Span[from..];
}
