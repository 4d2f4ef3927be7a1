namespace XLstm.Tests;

public class ThreadTests
{
    /// <summary>Logits, states, loss and every gradient, of a batch that is cut into several pieces in every operation.</summary>
    [Theory]
    [InlineData(MLstmForm.Chunkwise)]
    [InlineData(MLstmForm.Parallel)]
    public void NumberOfThreadsChangesNoBit(MLstmForm form)
    {
        XLstmLanguageModel model = TestModels.Model(tied: true, dropout: 0.1f);
        const int B = 9, T = 33;
        int[] lengths = [33, 1, 0, 7, 33, 20, 2, 3, 31];
        int[] labels = TestModels.Tokens(B * T, seed: 2);
        for (int b = 0; b < B; b++)
            labels.AsSpan(b * T + lengths[b], T - lengths[b]).Fill(-1);

        List<(string Name, float[] Values)> Learn(int threads)
        {
            foreach (Parameter parameter in model.Parameters)
                parameter.Gradient = null;
            using var pass = new Pass(new PassOptions(true, true, threads, Seed: 5, form, ChunkLength: 8));
            (Tensor logits, StackState state) = model.Forward(TestModels.Tokens(B * T), B, null, pass, lengths);
            Tensor loss = Ops.CrossEntropy(pass, logits, labels);
            List<(string, float[])> results = [("logits", logits.Span.ToArray()), ("loss", loss.Span.ToArray()), .. state.Tensors.Select(t => (t.Name, t.Tensor.Span.ToArray()))];
            pass.Backward(loss);
            results.AddRange(model.Parameters.Select(p => (p.Name, p.Gradient!.Span.ToArray())));
            return results;
        }

        List<(string Name, float[] Values)> one = Learn(1);
        foreach (int threads in (int[])[2, 3, 8])
            foreach ((var expected, var actual) in one.Zip(Learn(threads)))
                Numbers.SameBits($"{expected.Name} with {threads} threads", expected.Values, actual.Values);
    }

    /// <summary>The largest operations, cut into many pieces at widths that no vector length divides.</summary>
    [Fact]
    public void WideLayersChangeNoBit()
    {
        const int B = 2, T = 150, D = 76;
        var config = new XLstmStackConfig(
            2, D, new MLstmBlockConfig(new MLstmLayerConfig(NumHeads: 4, ProjFactor: 2, QkvProjBlocksize: 4, RoundProjUpToMultipleOf: 4)),
            new SLstmBlockConfig(new SLstmLayerConfig(NumHeads: 4), new FeedForwardConfig(RoundProjUpToMultipleOf: 4)), [1]);
        var parameters = new ParameterSet(seed: 3);
        var stack = new XLstmStack(parameters.Root, config);
        TestModels.Shake(parameters);
        Tensor x = TestModels.Input(B, T, D), g = TestModels.Input(B, T, D, seed: 2);
        x.RequiresGradient = true;

        List<float[]> Learn(int threads)
        {
            foreach (Tensor tensor in parameters.Append(x))
                tensor.Gradient = null;
            using var pass = new Pass(new PassOptions(Record: true, Threads: threads));
            Tensor y = stack.Forward(x, null, pass).Output;
            pass.Backward(Ops.Multiply(pass, y, g));
            return [y.Span.ToArray(), .. parameters.Append(x).Select(p => p.Gradient!.Span.ToArray())];
        }

        List<float[]> one = Learn(1);
        foreach (int threads in (int[])[2, 3, 8])
            foreach ((float[] expected, float[] actual) in one.Zip(Learn(threads)))
                Numbers.SameBits($"{threads} threads", expected, actual);
    }
}
