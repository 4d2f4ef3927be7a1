using XLstm.Kernels;

namespace XLstm.Tests;

/// <summary>However a sequence is cut, padded, batched or stepped through, it gives the same numbers.</summary>
public class SequenceLawTests
{
    public static TheoryData<string> Stacks => TestModels.StackNames;

    [Theory]
    [MemberData(nameof(Stacks))]
    public void TwoSegmentsAreTheWhole(string name)
    {
        XLstmStack stack = TestModels.Stack(name, out _);
        foreach (PassOptions options in TestModels.Forms)
            foreach ((int T, int cut) in (ReadOnlySpan<(int, int)>)[(1, 0), (1, 1), (2, 1), (3, 1), (3, 2), (5, 0), (5, 2), (5, 5), (9, 1), (9, 8), (21, 3), (21, 18), (70, 33)])
            {
                using var pass = new Pass(options);
                Tensor x = TestModels.Input(2, T, seed: (ulong)T);
                (Tensor whole, StackState end) = stack.Forward(x, null, pass);
                var y = new float[x.Length];
                (Tensor first, StackState middle) = stack.Forward(GoldenAssertions.Segment(pass, x, 0, cut), null, pass);
                (Tensor second, StackState last) = stack.Forward(GoldenAssertions.Segment(pass, x, cut, T - cut), middle, pass);
                GoldenAssertions.Put(first, y, T, 0);
                GoldenAssertions.Put(second, y, T, cut);
                Numbers.Close($"{options.Form} {options.ChunkLength}, {cut} of {T}", whole.Span, y);
                TestModels.Close($"{options.Form} {options.ChunkLength}, {cut} of {T}", end, last);
            }
    }

    /// <summary>Long sequences are read in parts where nobody looks back; a length for each row says that they are not.</summary>
    [Theory]
    [MemberData(nameof(Stacks))]
    public void LongSequencesAreTheSameAtOnce(string name)
    {
        XLstmStack stack = TestModels.Stack(name, out _);
        const int T = 4100;
        using var pass = new Pass();
        Tensor x = TestModels.Input(2, T);
        (Tensor once, StackState end) = stack.Forward(x, null, pass, [T, T]);
        (Tensor parts, StackState last) = stack.Forward(x, null, pass);
        Numbers.Close(name, once.Span, parts.Span);
        TestModels.Close(name, end, last);
        (_, StackState further) = stack.Forward(x, last, pass);
        (_, StackState furtherAtOnce) = stack.Forward(x, end, pass, [T, T]);
        TestModels.Close(name, furtherAtOnce, further);
    }

    /// <summary>Asked for some positions only, a stack gives what it has there, and the state that it has anyway.</summary>
    [Theory]
    [MemberData(nameof(Stacks))]
    public void PickedPositionsAreThoseOfTheWhole(string name)
    {
        XLstmStack stack = TestModels.Stack(name, out _);
        const int T = 19;
        int[] lengths = [19, 7, 1];
        using var pass = new Pass();
        Tensor x = TestModels.Input(3, T);
        (Tensor whole, StackState end) = stack.Forward(x, null, pass, lengths);
        (Tensor last, StackState state) = stack.Forward(x, null, pass, lengths, y => Ops.Last(pass, y, lengths));
        Assert.Equal(new Shape(3, x.Shape.Last), last.Shape);
        Numbers.Close(name, Ops.Last(pass, whole, lengths).Span, last.Span);
        TestModels.Close(name, end, state);
    }

    [Theory]
    [MemberData(nameof(Stacks))]
    public void StepsAreTheSequence(string name)
    {
        XLstmStack stack = TestModels.Stack(name, out _);
        const int T = 19;
        using var pass = new Pass();
        Tensor x = TestModels.Input(3, T);
        (Tensor whole, StackState end) = stack.Forward(x, null, pass);
        foreach (bool fromNothing in (bool[])[true, false])
        {
            StackState? state = fromNothing ? null : stack.CreateState(3);
            var y = new float[x.Length];
            for (int t = 0; t < T; t++)
            {
                (Tensor output, state) = stack.Forward(GoldenAssertions.Step(pass, x, t), state, pass);
                GoldenAssertions.Put(output, y, T, t);
            }
            Numbers.Close(name, whole.Span, y);
            TestModels.Close(name, end, state!);
        }
    }

    [Theory]
    [MemberData(nameof(Stacks))]
    public void FormsAgree(string name)
    {
        XLstmStack stack = TestModels.Stack(name, out _);
        Tensor x = TestModels.Input(2, 37);
        using var reference = new Pass(new PassOptions(Form: MLstmForm.Recurrent));
        (Tensor y, StackState end) = stack.Forward(x, null, reference);
        foreach (PassOptions options in TestModels.Forms)
        {
            using var pass = new Pass(options);
            (Tensor other, StackState otherEnd) = stack.Forward(x, null, pass);
            Numbers.Close($"{options.Form} {options.ChunkLength}", y.Span, other.Span);
            TestModels.Close($"{options.Form} {options.ChunkLength}", end, otherEnd);
        }
    }

    /// <summary>Outputs, last states and all gradients, with rows of length 0 and of a fresh and a continued state.</summary>
    [Theory]
    [MemberData(nameof(Stacks))]
    public void PaddedRowsAreEachRowAlone(string name)
    {
        XLstmStack stack = TestModels.Stack(name, out ParameterSet parameters);
        int[] lengths = [7, 0, 11, 1, 2];
        const int T = 11;
        StackState start = Started(stack, lengths.Length);
        foreach (StackState? state in (StackState?[])[null, start])
            foreach (PassOptions options in TestModels.Forms.Where(f => f.Form != MLstmForm.Recurrent).Select(f => f with { Record = true }))
            {
                Tensor x = TestModels.Input(lengths.Length, T), g = TestModels.Input(lengths.Length, T, seed: 2);
                for (int b = 0; b < lengths.Length; b++)
                    g.Span.Slice((b * T + lengths[b]) * TestModels.Width, (T - lengths[b]) * TestModels.Width).Clear();
                parameters.ClearGradients();
                (float[] y, StackState end, float[] dx) = Learn(stack, x, g, state, options, lengths);
                List<float[]> gradients = [.. parameters.Select(p => p.Gradient!.Span.ToArray())];

                parameters.ClearGradients();
                for (int b = 0; b < lengths.Length; b++)
                {
                    int count = lengths[b] * TestModels.Width, from = b * T * TestModels.Width;
                    Tensor Alone(Tensor t) => new(new Shape(1, lengths[b], TestModels.Width), t.Span.Slice(from, count).ToArray());
                    (float[] yAlone, StackState endAlone, float[] dxAlone) = Learn(stack, Alone(x), Alone(g), state is null ? null : TestModels.Row(state, b), options, null);
                    Numbers.Close($"row {b}", yAlone, y.AsSpan(from, count));
                    Numbers.Close($"gradient of row {b}", dxAlone, dx.AsSpan(from, count));
                    Numbers.SameBits($"gradient past row {b}", new float[T * TestModels.Width - count], dx.AsSpan(from + count, T * TestModels.Width - count));
                    TestModels.Close($"state of row {b}", endAlone, TestModels.Row(end, b));
                }
                foreach ((Parameter parameter, float[] expected) in parameters.Zip(gradients))
                    Numbers.Close(parameter.Name, parameter.Gradient!.Span, expected);
            }
    }

    // Row 0 stands at the start, the others have seen something.
    private static StackState Started(XLstmStack stack, int batch)
    {
        using var pass = new Pass();
        int[] seen = [.. Enumerable.Range(0, batch).Select(b => Math.Min(b, 3))];
        return stack.Forward(TestModels.Input(batch, 3, seed: 9), null, pass, seen).State.Copy();
    }

    private static (float[] Y, StackState End, float[] Dx) Learn(XLstmStack stack, Tensor x, Tensor g, StackState? state, PassOptions options, int[]? lengths)
    {
        using var pass = new Pass(options);
        x = x.Clone();
        x.RequiresGradient = true;
        (Tensor y, StackState end) = stack.Forward(x, state, pass, lengths);
        pass.Backward(Ops.Multiply(pass, y, g));
        return (y.Span.ToArray(), end.Copy(), x.Gradient!.Span.ToArray());
    }

    [Fact]
    public void LanguageModelInSegmentsAndPadded()
    {
        XLstmLanguageModel model = TestModels.Model();
        int[] lengths = [6, 0, 9];
        const int T = 9;
        int V = model.Config.VocabSize;
        int[] tokens = TestModels.Tokens(3 * T);
        using var pass = new Pass(new PassOptions(ChunkLength: 4));
        (Tensor logits, StackState end) = model.Forward(tokens, 3, null, pass, lengths);
        for (int b = 0; b < 3; b++)
        {
            int[] row = tokens[(b * T)..(b * T + lengths[b])];
            int cut = row.Length / 2;
            (Tensor first, StackState middle) = model.Forward(row[..cut], 1, null, pass);
            (Tensor second, StackState last) = model.Forward(row[cut..], 1, middle, pass);
            float[] alone = [.. first.Span, .. second.Span];
            Numbers.Close($"row {b}", alone, logits.Span.Slice(b * T * V, alone.Length));
            TestModels.Close($"row {b}", last, TestModels.Row(end, b));
        }
    }

    /// <summary>The operation passes over the heads stretch by stretch; each is the same, bit for bit, in one piece.</summary>
    [Theory]
    [InlineData(64)]
    [InlineData(48)]
    public void StretchesOfAnMLstmAreOnePiece(int chunkLength)
    {
        int[] lengths = [600, 0, 256, 289];
        const int T = 600, N = 2, K = 3, V = 5;
        using var pass = new Pass(new PassOptions(ChunkLength: chunkLength));
        Tensor Random(int width, int seed)
        {
            var random = new Random(seed);
            var tensor = new Tensor(new Shape(lengths.Length, T, width));
            foreach (ref float x in tensor.Span)
                x = random.NextSingle() - 0.5f;
            return tensor;
        }
        Tensor q = Random(N * K, 1), k = Random(N * K, 2), v = Random(N * V, 3), gates = Random(2 * N, 4);
        (Tensor h, MLstmState state) = Ops.MLstm(pass, q, k, v, gates, null, MLstmOptions.Default, lengths);
        for (int b = 0; b < lengths.Length; b++)
            for (int head = 0; head < N; head++)
            {
                var shape = new MLstmShape(lengths[b], K, V, N * K, N * V, 2 * N);
                float[] C = new float[K * V], n = new float[K], m = new float[1], expected = new float[T * N * V];
                MLstmChunkwise.Forward(
                    shape, chunkLength, MLstmOptions.Default, q.Span[(b * T * N * K + head * K)..], k.Span[(b * T * N * K + head * K)..], v.Span[(b * T * N * V + head * V)..],
                    gates.Span[(b * T * 2 * N + head)..], gates.Span[(b * T * 2 * N + N + head)..], false, C, n, m, expected, new float[MLstmChunkwise.ForwardScratchLength(shape, chunkLength)]);
                int index = b * N + head;
                for (int t = 0; t < T; t++)
                    Numbers.SameBits($"h of row {b}, head {head}, step {t}", expected.AsSpan(t * N * V, V), h.Span.Slice((b * T + t) * N * V + head * V, V));
                Numbers.SameBits($"C of row {b}, head {head}", C, state.C.Span.Slice(index * K * V, K * V));
                Numbers.SameBits($"n of row {b}, head {head}", n, state.N.Span.Slice(index * K, K));
                Numbers.SameBits($"m of row {b}, head {head}", m, state.M.Span.Slice(index, 1));
            }
    }

    [Theory]
    [MemberData(nameof(Stacks))]
    public void RecordingChangesNoBit(string name)
    {
        XLstmStack stack = TestModels.Stack(name, out _);
        Tensor x = TestModels.Input(3, 13);
        foreach (PassOptions options in TestModels.Forms.Where(f => f.Form != MLstmForm.Recurrent))
        {
            using var plain = new Pass(options);
            using var recording = new Pass(options with { Record = true });
            (Tensor y, StackState end) = stack.Forward(x, null, plain, [13, 5, 0]);
            (Tensor recorded, StackState recordedEnd) = stack.Forward(x, null, recording, [13, 5, 0]);
            Numbers.SameBits(name, y.Span, recorded.Span);
            foreach ((var a, var b) in end.Tensors.Zip(recordedEnd.Tensors))
                Numbers.SameBits(a.Name, a.Tensor.Span, b.Tensor.Span);
        }
    }

    [Theory]
    [InlineData("slstm")]
    [InlineData("slstm as in the paper")]
    public void SLstmBlocksAreMadeOfTheirParts(string name)
    {
        var block = (SLstmBlock)TestModels.Stack(name, out _).Blocks[0];
        Assert.Equal(name != "slstm", block.FollowsPaper);
        Assert.Equal(block.FollowsPaper, block.FeedForwardNorm is null);
        using var pass = new Pass();
        Tensor x = TestModels.Input(2, 5);
        Tensor cell = block.Layer(block.InputNorm.Forward(x, pass), null, pass).Output, first = Ops.Add(pass, x, cell);
        Tensor expected = block.FollowsPaper
            ? Ops.Add(pass, x, block.FeedForward!.Forward(cell, pass))
            : Ops.Add(pass, first, block.FeedForward!.Forward(block.FeedForwardNorm!.Forward(first, pass), pass));
        Numbers.SameBits(name, expected.Span, block.Forward(x, null, pass).Output.Span);
    }

    [Fact]
    public void WrongStatesAndLengthsAreNamed()
    {
        XLstmStack stack = TestModels.Stack("mixed", out _), other = TestModels.Stack("mlstm", out _);
        using var pass = new Pass();
        Tensor x = TestModels.Input(2, 4);
        Assert.Contains("3", Assert.Throws<ArgumentException>(() => stack.Forward(x, other.CreateState(2), pass)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => stack.Forward(x, stack.CreateState(3), pass));
        Assert.Throws<ArgumentException>(() => stack.Forward(x, new StackState([.. stack.CreateState(2).Blocks.Reverse().Skip(1), stack.CreateState(2).Blocks[1]]), pass));
        foreach (string name in TestModels.StackNames.Select(d => d.Data))
        {
            XLstmStack each = TestModels.Stack(name, out _);
            Assert.Contains("5", Assert.Throws<ArgumentOutOfRangeException>(() => each.Forward(x, null, pass, [1, 5])).Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentOutOfRangeException>(() => each.Forward(x, null, pass, [-1, 2]));
            Assert.Throws<ArgumentException>(() => each.Forward(x, null, pass, [1]));
            Assert.Throws<ArgumentException>(() => each.Forward(TestModels.Input(2, 4, TestModels.Width + 1), null, pass));
        }
        Assert.Throws<InvalidOperationException>(() =>
        {
            using var recurrent = new Pass(new PassOptions(Record: true, Form: MLstmForm.Recurrent));
            other.Forward(x, null, recurrent);
        });
    }
}
