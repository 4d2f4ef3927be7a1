using System.Text.Json;

namespace XLstm.Tests;

/// <summary>
/// What a training step, a token and a prompt of the paper package's example cost, counted instead of timed, against
/// tests/testdata/costs.json. A change that is meant to cost more, or less, changes that file, so that a review sees it.
/// </summary>
public class CostTests
{
    private const string Table = "costs.json";
    private const int Batch = 8, Time = 256, Prompt = 1024;
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    private static readonly XLstmLanguageModelConfig s_example = new(
        256, 7, 128, new MLstmBlockConfig(new MLstmLayerConfig()), new SLstmBlockConfig(new SLstmLayerConfig(), new FeedForwardConfig()), [1]);

    [Fact]
    public void Costs_are_those_of_the_table()
    {
        SortedDictionary<string, SortedDictionary<string, long>> now = new(StringComparer.Ordinal)
        {
            ["prompt of 1,024 tokens"] = OfPrompt(),
            ["token"] = OfToken(),
            ["training step"] = OfTraining(),
        };
        string file = TestData.File(Table), json = JsonSerializer.Serialize(now, s_json);
        var before = JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, long>>>(File.ReadAllText(file))!;
        IEnumerable<string> changes =
            from what in now
            from cost in what.Value
            let was = before.GetValueOrDefault(what.Key)?.GetValueOrDefault(cost.Key, -1) ?? -1
            where was != cost.Value
            select $"{what.Key}, {cost.Key}: was {was:N0}, is {cost.Value:N0}";
        string[] all = [.. changes];
        Assert.True(all.Length == 0, $"{string.Join("\n", all)}\nIf that is meant, tests/testdata/{Table} becomes\n{json}");
    }

    /// <summary>The floor of the benchmarks, from the widths of the config alone.</summary>
    [Fact]
    public void Operations_are_those_of_the_formulas()
    {
        const long D = 128, I = 256, N = 4, K = I / N, block = 4, kernel = 4, F = 192, V = 256, L = 64;
        long mlstm = D * 2 * I + I * kernel + 3 * I * block + 2 * N * 3 * I + I * D;
        long cell = N * (L * (L + 1) / 2 * 2 * K + 2 * L * K * K); // a chunk
        long slstm = D * kernel + 4 * D * (D / N) + 4 * D * (D / N) + D * 2 * F + F * D;
        var model = new XLstmLanguageModel(s_example, seed: 1);
        Assert.Equal(Time * (6 * mlstm + slstm + D * V) + 6 * (Time / L) * cell, OperationCount.Forward(model, Time, Time));
        Assert.Equal(3 * Batch * OperationCount.Forward(model, Time, Time), OperationCount.TrainingStep(model, Batch, Time));
    }

    /// <summary>A chunk that is cut off costs what its steps cost; one chunk over all is the parallel form.</summary>
    [Fact]
    public void Operations_of_the_mLSTM_add_up()
    {
        Assert.Equal(OperationCount.MLstm(64, 64, 8, 16) + OperationCount.MLstm(10, 64, 8, 16), OperationCount.MLstm(74, 64, 8, 16));
        Assert.Equal(5 * 6 / 2 * (8 + 16) + 2 * 5 * 8 * 16, OperationCount.MLstm(5, 64, 8, 16));
    }

    private static SortedDictionary<string, long> OfTraining()
    {
        var model = new XLstmLanguageModel(s_example, seed: 1);
        int[] tokens = [.. Enumerable.Range(0, Batch * Time).Select(i => i * 31 % 256)];
        using var pass = new Pass(PassOptions.ForTraining with { Threads = 1 });
        int nodes = 0;
        SortedDictionary<string, long> costs = Count(pass, () =>
        {
            pass.Reset();
            model.Parameters.ClearGradients();
            Tensor loss = Ops.CrossEntropy(pass, model.Forward(tokens, Batch, null, pass).Logits, tokens);
            nodes = pass.TapeLength;
            pass.Backward(loss);
        });
        costs["nodes of the tape"] = nodes;
        costs["multiply-adds"] = OperationCount.TrainingStep(model, Batch, Time);
        return costs;
    }

    private static SortedDictionary<string, long> OfToken()
    {
        var model = new XLstmLanguageModel(s_example, seed: 1);
        using Session session = model.CreateSession(threads: 1);
        SortedDictionary<string, long> costs = Count(session.Pass, () => session.Step(1));
        costs["multiply-adds"] = OperationCount.Forward(model, 1, 1);
        return costs;
    }

    private static SortedDictionary<string, long> OfPrompt()
    {
        var model = new XLstmLanguageModel(s_example, seed: 1);
        int[] tokens = [.. Enumerable.Range(0, Prompt).Select(i => i * 31 % 256)];
        using Session session = model.CreateSession(threads: 1);
        SortedDictionary<string, long> costs = Count(session.Pass, () => session.Append(tokens));
        costs["multiply-adds"] = OperationCount.Forward(model, Prompt, 1);
        return costs;
    }

    // Of the third time: the first ones fill pools and let lists grow.
    private static SortedDictionary<string, long> Count(Pass pass, Action act)
    {
        act();
        act();
        (long runs, long pieces) = pass.Workers.Done;
        long rents = pass.Rents, allocated = GC.GetAllocatedBytesForCurrentThread();
        act();
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        return new(StringComparer.Ordinal)
        {
            ["bytes allocated"] = allocated,
            ["bytes of tensors held"] = pass.HeldBytes,
            ["runs of the workers"] = pass.Workers.Done.Runs - runs,
            ["pieces of work"] = pass.Workers.Done.Pieces - pieces,
            ["tensors rented"] = pass.Rents - rents,
        };
    }
}
