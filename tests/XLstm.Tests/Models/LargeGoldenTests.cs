using XLstm.Golden;
using XLstm.Kernels;

namespace XLstm.Tests;

public class LargeGoldenTests
{
    public static TheoryData<string> Cases => GoldenCase.Cases("large/");

    /// <summary>The same model as its other files have it: Hugging Face's names, old and new, shards, the other fusion.</summary>
    public static TheoryData<string, string> Layouts => new()
    {
        { "large/large_single", "fused" },
        { "large/large_single", "hf" },
        { "large/large_single", "hf_longnames" },
        { "large/large_single", "hf_sharded" },
        { "large/large_single", "native_sharded" },
        { "large/large_fused_bias", "single" },
        { "large/large_noutnorm_dims", "fused" },
    };

    private static IEnumerable<PassOptions> Forms(bool record)
    {
        foreach (int chunk in (int[])[1, 3, 16, 64])
            yield return new PassOptions(Record: record, Threads: 2, ChunkLength: chunk);
        yield return new PassOptions(Record: record, Threads: 2, Form: MLstmForm.Parallel);
        if (!record)
            yield return new PassOptions(Threads: 2, Form: MLstmForm.Recurrent);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LogitsAndStatesInEveryForm(string path)
    {
        var golden = new GoldenCase(path);
        XLstmLanguageModel model = XLstmLanguageModel.Load(golden.Folder);
        (int[] prompt, int batch) = Tokens(golden, "in.prompt");
        foreach (PassOptions options in Forms(record: false))
        {
            using var pass = new Pass(options);
            (Tensor logits, StackState state) = model.Forward(prompt, batch, null, pass);
            golden.AssertClose("logits", logits.Span);
            AssertState(golden, "state.", state);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void StepsOfABatchAndTheirLastState(string path)
    {
        var golden = new GoldenCase(path);
        XLstmLanguageModel model = XLstmLanguageModel.Load(golden.Folder);
        (int[] prompt, int batch) = Tokens(golden, "in.prompt");
        (float[] logits, StackState state) = InParts(model, prompt, batch, Enumerable.Repeat(1, prompt.Length / batch));
        golden.AssertClose("step.logits", logits);
        AssertState(golden, "step.state.", state);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TwoPartsOfAPrompt(string path)
    {
        var golden = new GoldenCase(path);
        XLstmLanguageModel model = XLstmLanguageModel.Load(golden.Folder);
        (int[] prompt, int batch) = Tokens(golden, "in.prompt");
        int split = golden.Config.GetProperty("split").GetInt32(), T = prompt.Length / batch;
        golden.AssertClose("split.logits", InParts(model, prompt, batch, [split, T - split]).Logits);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void GreedyTokensOfASession(string path)
    {
        var golden = new GoldenCase(path);
        XLstmLanguageModel model = XLstmLanguageModel.Load(golden.Folder);
        (int[] prompt, int batch) = Tokens(golden, "in.prompt");
        (int[] expected, _) = Tokens(golden, "ref.generate.tokens");
        int T = prompt.Length / batch, count = expected.Length / batch;
        var margins = new float[batch * count];
        for (int b = 0; b < batch; b++)
        {
            using Session session = model.CreateSession();
            session.Append(prompt.AsSpan(b * T, T));
            for (int t = 0; t < count; t++)
            {
                float[] logits = session.Logits.ToArray();
                int best = Array.IndexOf(logits, logits.Max());
                Assert.Equal(expected[(b * count) + t], best);
                margins[(b * count) + t] = logits[best] - logits.Where((_, i) => i != best).Max();
                session.Step(best);
            }
        }
        golden.AssertClose("generate.margin", margins);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LossAndGradientsInEveryForm(string path)
    {
        var golden = new GoldenCase(path);
        XLstmLanguageModel model = XLstmLanguageModel.Load(golden.Folder);
        (int[] all, int batch) = Tokens(golden, "in.train_tokens");
        int[][] rows = [.. all.Chunk(all.Length / batch)];
        int[] tokens = [.. rows.SelectMany(r => r[..^1])], labels = [.. rows.SelectMany(r => r[1..])];
        foreach (PassOptions options in Forms(record: true))
        {
            using var pass = new Pass(options);
            model.Parameters.ClearGradients();
            Tensor logits = model.Forward(tokens, batch, null, pass).Logits, loss = Ops.CrossEntropy(pass, logits, labels);
            golden.AssertClose("train.logits", logits.Span);
            golden.AssertClose("train.loss", loss.Span);
            pass.Backward(loss);
            int compared = 0;
            foreach (Parameter parameter in model.Parameters)
            {
                string name = "train.grad.param." + parameter.Name;
                Assert.NotNull(parameter.Gradient);
                golden.AssertClose(name, golden.Doubles("f64." + name), parameter.Gradient.Span, golden.Tolerance(name));
                compared++;
            }
            Assert.Equal(golden.TensorNames.Count(n => n.StartsWith("f64.train.grad.param.", StringComparison.Ordinal)), compared);
        }
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void EveryLayoutIsTheSameModel(string path, string layout)
    {
        var golden = new GoldenCase(path);
        (int[] prompt, int batch) = Tokens(golden, "in.prompt");
        using var pass = new Pass();
        golden.AssertClose("logits", XLstmLanguageModel.Load(Path.Combine(golden.Folder, layout)).Forward(prompt, batch, null, pass).Logits.Span);
    }

    [Fact]
    public void WeightsOfSixteenBits()
    {
        var golden = new GoldenCase("large/large_single");
        (int[] prompt, int batch) = Tokens(golden, "in.prompt");
        using var pass = new Pass();
        golden.AssertClose("bf16weights.logits", XLstmLanguageModel.Load(Path.Combine(golden.Folder, "hf_bf16")).Forward(prompt, batch, null, pass).Logits.Span);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhatIsSavedLoadsAsTheSameModel(string path)
    {
        var golden = new GoldenCase(path);
        (int[] prompt, int batch) = Tokens(golden, "in.prompt");
        using var folder = new TemporaryFolder();
        XLstmLanguageModel model = XLstmLanguageModel.Load(golden.Folder);
        model.Save(folder.Path);
        XLstmLanguageModel again = XLstmLanguageModel.Load(folder.Path);
        Assert.Equal(model.Config, again.Config);
        Assert.Equal(model.Parameters.Select(p => p.ToString()), again.Parameters.Select(p => p.ToString()));
        using Pass one = new(), other = new();
        Assert.Equal(model.Forward(prompt, batch, null, one).Logits.Span, again.Forward(prompt, batch, null, other).Logits.Span);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void PaddedRowsAreEachRowAlone(string path)
    {
        var golden = new GoldenCase(path);
        XLstmLanguageModel model = XLstmLanguageModel.Load(golden.Folder);
        int[] row = Tokens(golden, "in.prompt").Tokens[..15], lengths = [15, 1, 8];
        using Pass together = new(), alone = new();
        (Tensor all, StackState state) = model.Forward([.. row, .. row, .. row], 3, null, together, lengths);
        int V = model.VocabSize;
        for (int b = 0; b < lengths.Length; b++)
        {
            alone.Reset();
            (Tensor one, StackState own) = model.Forward(row[..lengths[b]], 1, null, alone);
            Numbers.Close($"row {b}", one.Span, all.Span.Slice(b * row.Length * V, lengths[b] * V), 1e-5);
            foreach (((string name, Tensor tensor), (_, Tensor whole)) in own.Tensors.Zip(state.Tensors))
                Numbers.Close($"row {b} {name}", tensor.Span, whole.Span.Slice(b * tensor.Length, tensor.Length), 1e-5);
        }
    }

    [Fact]
    public void ANewModelLearns()
    {
        var model = new XLstmLanguageModel(new XLstmLargeConfig(11, 32, 2, 2, WeightMode: "fused"), seed: 1);
        using var trainer = new Pass(PassOptions.ForTraining);
        int[] tokens = [.. Enumerable.Range(0, 64).Select(i => i * i % 11)], labels = [.. tokens[1..], -1];
        float Loss(bool learn)
        {
            trainer.Reset();
            model.Parameters.ClearGradients();
            Tensor loss = Ops.CrossEntropy(trainer, model.Forward(tokens, 1, null, trainer).Logits, labels);
            if (learn)
                trainer.Backward(loss);
            return loss.Item;
        }

        float first = Loss(learn: false);
        for (int step = 0; step < 60; step++)
        {
            Loss(learn: true);
            foreach (Parameter p in model.Parameters)
                for (int i = 0; i < p.Length; i++)
                    p.Span[i] -= 0.2f * p.Gradient!.Span[i];
        }
        Assert.Equal(Math.Log(11), first, 0.5);
        Assert.True(Loss(learn: false) < first / 2, $"{first} to {Loss(learn: false)}");
    }

    private static (float[] Logits, StackState State) InParts(XLstmLanguageModel model, int[] tokens, int batch, IEnumerable<int> parts)
    {
        int T = tokens.Length / batch, from = 0;
        var all = new float[tokens.Length * model.VocabSize];
        using var pass = new Pass();
        StackState? state = null;
        foreach (int count in parts)
        {
            (Tensor logits, state) = model.Forward([.. tokens.Chunk(T).SelectMany(row => row.AsSpan(from, count).ToArray())], batch, state, pass);
            GoldenAssertions.Put(logits, all, T, from);
            from += count;
        }
        return (all, state!.Copy());
    }

    // The reference's kernels scale the queries where ours scale the keys: its C and n are sqrt(K) larger.
    private static void AssertState(GoldenCase golden, string prefix, StackState state)
    {
        int compared = 0;
        for (int i = 0; i < state.Blocks.Count; i++)
            foreach ((string part, Tensor tensor) in state.Blocks[i].Tensors)
            {
                string name = $"{prefix}block{i}.{part}";
                float scale = part == "m" ? 1 : MathF.Sqrt(((MLstmState)state.Blocks[i]).N.Shape.Last);
                golden.AssertClose(name, [.. tensor.Span.ToArray().Select(x => x * scale)]);
                compared++;
            }
        Assert.Equal(golden.TensorNames.Count(n => n.StartsWith("f64." + prefix, StringComparison.Ordinal)), compared);
    }

    private static (int[] Tokens, int Batch) Tokens(GoldenCase golden, string name) => ([.. golden.Longs(name).Select(x => (int)x)], golden.Shape(name)[0]);
}
